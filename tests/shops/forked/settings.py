"""A shop with forks of checkout, partner and dashboard, tax in the checkout, and a login for everybody."""

from __future__ import annotations

from pathlib import Path

from tests.settings import *  # noqa: F403
from tests.settings import INSTALLED_APPS, TEMPLATES
from tests.shops.swapping import swap

OSCARS = "oscar.apps.dashboard.orders.apps.OrdersDashboardConfig"
OWN = "tests.shops.forked.dashboard.orders.apps.OrdersDashboardConfig"
INSTALLED_APPS = [
    OWN if app == OSCARS else app
    for app in swap(INSTALLED_APPS, "forked", "checkout", "partner", "dashboard")
]
TEMPLATES = [{**TEMPLATES[0], "DIRS": [Path(__file__).parent / "templates"]}]
OSCAR_ALLOW_ANON_CHECKOUT = False
