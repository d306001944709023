"""Those who only refer to what an order takes, its vouchers and its stock, do not wait for who places it."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

from django.contrib.auth.models import AnonymousUser
from django.db import connections, transaction
from oscar.core.loading import get_class, get_model

from oscar_pingpayments import facade, ledger

from .counter import QUANTITY

Basket = get_model("basket", "Basket")


def test_who_changes_an_order_does_not_wait_for_who_places_one_of_the_same(counter):
    """PostgreSQL checks at the commit what a basket refers to: two such in turn would be a deadlock."""
    ((_, payment),) = counter.payers(counter.browsers(1))
    facade.cancel(payment.payment_order_id, by="payer")
    placed = _basket(counter)

    def change() -> bool:
        try:
            return facade.change_order(payment.payment_order_id, Basket()).refilled
        finally:
            connections.close_all()

    with ThreadPoolExecutor(1) as pool, transaction.atomic():
        assert ledger.used_up(placed, AnonymousUser()) == ""
        assert ledger.is_still_there(placed)
        refilled = pool.submit(change).result(timeout=10)

    assert refilled
    basket = Basket.objects.order_by("-pk").first()
    assert [(line.product_id, line.quantity) for line in basket.lines.all()] == [
        (counter.product.pk, QUANTITY)
    ]
    assert list(basket.vouchers.all()) == [counter.voucher]


def _basket(counter: Any) -> Any:
    """Return a basket with its offers, as a request that places its order has it."""
    counter.browser()
    basket = Basket.objects.order_by("-pk").first()
    basket.strategy = get_class("partner.strategy", "Selector")().strategy()
    get_class("offer.applicator", "Applicator")().apply(basket, AnonymousUser())
    return basket
