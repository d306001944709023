"""A shop with a second payment plugin beside ours, and with a choice of the method of its own."""

from __future__ import annotations

from tests.settings import *  # noqa: F403
from tests.settings import INSTALLED_APPS
from tests.shops.swapping import swap

INSTALLED_APPS = [*swap(INSTALLED_APPS, "plugin", "checkout"), "tests.shops.plugin.barter"]
