"""Wiring: the models' home, the system checks, and our mixins in front of the shop's checkout views."""

from __future__ import annotations

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class PingPaymentsConfig(AppConfig):
    """The app that a shop lists after Oscar's own in ``INSTALLED_APPS``."""

    name = "oscar_pingpayments"
    label = "pingpayments"
    verbose_name = _("Ping Payments")
    default = True
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Register the checks and, unless the shop does it itself, compose the checkout views."""
        from oscar.apps.order.signals import order_status_changed

        from . import checks  # noqa: F401
        from .conf import wants_wiring
        from .facade.overtaking import status_changed

        order_status_changed.connect(status_changed, dispatch_uid="pingpayments")

        if wants_wiring():
            from . import checkout

            checkout.wire()
