"""The queue of what a person must look at."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from oscar_pingpayments import facade
from oscar_pingpayments.dashboard import attention
from oscar_pingpayments.models import PaymentOrder
from oscar_pingpayments.statuses import Attention
from tests.integration.shop.answers import let_ping_answer
from tests.shopper import Shopper, create_product

PAGE = "dashboard:payments-attention"


@pytest.fixture
def odd(started, ping):
    """A payer who has paid another amount than was asked for."""
    let_ping_answer(ping, started.payment, total_amount=100)
    facade.refresh(started.payment.pk, by="test")
    return started


def test_each_is_shown_with_its_reason_what_is_known_and_the_ways_out(desk, odd):
    page = desk.get(reverse(PAGE)).content.decode()

    assert "Another amount or currency than was asked for" in page
    assert "Ping says 1.00 SEK, and 299.00 SEK was asked for." in page
    assert "Another sum came than was asked for, and nothing was fulfilled." in page
    assert "Astrid Lindqvist" in page
    assert reverse("dashboard:payments-resolve", args=[odd.payment_order.pk]) in page


def test_there_is_a_way_out_for_every_reason():
    assert set(attention.WAYS_OUT) == set(Attention)


def test_o8_actions_that_one_may_not_do_are_not_offered(staff, odd):
    page = staff("view").get(reverse(PAGE)).content.decode()

    assert "Another amount or currency" in page
    assert reverse("dashboard:payments-resolve", args=[odd.payment_order.pk]) not in page


def test_an_empty_queue_says_so(desk, started):
    assert "Nothing needs attention." in desk.get(reverse(PAGE)).content.decode()


def test_the_longest_waiting_comes_first_a_page_at_a_time(desk, shop, ping, monkeypatch):
    monkeypatch.setattr(attention, "PAGE", 2)
    product = create_product()
    numbers = []
    for number in range(5):
        shopper = Shopper(email=f"payer{number}@example.org")
        shopper.buys(product)
        numbers.append(shopper.order.number)
    PaymentOrder.objects.update(attention="late", attention_detail="Attempt 1 was paid.")

    seen, address = [], reverse(PAGE)
    while address:
        page = desk.get(address).context
        seen.append([row.order_number for row in page["page"].rows])
        address = f"{reverse(PAGE)}?after={page['page'].after}" if page["page"].after else ""

    assert seen == [numbers[:2], numbers[2:4], numbers[4:]]
    assert desk.get(reverse(PAGE), {"after": "nonsense"}).context["page"].rows[0].order_number == numbers[0]
    with CaptureQueriesContext(connection) as two:
        desk.get(reverse(PAGE))
    monkeypatch.setattr(attention, "PAGE", 5)
    with CaptureQueriesContext(connection) as five:
        desk.get(reverse(PAGE))
    assert len(two) == len(five)
