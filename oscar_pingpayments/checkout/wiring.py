"""Putting our mixins in front of the shop's view classes, whichever they are."""

from __future__ import annotations

from django.apps import apps

from .methods import PaymentMethodMixin
from .notices import UnfinishedPaymentMixin
from .placing import PaymentDetailsMixin
from .thanks import ThankYouMixin

#: App label, the attribute in which its config keeps a view class, and what stands in front of it.
WIRING = (
    ("checkout", "payment_details_view", PaymentDetailsMixin),
    ("checkout", "thankyou_view", ThankYouMixin),
    ("basket", "summary_view", UnfinishedPaymentMixin),
    ("customer", "order_history_view", UnfinishedPaymentMixin),
    ("customer", "order_detail_view", UnfinishedPaymentMixin),
    ("customer", "anon_order_detail_view", UnfinishedPaymentMixin),
)


def wire() -> None:
    """Compose the mixins. Called when the apps are ready, before any URL configuration is read.

    A view class that has its mixin already, because the shop wrote it down, is left alone. Oscar's apps
    must be listed before ours, or their configs have no view classes yet; a system check says so.
    """
    for label, attribute, mixin in WIRING:
        _compose(label, attribute, mixin)
    from oscar.apps.checkout.views import PaymentMethodView

    view = getattr(apps.get_app_config("checkout"), "payment_method_view", None)
    if view is not None and view.get is PaymentMethodView.get:
        _compose("checkout", "payment_method_view", PaymentMethodMixin)


def _compose(label: str, attribute: str, mixin: type) -> None:
    if label not in apps.app_configs:
        return
    config = apps.get_app_config(label)
    view = getattr(config, attribute, None)
    if view is None or issubclass(view, mixin):
        return
    setattr(config, attribute, type(view.__name__, (mixin, view), {"__module__": view.__module__}))
