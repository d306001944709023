"""One tab places the order while another one changes the basket: the order is one thing or the other."""

from __future__ import annotations

import dataclasses
from decimal import Decimal
from functools import partial
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from oscar.core.loading import get_model

from oscar_pingpayments.models import PaymentOrder
from tests.shopper import create_product

from .counter import AWAITING, QUANTITY, TOTAL, copy_of, place

Basket = get_model("basket", "Basket")
Order = get_model("order", "Order")


def add(browser: Client, product: Any) -> int:
    """Put a product into the basket, and return the shop's answer."""
    url = reverse("basket:add", kwargs={"pk": product.pk})
    return browser.post(url, {"quantity": 1, "action": "add"}).status_code


@pytest.mark.parametrize("who", ["guest", "customer"])
def test_s2_place_order_and_edit_the_basket(
    counter, ping, race, fewer_rounds, in_turn, django_user_model, who
):
    score = race(f"S2 place order and edit the basket, a {who}", "place", "edit")
    lamp = create_product("Lamp", "100.00", stock=1_000_000)
    customers = [
        None if who == "guest" else django_user_model.objects.create_user(f"{n}", f"{n}@example.org")
        for n in range(fewer_rounds)
    ]
    browsers = [counter.browser(customer) for customer in customers]

    for browser in in_turn(browsers):
        tab = copy_of(browser)

        answers = score.run(place=partial(place, browser), edit=partial(add, tab, lamp))

        payment_order = PaymentOrder.objects.select_related("order").latest("pk")
        order, payment = payment_order.order, payment_order.payments.get()
        assert (answers["place"]["Location"], answers["edit"]) == (payment.pay_url, 302)
        # Whichever it is, all agree on it: what is asked, what was ordered, and the sum of its lines.
        has_lamp = order.lines.filter(product=lamp).exists()
        total = TOTAL + Decimal("90.00") * has_lamp
        assert sum(line.line_price_incl_tax for line in order.lines.all()) == order.total_incl_tax == total
        assert payment_order.amount == payment.amount == total
        (remote,) = [each for each in ping.payments() if each["id"] == str(payment.ping_id)]
        assert remote["total_amount"] == sum(item["amount"] for item in remote["order_items"]) == total * 100
        assert counter.end(payment_order.pk) == dataclasses.replace(
            AWAITING, sources=((total, Decimal("0.00"), Decimal("0.00")),), allocated=QUANTITY + has_lamp
        )
        # The basket stays placed: the tab cannot place another order from it.
        assert order.basket.status == "Submitted"
        late = tab.post(reverse("checkout:preview"), {"action": "place_order"})
        assert late.status_code == 302
        score.notes["in the order"] += has_lamp
        score.won("edit" if has_lamp else "place")
    assert Order.objects.count() == PaymentOrder.objects.count() == len(ping.payments()) == fewer_rounds
    score.assert_both_orders_occurred()
