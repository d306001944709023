"""Ping takes longer than a payer waits: the click ends in time, and meanwhile the shop is served."""

from __future__ import annotations

import time
from typing import Any

import pytest
from django.db import transaction
from django.test import Client
from django.urls import reverse
from oscar.core.loading import get_model

from oscar_pingpayments.models import Exchange, Payment, PaymentOrder

from .counter import AWAITING, PAID, call_back, place
from .race import wait_until

Basket = get_model("basket", "Basket")
Offer = get_model("offer", "ConditionalOffer")
Order = get_model("order", "Order")
StockRecord = get_model("partner", "StockRecord")
Voucher = get_model("voucher", "Voucher")
CONNECT, READ = 1, 3


def rows_are_free() -> None:
    """Lock every row that an order has to do with; fail where somebody else holds one."""
    with transaction.atomic():
        for model in (PaymentOrder, Payment, Basket, Order, Voucher, Offer, StockRecord):
            list(model._default_manager.select_for_update(nowait=True, of=("self",)))


@pytest.mark.parametrize("operation", ["create_payment_order", "initiate_payment"])
def test_s13_the_shop_is_served_while_one_waits_for_ping(counter, ping, at_once, settings, operation):
    settings.PINGPAYMENTS = {**settings.PINGPAYMENTS, "TIMEOUT": (CONNECT, READ)}
    (paying,) = counter.payments(1)
    slow, other = counter.browsers(2)
    made = len(ping.calls())
    ping.misbehave(operation, "silent", seconds=60, acts=True)
    ends: dict[str, float] = {}

    def waits() -> Any:
        answer = place(slow)
        ends["waits"] = time.monotonic()
        return answer

    def is_served() -> Any:
        wait_until(lambda: any(call["operation"] == operation for call in ping.calls()[made:]))
        rows_are_free()
        assert Client().get(reverse("catalogue:index")).status_code == 200
        ping.pay(paying.pay_url)
        assert call_back(paying) == 200
        answer = place(other)
        state = reverse("pingpayments:state", args=[paying.payment_order.token])
        assert Client().get(state).json() == {"version": "paid-1-COMPLETED-False"}
        ends["is served"] = time.monotonic()
        return answer

    began = time.monotonic()
    first, second = at_once(waits, is_served)

    assert ends["is served"] < ends["waits"]
    assert ends["waits"] - began < CONNECT + READ + 1.5
    assert max(Exchange.objects.values_list("milliseconds", flat=True)) < (CONNECT + READ) * 1000
    assert counter.end(paying.payment_order_id) == PAID
    served = Payment.objects.get(pay_url=second["Location"])
    assert counter.end(served.payment_order_id) == AWAITING
    if operation == "create_payment_order":
        counter.held += 1
        assert "Nothing has been ordered and nothing has been charged" in first.content.decode()
        assert Order.objects.count() == 2
    else:
        counter.held += 2
        page = slow.get(first["Location"]).content.decode()
        assert "Your payment is being prepared" in page
        unknown = Payment.objects.exclude(pk__in=[served.pk, paying.pk]).get()
        # The page has looked it up: Ping had acted, and there is one payment for it, not two.
        assert str(unknown.ping_id) in [remote["id"] for remote in ping.payments()]
        assert len(ping.payments()) == 3
    counter.assert_holds()
