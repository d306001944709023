"""The second of two clicks on *Place order*: it follows the first one to the page on which that is paid."""

from __future__ import annotations

import time
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext_lazy as _
from oscar.core.loading import get_model

from .. import payer
from ..models import PaymentOrder, written
from .methods import is_card

#: How long it waits for the first one's payment page, and how often it looks, in seconds.
_PATIENCE = 12.0
_PAUSE = 0.2

_NOT_PLACED = _(
    "Your order could not be placed. Nothing has been ordered and nothing has been charged. Please look at "
    "your basket and try again."
)


class SecondClickMixin:
    """What a view that places orders does where another request places, or has placed, the same basket's."""

    request: HttpRequest
    checkout_session: Any

    def where_it_was_placed(self) -> HttpResponse | None:
        """Send a click that comes too late to the order; None where there is none of this payer's."""
        payer.hear_of_other_clicks(
            self.request
        )  # it may have read its session before the first one wrote to it
        taken = payer.kept_basket(self.request)
        if taken is not None and is_card(self.checkout_session.payment_method()):
            return self.follow(taken)
        placed = payer.last_placed(self.request)
        if placed is None:
            return None
        attempt = placed.payments.order_by("-number").first()
        basket = placed.order and placed.order.basket
        if basket and (attempt is None or attempt.outcome_unknown):
            return self.follow(basket)  # the first one is still waiting for Ping
        messages.info(self.request, _("Your order has been placed already."))
        return redirect(payer.order_page(placed))

    def follow(self, basket: Any) -> HttpResponse:
        """Send the second click where the first one's payer is sent, as soon as that is known."""
        baskets = written(get_model("basket", "Basket")._default_manager)
        until = time.monotonic() + _PATIENCE
        payment_order: PaymentOrder | None = None
        while time.monotonic() < until:
            # Its status first: what is to be paid has its payment order before its basket is submitted.
            status = baskets.filter(pk=basket.pk).values_list("status", flat=True).first()
            payment_order = PaymentOrder.objects.filter(order__basket=basket.pk).order_by("-pk").first()
            if payment_order is not None:
                payment = payment_order.payments.order_by("-number").first()
                if payment is not None and not payment.outcome_unknown:
                    return self._follow_to(payment_order, payer.payment_page(payment))
            elif status == basket.OPEN:
                # The first one failed, and has given the basket back.
                payer.bring_back_basket(self.request, basket)
                messages.error(self.request, _NOT_PLACED)
                return redirect("basket:summary")
            elif status == basket.SUBMITTED:
                # There was nothing to pay: it is placed, and no payment order is to come.
                payer.placed_for_nothing(self.request, basket)
                return redirect("checkout:thank-you")
            time.sleep(_PAUSE)
        if payment_order is not None:
            # It is placed, and its page says how it stands: also where the first one's process has died.
            return self._follow_to(payment_order)
        messages.warning(self.request, _("Your order is being placed. Please look again in a moment."))
        return redirect("basket:summary")

    def _follow_to(self, payment_order: PaymentOrder, pay_url: str = "") -> HttpResponse:
        answers = self.request.session.get(payer.CHECKOUT_KEY)
        self.checkout_session.flush()
        payer.keep_checkout(self.request, answers, payment_order)
        return redirect(pay_url or payer.order_page(payment_order))
