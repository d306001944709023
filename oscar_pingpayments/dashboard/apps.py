"""Wiring: our pages into Oscar's dashboard, its navigation and its order page, by being listed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.apps import apps
from django.core.exceptions import ImproperlyConfigured
from django.utils.translation import gettext_lazy as _
from oscar.core.application import OscarDashboardConfig


class PingPaymentsDashboardConfig(OscarDashboardConfig):  # type: ignore[misc]
    """The app that a shop lists after Oscar's own and ``oscar_pingpayments``. It has no models."""

    name = "oscar_pingpayments.dashboard"
    label = "pingpayments_dashboard"
    verbose_name = _("Ping Payments dashboard")
    default = True

    #: The pages, once they are wired.
    routes: Sequence[Any] = ()

    def ready(self) -> None:
        """Say who may see which page, and put the pages where staff find them."""
        if not apps.is_installed("oscar_pingpayments"):
            raise ImproperlyConfigured(
                'INSTALLED_APPS lists "oscar_pingpayments.dashboard" without "oscar_pingpayments".'
            )
        if "dashboard" not in apps.app_configs:
            return  # there is nothing to put them into; a system check says so
        from . import wiring
        from .routes import ROUTES

        self.routes = ROUTES
        self.permissions_map = {route.name: route.permissions for route in ROUTES}
        wiring.mount(self)
        wiring.compose_order_page()

    def get_urls(self) -> list[Any]:
        """Return the addresses, each asking for its permissions."""
        patterns: list[Any] = self.post_process_urls([route.pattern() for route in self.routes])
        return patterns
