"""Ping has made a payment and the shop does not know: it looks before it asks for another one."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.urls import reverse
from django.utils import timezone

from oscar_pingpayments import facade
from oscar_pingpayments.facade.refreshing import IN_FLIGHT, NEVER_ARRIVED
from oscar_pingpayments.models import Payment, PaymentOrder
from tests.shopper import Shopper, create_product

from .books import assert_books_agree
from .conftest import Killed, call_back, come_back, die

#: Ways in which Ping acts and its answer gets lost.
LOST = pytest.mark.parametrize(
    ("fault", "details"),
    [
        ("drop_after", {}),
        ("silent", {"acts": True}),
        ("status", {"status": 502, "acts": True}),
        ("killed", {}),
    ],
    ids=["dropped", "timed out", "502", "killed"],
)


@pytest.fixture
def ready(ping, change) -> Shopper:
    """A payer who has only to place the order."""
    change(TIMEOUT=(1, 0.3))
    return Shopper().has(create_product()).stands_at_preview()


@pytest.fixture
def loses(ready, ping, change, at_ping) -> Callable[..., Shopper]:
    """Let a payer place an order, and lose what Ping answers to the payment."""

    def lose(fault: str, **details: Any) -> Shopper:
        if fault == "killed":
            at_ping(lambda: at_ping(die))  # at the second call, when Ping has answered it
            with pytest.raises(Killed):
                ready.places_order()
        else:
            ping.misbehave("initiate_payment", fault, **details)
            ready.places_order()
        change(TIMEOUT=(3, 7))
        return ready

    return lose


def pays(shopper: Shopper) -> Any:
    """Press the button that leads to the card page, and return the answer."""
    return shopper.client.post(reverse("pingpayments:pay", args=[shopper.payment_order.token]))


def after(shopper: Shopper, delay: timedelta) -> str:
    """Look at the payer's page so long after the attempt was sent."""
    moment = timezone.now() - delay - timedelta(seconds=1)
    Payment.objects.filter(pk=shopper.payment.pk).update(sent_at=moment, page_asked_at=None)
    return shopper.sees().content.decode()


def waiting_at(ping: Any) -> int:
    """How many payments could be paid at Ping just now."""
    return sum(remote["status"] in ("INITIATED", "PENDING") for remote in ping.payments())


@LOST
def test_s4_an_attempt_whose_answer_was_lost_is_looked_up_before_another_is_made(loses, ping, fault, details):
    shopper = loses(fault, **details)
    ours = reverse("pingpayments:payment", args=[shopper.payment_order.token])
    assert shopper.payment.outcome_unknown
    assert len(ping.payments()) == 1

    # Whoever presses the button meanwhile is not given a second payment.
    assert pays(shopper)["Location"] == ours
    page = shopper.sees().content.decode()
    assert "Your payment is being prepared" in page
    assert "Unless you have entered your card details, nothing has been charged." in page
    assert "Nothing has been charged" not in page  # a payer of before a restored backup may have paid
    assert "Back to the shop</a>" in page
    assert str(shopper.payment.ping_id) == ping.payments()[0]["id"]  # found by our reference
    assert pays(shopper)["Location"] == ours
    assert (waiting_at(ping), len(ping.payments())) == (1, 1)

    # Only the lost answer named its page: when it can no longer be on its way, it is stopped.
    page = after(shopper, IN_FLIGHT)
    assert "Pay now</button>" in page
    assert [remote["status"] for remote in ping.payments()] == ["STOPPED"]
    assert shopper.payment.live is None

    come_back(shopper, ping.pay(pays(shopper)["Location"]))
    assert [remote["status"] for remote in ping.payments()] == ["STOPPED", "COMPLETED"]
    assert_books_agree(ping)
    assert (shopper.payment_order.state, shopper.payment_order.attention) == ("paid", "")


