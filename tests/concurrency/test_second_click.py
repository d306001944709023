"""The second click comes after the first one's basket was frozen: it waits, and ends where the first does."""

from __future__ import annotations

import copy
import time
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from oscar.core.loading import get_model

from tests.shopper import CARD, Shopper, create_product

Order = get_model("order", "Order")


@pytest.mark.parametrize("works", [True, False])
def test_s1_a_second_click_half_a_second_later_ends_on_the_same_page(ping, at_once, works):
    shopper = Shopper().adds(create_product()).goes_to_payment().chooses(CARD)
    second = Client()
    second.cookies = copy.deepcopy(shopper.client.cookies)
    if works:
        ping.misbehave("create_payment_order", "latency", seconds=1)
    else:
        ping.misbehave("create_payment_order", "silent", seconds=1.5)

    def first_click() -> Any:
        return shopper.places_order()

    def second_click() -> Any:
        until = time.monotonic() + 5
        while not any(call["operation"] == "create_payment_order" for call in ping.calls()):
            assert time.monotonic() < until
        return second.post(reverse("checkout:preview"), {"action": "place_order"})

    first, late = at_once(first_click, second_click)

    if works:
        assert first["Location"] == late["Location"] == shopper.payment.pay_url
        assert Order.objects.count() == 1
        assert len(ping.payments()) == 1
    else:
        assert "Nothing has been ordered" in first.content.decode()
        assert late["Location"] == reverse("basket:summary")
        page = second.get(reverse("basket:summary"))
        assert page.context["basket"].num_items == 1
        assert "Your order could not be placed. Nothing has been ordered" in page.content.decode()
        assert Order.objects.count() == 0
