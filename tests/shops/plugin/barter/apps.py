"""Another payment plugin, which puts itself in front of the checkout's view as we do."""

from __future__ import annotations

from django.apps import AppConfig, apps


class BarterConfig(AppConfig):
    name = "tests.shops.plugin.barter"

    def ready(self):
        from .views import BarterMixin

        checkout = apps.get_app_config("checkout")
        view = checkout.payment_details_view
        checkout.payment_details_view = type(view.__name__, (BarterMixin, view), {})
