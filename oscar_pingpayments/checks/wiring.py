"""Whether our steps stand in the shop's checkout.

A plugin that is listed and not wired is the worst of all faults: stock Oscar then places orders that
nobody has paid, and says nothing.
"""

from __future__ import annotations

from typing import Any

from django.apps import apps
from django.core.checks import CheckMessage, register
from django.urls import NoReverseMatch, Resolver404

from .. import conf
from .lookup import lookup
from .messages import TAG, error, warning


@register(TAG)
def check_app_order(**_: Any) -> list[CheckMessage]:
    """Require that Oscar's apps are listed before ours, whose views we compose when the apps are ready."""
    if not conf.wants_wiring() or _is_listed_after_oscar():
        return []
    return [
        error(
            21,
            "oscar_pingpayments is listed before Oscar's apps, so it is not in the checkout: "
            "orders would be placed that nobody has paid.",
            'Move "oscar_pingpayments" to the end of INSTALLED_APPS.',
        )
    ]


@register(TAG)
def check_checkout(**_: Any) -> list[CheckMessage]:
    """Look at the views that the checkout's addresses lead to, whoever named them."""
    from ..checkout import PaymentDetailsMixin, ThankYouMixin

    if conf.wants_wiring() and not _is_listed_after_oscar():
        return []  # said already, with what to do about it
    try:
        preview = _view_class("checkout:preview")
        thank_you = _view_class("checkout:thank-you")
    except (NoReverseMatch, Resolver404):
        return [
            error(
                22,
                "The shop has no address named checkout:preview or checkout:thank-you: nobody can buy here.",
                "Add to the urlpatterns of your ROOT_URLCONF: "
                'path("", include(apps.get_app_config("oscar").urls[0]))',
            )
        ]
    found: list[CheckMessage] = []
    if not _is_a(preview, PaymentDetailsMixin):
        found.append(
            error(
                23,
                "The checkout's preview page is not ours: orders would be placed that nobody has paid.",
                "Your checkout app names its own view in get_urls(). Put our mixin in front of it: "
                "class PaymentDetailsView(oscar_pingpayments.checkout.PaymentDetailsMixin, ...).",
            )
        )
    if not _is_a(thank_you, ThankYouMixin):
        found.append(
            warning(
                24,
                "The checkout's thank-you page is not ours: it would thank for orders that are not paid yet.",
                "Put our mixin in front of your view: "
                "class ThankYouView(oscar_pingpayments.checkout.ThankYouMixin, ...).",
            )
        )
    return found


def _is_listed_after_oscar() -> bool:
    order = list(apps.app_configs)
    return all(
        order.index(label) < order.index("pingpayments")
        for label in ("checkout", "basket", "customer")
        if label in order
    )


def _view_class(name: str) -> object:
    return getattr(lookup(name).func, "view_class", None)


def _is_a(view_class: object, mixin: type) -> bool:
    return isinstance(view_class, type) and issubclass(view_class, mixin)
