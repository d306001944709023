"""The preview step and the placing of an order that is paid by card."""

from __future__ import annotations

import logging
from collections.abc import Callable
from functools import partial
from typing import Any
from uuid import UUID

from django.db import connections, router, transaction
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.debug import sensitive_variables
from oscar.apps.checkout.exceptions import FailedPreCondition
from oscar.core.loading import get_class

from .. import conf, facade, ledger, payer
from ..doors import without_atomic_requests
from ..exceptions import MoneyError, PingPaymentsError
from ..models import PaymentOrder
from ..privacy import loggable
from .methods import asks_here, is_card, is_known, is_payable, label_of
from .second_click import SecondClickMixin

logger = logging.getLogger(__name__)

_NOT_BY_CARD = _("This order cannot be paid by card. Please choose another way to pay.")
_NOT_OFFERED = _("The way to pay that you chose is no longer offered. Please choose another one.")
_SOLD_MEANWHILE = _(
    "Something in your basket was sold while your order was being placed. Nothing has been ordered and "
    "nothing has been charged. Please look at your basket."
)
_USED_UP = _(
    "A voucher in your basket cannot be used any more (%(voucher)s). Nothing has been ordered and nothing "
    "has been charged. Please take it out of your basket and place your order again."
)
_TOOK_TOO_LONG = _("Placing your order took too long. Nothing has been ordered and nothing has been charged.")


class BasketTakenError(PingPaymentsError):
    """Another request is placing this basket's order, or has placed it."""


