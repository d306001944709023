"""Staff end a payment order at Ping from the dashboard: closed, split, settled, and told how far it is."""

from __future__ import annotations

import pytest

from oscar_pingpayments.models import PaymentOrder

from .conftest import at, do, said, text, trail

NAME = "Bosse Berg 0"


def offered(desk, shopper) -> list[str]:
    page = desk.get(at("detail", shopper.payment_order))
    return [str(action.label) for action in page.context["actions"] if action.right == "settle_paymentorder"]


def test_step_by_step(desk, paid):
    assert offered(desk, paid) == ["Close", "Split", "Settle"]

    told = [said(do(desk, step, paid.payment_order)) for step in ("close", "split", "settle")]

    assert told == [
        ["Ping's payment order is “Closed” now."],
        ["Ping's payment order is “Split” now."],
        ["Ping's payment order is “Settled” now."],
    ]
    assert paid.payment_order.status == "SETTLED"
    assert trail() == [("close", NAME, ""), ("split", NAME, ""), ("settle", NAME, "")]
    assert offered(desk, paid) == []


def test_all_at_once(desk, paid):
    response = do(desk, "settle", paid.payment_order, fast_forward="on")

    assert said(response) == ["Ping's payment order is “Settled” now."]
    assert trail() == [("settle", NAME, "fast-forward")]


def test_f9_in_the_wrong_order_pings_words_are_shown(desk, paid):
    response = do(desk, "split", paid.payment_order)

    assert "Not done. Ping says: " in text(response)
    assert paid.payment_order.status == "OPEN"
    assert trail() == []


def test_a_refund_that_is_on_its_way_is_not_ended(desk, paid, ping):
    ping.manners(refunds="wait")
    do(desk, "refund", paid.payment_order, what="amount", amount="10")

    response = do(desk, "split", paid.payment_order, fast_forward="on")

    assert "Not done: A refund is on its way, which this would end. Wait until it is there." in text(response)
    assert paid.payment_order.status == "OPEN"


def test_ping_has_not_said_yet_that_it_is_done(desk, paid, ping):
    ping.misbehave("get_payment_order", "status", times=None, status=500, body={})

    response = do(desk, "close", paid.payment_order)

    assert said(response) == ["Ping was asked, and has not said yet that it is done."]
    ping.clear_faults()
    assert said(do(desk, "refresh", paid.payment_order))[-1].startswith("Ping was asked, and there is news")
    assert paid.payment_order.status == "CLOSED"


def test_an_order_that_waits_for_its_money_is_not_ended(desk, started):
    assert offered(desk, started) == []


@pytest.mark.parametrize("name", ["split", "settle"])
def test_what_cannot_be_undone_says_so(desk, paid, name):
    page = text(desk.get(at(name, paid.payment_order)))

    assert "of it can be given back" in page or "of the money can be given back" in page
    assert "btn-danger" in page


def test_an_order_that_was_never_paid_can_only_be_closed(desk, started):
    do(desk, "cancel", started.payment_order)
    assert PaymentOrder.objects.get().state == "cancelled"

    assert offered(desk, started) == ["Close"]
