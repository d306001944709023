"""The payment-method step: which methods an order can be paid with, and the payer's choice."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

from django import forms
from django.apps import apps
from django.http import HttpRequest, HttpResponse
from django.utils.functional import cached_property
from django.utils.translation import gettext_lazy as _

from .. import conf, facade, ledger
from ..exceptions import MoneyError

logger = logging.getLogger(__name__)

#: The code of our method in Oscar's checkout session, and of the source type that its money comes from.
METHOD = ledger.CODE


def available_methods(total: Any) -> dict[str, Any]:
    """Return the methods that an order of this total can be paid with: code -> label.

    ``total`` is Oscar's price. Card is left out where the currency or the amount cannot be paid by card.
    """
    methods = {METHOD: label_of(METHOD)} if is_payable(total) else {}
    return methods | dict(conf.get_settings().other_methods)


def is_payable(total: Any) -> bool:
    """Whether Oscar's price can be paid by card; why not is logged for the shop.

    In a shop that adds tax on the preview alone it is not known before; then the currency decides.
    """
    try:
        facade.check_payable(total.incl_tax if total.is_tax_known else Decimal(1), total.currency)
    except MoneyError as error:
        logger.warning("An order cannot be paid by card", extra={"reason": str(error)})
        return False
    return True


def is_card(chosen: str | None) -> bool:
    """Whether the chosen method is ours. No choice means card only where nothing else could be chosen."""
    if chosen is not None:
        return chosen == METHOD
    if asks_here():
        return not conf.get_settings().other_methods
    return asks_nowhere()


def is_known(chosen: str | None) -> bool:
    """Whether the chosen method is one of those that our step offers."""
    return is_card(chosen) or chosen in conf.get_settings().other_methods


def label_of(chosen: str | None) -> Any:
    """Return what the payer calls a method of ours."""
    return _("Card") if is_card(chosen) else conf.get_settings().other_methods[str(chosen)]


def asks_here() -> bool:
    """Whether the shop's payment-method step is ours."""
    return issubclass(_view(), PaymentMethodMixin)


def asks_nowhere() -> bool:
    """Whether the shop's payment-method step is still Oscar's own, which asks nothing."""
    from oscar.apps.checkout.views import PaymentMethodView

    return _view().get is PaymentMethodView.get


def _view() -> Any:
    checkout: Any = apps.get_app_config("checkout")
    return checkout.payment_method_view


class PaymentMethodForm(forms.Form):
    """The choice between the methods that an order can be paid with."""

    method = forms.ChoiceField(label=_("How do you want to pay?"), widget=forms.RadioSelect)

    def __init__(self, *args: Any, methods: Mapping[str, Any], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["method"].choices = list(methods.items())  # type: ignore[attr-defined]


class PaymentMethodMixin:
    """Oscar's payment-method step, which is empty, as a choice.

    For a view with Oscar's ``CheckoutSessionMixin``. It is composed where the shop still has Oscar's own
    view; a shop with a choice of its own calls ``checkout_session.pay_by(METHOD)`` there.
    """

    template_name = "oscar_pingpayments/checkout/payment_method.html"
    checkout_session: Any
    build_submission: Callable[..., dict[str, Any]]
    get_context_data: Callable[[], dict[str, Any]]
    get_success_response: Callable[[], HttpResponse]
    render_to_response: Callable[[dict[str, Any]], HttpResponse]

    @classmethod
    def pingpayments_offers_others(cls) -> bool:
        """Whether anything but card can be chosen here: asked by the pages of orders that are not paid."""
        return bool(conf.get_settings().other_methods)

    @cached_property
    def methods(self) -> dict[str, Any]:
        """What can be chosen for this order."""
        return available_methods(self.build_submission()["order_total"])

    def get(self, request: HttpRequest, *args: object, **kwargs: object) -> HttpResponse:
        """Show the choice; pass over it where there is only one and the shop asks for that."""
        if len(self.methods) == 1 and conf.get_settings().skip_single_method:
            self.checkout_session.pay_by(next(iter(self.methods)))
            return self.get_success_response()
        chosen = self.checkout_session.payment_method()
        if chosen not in self.methods:
            chosen = next(iter(self.methods), None)
        return self._show(PaymentMethodForm(methods=self.methods, initial={"method": chosen}))

    def post(self, request: HttpRequest, *args: object, **kwargs: object) -> HttpResponse:
        """Keep the choice, and go on."""
        form = PaymentMethodForm(request.POST, methods=self.methods)
        if not form.is_valid():
            return self._show(form)
        self.checkout_session.pay_by(form.cleaned_data["method"])
        return self.get_success_response()

    def _show(self, form: PaymentMethodForm) -> HttpResponse:
        return self.render_to_response(self.get_context_data() | {"form": form, "card": METHOD})
