"""A Swedish shop: two rates of VAT, paid delivery, and surcharges."""

from __future__ import annotations

from tests.settings import *  # noqa: F403
from tests.settings import INSTALLED_APPS
from tests.shops.swapping import swap

INSTALLED_APPS = swap(INSTALLED_APPS, "taxed", "checkout", "partner", "shipping")
