"""Prices that do not divide: what Ping is asked for is the order's total to the öre, whatever is rounded."""

from __future__ import annotations

import random
from decimal import Decimal

import pytest
from django.urls import reverse
from oscar.apps.checkout.surcharges import FlatCharge
from oscar.core.loading import get_class

from tests.shopper import Shopper, create_product

from .conftest import nothing_changes
from .test_giving_back import create_offer, create_voucher


def asked_for(ping) -> tuple[int, list[int]]:
    """What Ping was asked for last, in the smallest unit: the total, and the items."""
    remote = ping.payments()[-1]
    return remote["total_amount"], [item["amount"] for item in remote["order_items"]]


def test_m8_three_times_33_33(ping):
    shopper = Shopper().has(create_product(price="33.33"), 3).stands_at_preview()

    shopper.places_order()

    assert asked_for(ping) == (9999, [9999])
    assert shopper.payment_order.amount == Decimal("99.99")


@pytest.mark.parametrize("seed", range(8))
def test_m8_discounts_over_many_odd_prices_add_up(ping, seed):
    chance = random.Random(seed)
    create_offer()
    create_voucher()
    shopper = Shopper()
    for number in range(chance.randint(2, 6)):
        price = Decimal(chance.choice([3333, 1, 99, 6667, chance.randint(1, 200_000)])) / 100
        shopper.has(create_product(f"Thing {number}", str(price)), chance.randint(1, 7))
    shopper.enters_voucher("WELCOME").stands_at_preview()

    shopper.places_order()

    order = shopper.order
    assert order.discounts.count() > 0
    total, items = asked_for(ping)
    assert total == int(order.total_incl_tax * 100) == sum(items)
    assert min(items) >= 0
    assert shopper.payment_order.amount == order.total_incl_tax


def test_m8_a_total_with_half_an_ore_is_refused_before_anything_is_placed(ping, product, monkeypatch):
    """SQLite would keep 299.125 as 299.12 and PostgreSQL as 299.13: neither is what the payer was shown."""
    shopper = Shopper().has(product).stands_at_preview()
    surcharges = (FlatCharge(excl_tax=Decimal("0.125"), incl_tax=Decimal("0.125")),)
    applicator = get_class("checkout.applicator", "SurchargeApplicator")
    monkeypatch.setattr(applicator, "get_surcharges", lambda self, basket, **facts: surcharges)

    with nothing_changes():
        page = shopper.client.post(reverse("checkout:preview"), {"action": "place_order"}, follow=True)

    assert "This order cannot be paid by card" in page.content.decode()
    assert shopper.basket.num_items == 1
    assert ping.calls() == []
