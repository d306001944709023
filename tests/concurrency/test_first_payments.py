"""A new shop's first payments come at once: what all orders share is made by one of them."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

from django.db import connections, transaction
from django.test import Client
from django.urls import reverse
from oscar.core.loading import get_model

from tests.shopper import Shopper, create_product

from .race import wait_until, waiting_for_locks

PaymentEventType = get_model("order", "PaymentEventType")


def test_the_first_paid_order_does_not_mind_that_another_one_is_first_too(ping):
    shopper = Shopper()
    shopper.buys(create_product())
    ping.pay(shopper.payment.pay_url)
    url = reverse("pingpayments:callback", args=[shopper.payment.token])

    def call_back() -> Any:
        try:
            return Client().post(url, "{}", content_type="application/json")
        finally:
            connections.close_all()

    with ThreadPoolExecutor(1) as pool:
        with transaction.atomic():
            PaymentEventType.objects.create(
                name="Paid"
            )  # by the other order, which has not been committed yet
            answer = pool.submit(call_back)
            wait_until(waiting_for_locks)
        status_code = answer.result(timeout=20).status_code

    assert status_code == 200
    assert shopper.order.status == "Being processed"
    assert [event.event_type.name for event in shopper.order.payment_events.all()] == ["Paid"]
    assert PaymentEventType.objects.count() == 1
