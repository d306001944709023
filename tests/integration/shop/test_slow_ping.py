"""Ping takes longer than a payer waits: one click has one budget of time, however many calls it makes.

That the shop is served meanwhile: tests/concurrency/test_slow_ping.py.
"""

from __future__ import annotations

import time

import pytest
from django.db.models import Sum
from django.urls import reverse

from oscar_pingpayments import conf, facade, payer
from oscar_pingpayments.exceptions import NotSentError
from oscar_pingpayments.models import Exchange, Payment

from .books import assert_books_agree
from .conftest import come_back

#: Seconds to connect and to read, and what the two make together.
TIMEOUT = (0.2, 1.0)
BUDGET = 1.2
#: What a machine that is busy may take on top.
SLACK = 0.4


@pytest.fixture
def hurried(change):
    """A shop whose payers wait a tenth as long as usual."""
    change(TIMEOUT=TIMEOUT)


def waited(after: Exchange | None = None) -> float:
    """How many seconds the shop has waited for Ping altogether, from one exchange on."""
    exchanges = Exchange.objects.filter(pk__gt=after.pk if after else 0)
    return (exchanges.aggregate(all=Sum("milliseconds"))["all"] or 0) / 1000


def test_s13_by_default_a_click_waits_for_ten_seconds():
    timeout = conf.get_settings().timeout

    assert timeout.connect + timeout.read == 10
    assert payer.deadline() == pytest.approx(time.monotonic() + 10, abs=1)


def test_s13_placing_an_order_waits_no_longer_than_one_call_may_take(shopper, product, ping, hurried, change):
    """Both calls are slow: together they have the time of one."""
    shopper.has(product).stands_at_preview()
    ping.misbehave("create_payment_order", "latency", seconds=0.6)
    ping.misbehave("initiate_payment", "silent", seconds=60, acts=True)

    response = shopper.places_order()

    assert 0.6 <= waited() < BUDGET + SLACK
    assert Exchange.objects.count() == 2
    assert shopper.payment.outcome_unknown
    change(TIMEOUT=(3, 7))
    page = shopper.client.get(response["Location"]).content.decode()
    assert "Your payment is being prepared" in page
    assert str(shopper.payment.ping_id) == ping.payments()[0]["id"]  # looked up, and not sent again
    assert len(ping.payments()) == 1
    assert_books_agree(ping)


def test_s13_an_order_that_ping_is_too_slow_for_is_not_placed(shopper, product, ping, hurried):
    shopper.has(product).stands_at_preview()
    ping.misbehave("create_payment_order", "silent", seconds=60)

    page = shopper.places_order().content.decode()

    assert waited() < BUDGET + SLACK
    assert "Nothing has been ordered and nothing has been charged" in page
    assert shopper.basket.num_items == 1
    assert ping.payments() == []


def test_s13_a_payment_for_which_no_time_is_left_is_not_sent_and_can_be_sent_later(shopper, product, ping):
    """Sent all the same, nobody would hear the answer."""
    ping.misbehave("initiate_payment", "status", status=429)
    shopper.buys(product)
    calls = len(ping.calls())
    late = facade.PaymentContext(absolute_url=str, deadline=time.monotonic())

    with pytest.raises(NotSentError, match="no time was left"):
        facade.start(shopper.payment_order.pk, late)
    with pytest.raises(NotSentError, match="no time was left"):
        facade.open_payment_order("SEK", late)

    assert len(ping.calls()) == calls
    assert (shopper.payment.sent_at, shopper.payment.live, shopper.payment.number) == (None, True, 1)
    page = shopper.sees().content.decode()
    assert "Card payment is not available at the moment. Nothing has been charged." in page
    assert "Pay now</button>" in page
    pay_url = shopper.client.post(reverse("pingpayments:pay", args=[shopper.payment_order.token]))["Location"]
    come_back(shopper, ping.pay(pay_url))
    assert shopper.payment_order.is_paid
    assert (shopper.payment.number, len(ping.payments())) == (1, 1)
    assert_books_agree(ping)


@pytest.mark.parametrize("slow", ["get_payment", "*"])
def test_s13_who_changes_the_order_is_answered_in_time_and_nothing_ends_unasked(
    started, ping, hurried, change, slow
):
    ping.misbehave(slow, "silent", times=None, seconds=60)
    url = reverse("pingpayments:change", args=[started.payment_order.token])
    last = Exchange.objects.latest("pk")

    page = started.client.post(url)

    assert waited(last) < BUDGET + SLACK
    ping.clear_faults()
    change(TIMEOUT=(3, 7))
    page = started.client.get(page["Location"]).content.decode()
    assert "The order cannot be cancelled just now: a payment may be on its way. Try again soon." in page
    assert (started.payment_order.state, started.order.status) == ("awaiting", "Pending")
    assert started.client.post(url)["Location"] == reverse("basket:summary")
    assert started.order.status == "Cancelled"
    assert_books_agree(ping)


def test_s13_where_stopping_alone_is_slow_the_order_is_changed_all_the_same(started, ping, hurried):
    """Whether Ping can stop a card payment is not documented: what it says of the payment decides."""
    ping.misbehave("stop_payment", "silent", times=None, seconds=60)
    last = Exchange.objects.latest("pk")

    started.client.post(reverse("pingpayments:change", args=[started.payment_order.token]))

    assert waited(last) < BUDGET + SLACK
    assert (started.payment_order.state, started.order.status) == ("cancelled", "Cancelled")
    assert Payment.objects.get().ask_again_at is not None  # money may still come
    assert_books_agree(ping)


@pytest.mark.parametrize("page", ["return", "payment", "state"])
def test_s13_a_page_is_made_in_time(started, ping, hurried, page):
    token = started.payment.token if page == "return" else started.payment_order.token
    ping.misbehave("get_payment", "silent", times=None, seconds=60)
    last = Exchange.objects.latest("pk")

    response = started.client.get(reverse(f"pingpayments:{page}", args=[token]))

    assert response.status_code == (303 if page == "return" else 200)
    assert waited(last) < BUDGET + SLACK
    assert started.order.status == "Pending"
