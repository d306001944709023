"""A shop that puts every request into one transaction, and whose own view may fail."""

from __future__ import annotations

from tests.settings import *  # noqa: F403
from tests.settings import DATABASES, INSTALLED_APPS, PINGPAYMENTS
from tests.shops.swapping import swap

INSTALLED_APPS = swap(INSTALLED_APPS, "atomic", "checkout")
DATABASES = {"default": {**DATABASES["default"], "ATOMIC_REQUESTS": True}}
PINGPAYMENTS = {**PINGPAYMENTS, "OTHER_METHODS": {"invoice": "Invoice"}}
