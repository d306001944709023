"""Putting our pages into the shop's dashboard, whether it is Oscar's own or a fork."""

from __future__ import annotations

from typing import Any

from django.apps import apps
from django.conf import settings as django_settings
from django.urls import include, path

from .navigation import with_entry
from .order_page import OrderPaymentMixin

PREFIX = "payments/"


def mount(ours: Any) -> None:
    """Add our addresses to those of Oscar's dashboard, and an entry to its navigation.

    Called when the apps are ready, before any URL configuration is read. The shop's own addresses come
    first, and an entry that it has written down itself is the only one.
    """
    dashboard: Any = apps.get_app_config("dashboard")
    own = dashboard.get_urls

    def get_urls() -> list[Any]:
        return [*own(), path(PREFIX, include(ours.urls[0]))]

    dashboard.get_urls = get_urls
    settings: Any = django_settings
    settings.OSCAR_DASHBOARD_NAVIGATION = with_entry(settings.OSCAR_DASHBOARD_NAVIGATION)


def compose_order_page() -> None:
    """Put our mixin in front of the view of Oscar's order page, whichever it is.

    Oscar's app must be listed before ours, or it has no view yet; a system check says so.
    """
    config: Any = apps.app_configs.get("orders_dashboard")
    view = getattr(config, "order_detail_view", None)
    if view is None or issubclass(view, OrderPaymentMixin):
        return
    config.order_detail_view = type(view.__name__, (OrderPaymentMixin, view), {"__module__": view.__module__})