@LOST
def test_s4_where_the_payer_has_gone_a_sync_looks_it_up_and_the_order_ends(loses, ping, fault, details):
    shopper = loses(fault, **details)
    held = shopper.order.lines.get().stockrecord
    assert held.num_allocated == 1
    Payment.objects.update(ask_again_at=timezone.now())

    facade.sync()

    assert str(shopper.payment.ping_id) == ping.payments()[0]["id"]
    PaymentOrder.objects.update(expires_at=timezone.now())
    assert facade.sync().ended == 1
    assert [remote["status"] for remote in ping.payments()] == ["STOPPED"]
    held.refresh_from_db()
    assert held.num_allocated == 0
    assert_books_agree(ping)


@pytest.mark.parametrize("asks", [False, True], ids=["at once", "after a look"])
def test_s4_a_callback_about_the_lost_attempt_is_taken(loses, ping, asks):
    """The shop has never known its page, but somebody has: the money counts all the same."""
    shopper = loses("drop_after")
    if asks:
        shopper.sees()
    ping.says(ping.payments()[0]["id"], "COMPLETED")

    assert call_back(shopper).status_code == 200

    assert shopper.payment_order.is_paid
    assert_books_agree(ping)


def test_s4_a_lost_attempt_that_ping_cannot_stop_is_never_shown_to_anybody(loses, ping):
    ping.manners(stop_refused=True)
    shopper = loses("drop_after")
    first = ping.payments()[0]

    after(shopper, IN_FLIGHT)
    second = pays(shopper)["Location"]

    assert waiting_at(ping) == 2
    assert list(Payment.objects.order_by("number").values_list("pay_url", "live")) == [
        ("", None),
        (second, True),
    ]
    # Should it be paid all the same, that is found out: it is still asked about.
    ping.says(first["id"], "COMPLETED")
    come_back(shopper, ping.pay(second))
    assert_books_agree(ping)
    assert (shopper.payment_order.state, shopper.payment_order.attention) == ("paid", "duplicate")


def test_s4_the_attempt_that_is_looked_up_is_the_one_that_was_lost(started, ping, change):
    """There is a declined one in the same payment order."""
    ping.decline(started.payment.pay_url)
    started.sees()
    ping.misbehave("initiate_payment", "drop_after")
    pays(started)
    assert started.payment.outcome_unknown

    started.sees()

    declined, lost = ping.payments()
    assert str(started.payment.ping_id) == lost["id"] != declined["id"]
    assert started.payment.number == 2
    assert [row.status for row in started.payment_order.payments.order_by("number")] == [
        "DECLINED",
        "INITIATED",
    ]


@pytest.mark.parametrize("by", ["page", "sync"])
def test_s4_an_attempt_that_never_arrived_makes_room_for_another(loses, ping, by):
    shopper = loses("drop_before")
    assert "Your payment is being prepared" in after(shopper, IN_FLIGHT)
    assert shopper.payment.outcome_unknown
    assert pays(shopper)["Location"].endswith(f"/payment/{shopper.payment_order.token}/")
    assert ping.payments() == []

    if by == "page":
        assert "Pay now</button>" in after(shopper, NEVER_ARRIVED)
    else:
        moment = timezone.now() - NEVER_ARRIVED - timedelta(seconds=1)
        Payment.objects.update(sent_at=moment, ask_again_at=timezone.now())
        facade.sync()

    assert (shopper.payment.live, shopper.payment.error) == (None, "Ping never received this attempt")
    come_back(shopper, ping.pay(pays(shopper)["Location"]))
    assert shopper.payment.number == 2
    assert len(ping.payments()) == 1
    assert_books_agree(ping)
    assert shopper.payment_order.is_paid


def test_s4_an_attempt_that_somebody_else_has_given_up_meanwhile_is_asked_about_no_more(ready, ping):
    ping.misbehave("initiate_payment", "drop_before")
    ready.places_order()
    Payment.objects.update(live=None, error="Ping never received this attempt")
    assert ready.payment.ask_again_at is not None

    facade.refresh(ready.payment.pk, by="sync")

    assert ready.payment.ask_again_at is None
    assert (ready.payment.ping_id, ready.payment_order.attention) == (None, "")
