"""Whether staff can reach our pages in Oscar's dashboard, where the shop lists them."""

from __future__ import annotations

from typing import Any

from django.apps import apps
from django.core.checks import CheckMessage, register
from django.urls import NoReverseMatch, Resolver404

from .lookup import lookup
from .messages import TAG, warning

_LABEL = "pingpayments_dashboard"
_OSCARS = frozenset({"dashboard", "orders_dashboard"})


@register(TAG)
def check_dashboard(**_: Any) -> list[CheckMessage]:
    """Look for the dashboard that our pages are put into, and for their address in it."""
    if _LABEL not in apps.app_configs:
        return []
    order = list(apps.app_configs)
    if not _OSCARS.issubset(order):
        return [
            warning(
                26,
                "oscar_pingpayments.dashboard is listed without Oscar's dashboard, in which its pages are.",
                "List Oscar's dashboard apps in INSTALLED_APPS, or take oscar_pingpayments.dashboard out.",
            )
        ]
    if order.index(_LABEL) < max(order.index(label) for label in _OSCARS):
        return [
            warning(
                25,
                "oscar_pingpayments.dashboard is listed before Oscar's dashboard apps: Oscar's page of an "
                "order does not show how its payment stands.",
                'Move "oscar_pingpayments.dashboard" to the end of INSTALLED_APPS.',
            )
        ]
    if _exists("dashboard:index") and not _exists("dashboard:payments-list"):
        return [
            warning(
                27,
                "The dashboard has no address named dashboard:payments-list: staff do not find the payments.",
                "Your dashboard's addresses do not come from its app config. Include them: "
                'path("dashboard/", apps.get_app_config("dashboard").urls).',
            )
        ]
    return []


def _exists(name: str) -> bool:
    try:
        lookup(name)
    except (NoReverseMatch, Resolver404):
        return False
    return True