class PaymentDetailsMixin(SecondClickMixin):
    """Oscar's ``PaymentDetailsView`` for orders that are paid by card.

    The order is placed before the payer leaves, in the status that says so, and the payer is sent to
    PaymentIQ's page. Nothing is taken, mailed or thanked for here: that follows when Ping says so.
    """

    preview: bool
    template_name_preview: str

    # Of the order that is being placed; None while another method's is.
    _basket: Any = None
    _ping_id: UUID | None = None
    _context: facade.PaymentContext
    _payment_order: PaymentOrder

    @classmethod
    def as_view(cls, **initkwargs: Any) -> Callable[..., HttpResponseBase]:
        """Return the view without ATOMIC_REQUESTS: rows about money must survive a page that fails."""
        return without_atomic_requests(super().as_view(**initkwargs))  # type: ignore[misc]

    def dispatch(self, request: HttpRequest, *args: object, **kwargs: object) -> HttpResponseBase:
        """Serve the step; for other methods in the transaction that the shop asked Django for."""
        serve: Callable[..., HttpResponseBase] = super().dispatch  # type: ignore[misc]
        session = get_class("checkout.utils", "CheckoutSessionData")(request)
        if request.method == "POST" and request.basket.is_empty:  # type: ignore[attr-defined]
            self.request, self.checkout_session = request, session
            elsewhere = self.where_it_was_placed()
            if elsewhere is not None:
                return elsewhere
        using = router.db_for_write(PaymentOrder)
        if connections[using].settings_dict["ATOMIC_REQUESTS"] and not is_card(session.payment_method()):
            with transaction.atomic(using=using):
                return serve(request, *args, **kwargs)
        return serve(request, *args, **kwargs)

    def pays_by_card(self, total: Any) -> bool:
        """Whether an order with this total is ours: card is the method, and there is something to pay."""
        return bool(total is not None and total.incl_tax and is_card(self.checkout_session.payment_method()))

    # The pages

    def check_payment_data_is_captured(self, request: HttpRequest) -> None:
        """Send the payer back to the choice where it is missing, or not possible for this order."""
        super().check_payment_data_is_captured(request)  # type: ignore[misc]
        total = self.build_submission()["order_total"]  # type: ignore[attr-defined]
        if total is None or not total.incl_tax:
            return
        chosen = self.checkout_session.payment_method()
        if self.pays_by_card(total):
            if not is_payable(total):
                raise FailedPreCondition(url=reverse("checkout:payment-method"), message=_NOT_BY_CARD)
        elif chosen is None and asks_here():
            raise FailedPreCondition(url=reverse("checkout:payment-method"))
        elif request.POST.get("action") == "place_order" and self._is_nobodys(chosen):
            raise FailedPreCondition(url=reverse("checkout:payment-method"), message=_NOT_OFFERED)

    def _is_nobodys(self, chosen: str | None) -> bool:
        """Whether our step does not offer the chosen method, and no other code takes a payment by it.

        Another plugin, which may set its method elsewhere, takes payments in ``handle_payment``; in front of
        ours or below. Oscar's own takes none.
        """
        from oscar.apps.checkout.mixins import OrderPlacementMixin

        own = {PaymentDetailsMixin.handle_payment, OrderPlacementMixin.handle_payment}
        takes = {
            vars(base)["handle_payment"] for base in type(self).__mro__ if "handle_payment" in vars(base)
        }
        return asks_here() and not is_known(chosen) and takes == own

    def get(self, request: HttpRequest, *args: object, **kwargs: object) -> HttpResponse:
        """Pass over the payment-details step: a card is typed in at PaymentIQ's page, not here."""
        chosen = self.checkout_session.payment_method()
        if not self.preview and is_known(chosen):
            return redirect("checkout:preview")
        if not self.preview and chosen is None and asks_here():
            return redirect("checkout:payment-method")
        return super().get(request, *args, **kwargs)  # type: ignore[misc, no-any-return]

    def render_payment_details(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        """Show what went wrong on the preview: there is no page of details to correct."""
        if is_card(self.checkout_session.payment_method()):
            return self.render_preview(request, **kwargs)  # type: ignore[attr-defined, no-any-return]
        return super().render_payment_details(request, **kwargs)  # type: ignore[misc, no-any-return]

    def get_template_names(self) -> list[str]:
        """Return our preview, which extends the shop's own and shows the chosen method in it."""
        if self.preview and is_known(self.checkout_session.payment_method()):
            return ["oscar_pingpayments/checkout/preview.html"]
        return super().get_template_names()  # type: ignore[misc, no-any-return]

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Add the chosen method, and the shop's own preview template."""
        context: dict[str, Any] = super().get_context_data(**kwargs)  # type: ignore[misc]
        chosen = self.checkout_session.payment_method()
        if is_known(chosen):
            context |= {
                "pingpayments_is_card": is_card(chosen),
                "pingpayments_method": label_of(chosen),
                "pingpayments_preview": self.template_name_preview,
            }
        return context

    # Placing the order

    @sensitive_variables("user", "basket", "args", "kwargs")
    def submit(self, user: Any, basket: Any, *args: Any, **kwargs: Any) -> HttpResponse:
        """Place the order once: of two clicks one places it, and the other follows to the same page."""
        if is_card(self.checkout_session.payment_method()):
            self._basket = basket
        try:
            return super().submit(user, basket, *args, **kwargs)  # type: ignore[misc, no-any-return]
        except BasketTakenError:
            return self.follow(basket)

    def freeze_basket(self, basket: Any) -> None:
        """Freeze the basket, unless somebody else did since it was read."""
        if self._basket is None:
            super().freeze_basket(basket)  # type: ignore[misc]
            return
        # A second click finds its way by this, and a guest their basket: the cookie is gone by then. So it is
        # there before the basket is frozen.
        payer.keep_basket(self.request, basket)
        if not ledger.freeze(basket):
            raise BasketTakenError(f"Basket {basket.pk} is being placed already")

    def restore_frozen_basket(self) -> None:
        """Open the basket again where nothing was placed from it; one that was submitted stays as it is."""
        if self._basket is None:
            super().restore_frozen_basket()  # type: ignore[misc]
        else:
            ledger.reopen(self._basket)

    def handle_payment(self, order_number: Any, total: Any, **kwargs: Any) -> None:
        """Make the payment order at Ping; where that fails, nothing has been placed."""
        if not self.pays_by_card(total):
            super().handle_payment(order_number, total, **kwargs)  # type: ignore[misc]
            return
        unable = get_class("payment.exceptions", "UnableToTakePayment")
        self._context = payer.payment_context(self.request)
        try:
            facade.check_payable(total.incl_tax, total.currency)
            self._ping_id = facade.open_payment_order(total.currency, self._context)
        except MoneyError as error:
            raise unable(str(_NOT_BY_CARD)) from error
        except facade.TooManyAttemptsError as error:
            raise unable(str(payer.too_many_attempts())) from error
        except PingPaymentsError as error:
            logger.exception(
                "No payment order could be made at Ping",
                exc_info=loggable(error),
                extra={"order_number": str(order_number)},
            )
            raise unable(
                gettext(
                    "Card payment is not available at the moment. Nothing has been ordered and nothing has "
                    "been charged. Please try again in a few minutes."
                )
            ) from error

    def get_initial_order_status(self, basket: Any) -> Any:
        """Return the status of an order that waits for its payment."""
        if self._ping_id is None:
            return super().get_initial_order_status(basket)  # type: ignore[misc]
        return conf.get_settings().order_status.awaiting

    @sensitive_variables("user", "basket", "args", "kwargs", "place_it")
    def place_order(self, order_number: Any, user: Any, basket: Any, *args: Any, **kwargs: Any) -> Any:
        """Place the order as the shop does, and with it, or not at all, its payment order.

        A receiver of Oscar's ``order_placed`` may pass over an error of the database, as Oscar's own do where
        two requests count the same thing for the first time. In a transaction that undoes everything, so it
        is done once more: it is counted by then.
        """
        place: Callable[..., Any] = super().place_order  # type: ignore[misc]
        if self._ping_id is None:
            return place(order_number, user, basket, *args, **kwargs)
        place_it = partial(place, order_number, user, basket, *args, **kwargs)
        try:
            return self._place(place_it, user, basket, self._ping_id)
        except transaction.TransactionManagementError:
            logger.warning("An order is placed once more", extra={"order_number": str(order_number)})
            return self._place(place_it, user, basket, self._ping_id)

    @sensitive_variables("user", "basket", "place")
    def _place(self, place: Callable[[], Any], user: Any, basket: Any, ping_id: UUID) -> Any:
        unable = get_class("order.exceptions", "UnableToPlaceOrder")
        with transaction.atomic():
            used_up = ledger.used_up(basket, user)
            if used_up:
                raise unable(_USED_UP % {"voucher": used_up})
            if not ledger.is_still_there(basket):
                raise unable(str(_SOLD_MEANWHILE))
            order = place()
            self._payment_order = facade.place(order, ping_id)
            if not ledger.submit(basket):
                raise unable(str(_TOOK_TOO_LONG))
        return order

    def send_order_placed_email(self, order: Any) -> None:
        """Wait with the confirmation until the order is paid."""
        if self._ping_id is None:
            super().send_order_placed_email(order)  # type: ignore[misc]

    def handle_successful_order(self, order: Any) -> HttpResponse:
        """End the checkout as the shop does, then send the payer to PaymentIQ instead of to the thanks."""
        end: Callable[..., HttpResponse] = super().handle_successful_order  # type: ignore[misc]
        if self._ping_id is None:
            return end(order)
        answers = self.request.session.get(payer.CHECKOUT_KEY)
        try:
            response = end(order)
        except Exception as error:
            # The order is placed: what the shop's code does after that must not keep it from being paid.
            logger.exception(
                "The shop's own code failed after an order was placed",
                exc_info=loggable(error),
                extra={"order_number": order.number},
            )
            response = redirect("checkout:thank-you")
        payment_order = self._payment_order
        payer.keep_checkout(self.request, answers, payment_order)
        response["Location"] = payer.start(self.request, payment_order, self._context)
        return response
