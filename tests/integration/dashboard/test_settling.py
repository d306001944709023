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


@pytest.mark.parametrize(
    ("name", "status", "advice"),
    [
        ("split", "OPEN", "it is not closed yet. Close it first, or tick the box."),
        ("settle", "CLOSED", "it is not split yet. Split it first, or tick the box."),
    ],
)
def test_f9_in_the_wrong_order_it_is_said_what_to_do(desk, paid, ping, name, status, advice):
    if status == "CLOSED":
        do(desk, "close", paid.payment_order)
    done = trail()

    response = do(desk, name, paid.payment_order)

    assert f"Not done: {advice}<br><small" in text(response)
    assert f"operation_forbidden (the payment order is {status})</small>" in text(response)
    assert paid.payment_order.status == status
    assert trail() == done


@pytest.mark.parametrize("typed", [{}, {"fast_forward": "on"}], ids=["closed", "fast-forward"])
def test_f9_ping_refuses_for_another_reason(desk, paid, ping, typed):
    if not typed:
        do(desk, "close", paid.payment_order)
    done = trail()
    refusal = {"errors": [{"error": "operation_forbidden", "description": "not today"}]}
    ping.misbehave("split", "status", status=403, body=refusal)

    response = do(desk, "split", paid.payment_order, **typed)

    assert "Not done. Ping says: operation_forbidden (not today)" in text(response)
    assert trail() == done


@pytest.mark.parametrize("status", [401, 404])
def test_what_no_other_step_would_mend_is_not_explained_by_one(desk, paid, ping, status):
    ping.misbehave("split", "status", status=status, body={})

    response = do(desk, "split", paid.payment_order)

    assert "Not done. Ping says: " in text(response)
    assert "Close it first" not in text(response)


def test_whether_it_was_settled_is_not_known_where_ping_does_not_answer(desk, paid, ping):
    ping.misbehave("split", "status", status=500, body={})

    response = do(desk, "split", paid.payment_order, fast_forward="on")

    assert "Ping did not answer, so whether it was done is not known." in text(response)


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
