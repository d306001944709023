"""A shop that writes the wiring down in its own checkout and nowhere else, without our dashboard."""

from __future__ import annotations

from tests.settings import *  # noqa: F403
from tests.settings import INSTALLED_APPS, PINGPAYMENTS
from tests.shops.swapping import swap

INSTALLED_APPS = swap(INSTALLED_APPS, "written_down", "checkout")
INSTALLED_APPS.remove("oscar_pingpayments.dashboard")
PINGPAYMENTS = {**PINGPAYMENTS, "AUTO_WIRE": False, "OTHER_METHODS": {"invoice": "Invoice"}}
