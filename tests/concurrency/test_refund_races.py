"""Several give money back, or hear of it, in the same instant: it goes back once, and every row says so."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from functools import partial
from typing import Any

import pytest
from django.db.models import Sum
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from oscar.core.loading import get_model

from oscar_pingpayments import facade
from oscar_pingpayments.exceptions import RejectedError
from oscar_pingpayments.models import Payment, PaymentOrder, Refund, Settlement, StaffAction
from oscar_pingpayments.simulator.testing import SimulatorError

from .counter import QUANTITY, TOTAL, make_due, rest
from .race import wait_until

HUNDRED = Decimal("100.00")
MADE = "made"


@pytest.fixture
def paid(counter, ping) -> Callable[[int], list[Payment]]:
    """Prepare so many orders that are paid; Ping carries refunds out when the test says so."""
    ping.manners(refunds="wait")

    def prepare(count: int) -> list[Payment]:
        payments = counter.payments(count)
        for payment in payments:
            ping.says(payment.ping_id, "COMPLETED")
            facade.refresh(payment.pk, by="test")
        rest()
        ping.drop_callbacks()
        return payments

    return prepare


def refunds(payment: Payment, **wanted: Any) -> str:
    """Ask for a refund; return what came of it: that it was made, or the name of the error."""
    try:
        facade.refund(payment.payment_order_id, **wanted)
    except (facade.NotRefundableError, RejectedError) as error:
        return type(error).__name__
    return MADE


def asked(ping: Any, payment: Payment) -> list[int]:
    """Return the amounts that Ping was asked to refund of a payment."""
    return [
        call["body"]["amount"]
        for call in ping.calls()
        if call["operation"] == "refund_payment" and str(payment.ping_id) in call["path"]
    ]


def at_ping(ping: Any, payment: Payment) -> Decimal:
    """Return what has gone back, as Ping lists it."""
    (remote,) = [remote for remote in ping.payments() if remote["id"] == str(payment.ping_id)]
    return Decimal(sum(entry["amount"] for entry in remote["refunds"] or [])) / 100


def assert_adds_up(ping: Any, payment: Payment) -> Decimal:
    """Fail unless our rows, Oscar's and Ping agree on what has gone back; return it."""
    payment_order = PaymentOrder.objects.select_related("order").get(pk=payment.payment_order_id)
    order = payment_order.order
    (source,) = order.sources.all()
    transactions = source.transactions.filter(txn_type="Refund").aggregate(Sum("amount"))["amount__sum"]
    events = order.payment_events.filter(event_type__name="Refunded").aggregate(Sum("amount"))["amount__sum"]
    done = [refund for refund in payment.refunds.all() if refund.state == "done"]
    returned = at_ping(ping, payment)
    assert payment_order.amount_refunded == returned
    assert source.amount_refunded == returned
    assert (transactions or 0) == (events or 0) == sum(refund.amount for refund in done) == returned
    assert payment_order.effects.filter(name="refund_done").count() == len(done)
    assert payment_order.state == ("refunded" if returned == TOTAL else "paid")
    assert order.status == ("Refunded" if returned == TOTAL else "Being processed")
    return returned


def carried_out(ping: Any, payment: Payment) -> None:
    ping.finish_refunds()
    facade.refresh(payment.pk, by="test")


def test_f1_refund_clicked_twice(paid, ping, race, fewer_rounds, in_turn):
    """The same page, sent twice: one refund, and the second is told."""
    score = race("F1 refund clicked twice", "one", "other")

    for payment in in_turn(paid(fewer_rounds)):
        click = partial(refunds, payment, amount=HUNDRED, key=f"page {payment.pk}", seen=0)

        answers = score.run(one=click, other=click)

        assert sorted(answers.values()) == ["RefundExistsError", MADE]
        assert asked(ping, payment) == [10000]
        carried_out(ping, payment)
        assert assert_adds_up(ping, payment) == HUNDRED
        score.won(next(actor for actor, answer in answers.items() if answer == MADE))
    score.assert_both_orders_occurred()


def test_f1_two_members_of_staff_at_once(paid, ping, race, fewer_rounds, in_turn):
    """Both have seen that nothing was refunded: one refund, and the second is told of it."""
    score = race("F1 two members of staff at once", "berit", "cecilia")

    for payment in in_turn(paid(fewer_rounds)):
        answers = score.run(
            **{
                name: partial(refunds, payment, amount=HUNDRED, seen=0, person=facade.Person(name))
                for name in ("berit", "cecilia")
            }
        )

        assert sorted(answers.values()) == [MADE, "RefundsChangedError"] or sorted(answers.values()) == [
            "RefundsChangedError",
            MADE,
        ]
        assert asked(ping, payment) == [10000]
        winner = next(actor for actor, answer in answers.items() if answer == MADE)
        assert Refund.objects.get(payment=payment).by == winner
        assert StaffAction.objects.get(payment_order=payment.payment_order_id).by == winner
        carried_out(ping, payment)
        assert assert_adds_up(ping, payment) == HUNDRED
        score.won(winner)
    score.assert_both_orders_occurred()


def test_f2_two_refunds_that_are_more_than_was_paid(paid, ping, race, fewer_rounds, in_turn):
    """300.00 and all of it, of 538.20: whoever comes second is refused before Ping is asked."""
    score = race("F2 a part and all of it", "part", "all")

    for payment in in_turn(paid(fewer_rounds)):
        answers = score.run(
            part=partial(refunds, payment, amount=Decimal("300.00")),
            all=partial(refunds, payment, amount=TOTAL),
        )

        assert sorted(answers.values()) == ["NotRefundableError", MADE]
        winner = next(actor for actor, answer in answers.items() if answer == MADE)
        assert asked(ping, payment) == [{"part": 30000, "all": 53820}[winner]]
        carried_out(ping, payment)
        assert assert_adds_up(ping, payment) == {"part": Decimal("300.00"), "all": TOTAL}[winner]
        score.won(winner)
    score.assert_both_orders_occurred()


@pytest.mark.parametrize("amount", [HUNDRED, TOTAL], ids=["a part", "all of it"])
def test_f6_refund_and_a_refund_in_the_portal_that_a_sync_finds(
    paid, ping, race, fewer_rounds, in_turn, amount
):
    """The same amount in both places: both are recorded where Ping takes both, else the one."""
    score = race(f"F6 refund and portal, {amount}", "shop", "portal")

    def in_the_portal(payment: Payment) -> str:
        try:
            ping.refund_in_portal(payment.ping_id, int(amount * 100))
        except SimulatorError:
            return "refused"
        make_due(payment)
        facade.sync()
        return MADE

    for payment in in_turn(paid(fewer_rounds)):
        answers = score.run(
            shop=partial(refunds, payment, amount=amount), portal=partial(in_the_portal, payment)
        )

        carried_out(ping, payment)
        made = [actor for actor, answer in answers.items() if answer == MADE]
        assert assert_adds_up(ping, payment) == amount * len(made)
        # Ours is refused where the portal's came between our look and our asking: what remains does not fit.
        assert answers["shop"] in (MADE, "NotRefundableError", "RejectedError")
        assert len(made) == 1 or amount == HUNDRED
        score.notes[f"shop: {answers['shop']}, portal: {answers['portal']}"] += 1
        assert PaymentOrder.objects.get(pk=payment.payment_order_id).attention == ""
        # Where both were made, neither shows which of the two equal ones is whose.
        assert sorted(refund.origin for refund in payment.refunds.all() if refund.state == "done") in (
            ["ping", "shop"],
            ["ping"],
            ["shop"],
        )
        score.won(made[0] if len(made) == 1 else score.first)
    score.assert_both_orders_occurred()


def test_f10_refund_and_the_callback_about_it(paid, ping, race, fewer_rounds, in_turn):
    """Ping carries it out at once and calls: its list is read before its answer is written, or after."""
    score = race("F10 refund and callback", "refund", "callback")
    ping.misbehave("refund_payment", "latency", seconds=0.08, acts=True, times=None)
    url = reverse("pingpayments:refunds", args=[facade.refund_token()])

    def hear(payment: Payment) -> int:
        wait_until(ping.finish_refunds)
        answer = Client().post(url, f'{{"payment_id": "{payment.ping_id}"}}', content_type="application/json")
        facade.sync()
        return answer.status_code

    for payment in in_turn(paid(fewer_rounds)):
        answers = score.run(
            refund=lambda payment=payment: facade.refund(payment.payment_order_id, amount=HUNDRED).state,
            callback=partial(hear, payment),
        )

        assert answers["callback"] == 202
        assert answers["refund"] in ("accepted", "done")
        facade.sync()  # what was locked just then is still due
        refund = Refund.objects.get(payment=payment)
        assert (refund.state, refund.origin, refund.ping_id is not None) == ("done", "shop", True)
        assert assert_adds_up(ping, payment) == HUNDRED
        score.won("callback" if answers["refund"] == "done" else "refund")
        rest()
    score.assert_both_orders_occurred()


def test_f10_two_who_hear_of_the_same_refund(paid, ping, race, fewer_rounds, in_turn):
    """One transaction, one event, one signal; and the goods are in stock again once."""
    score = race("F10 two hear of a refund", "one", "other")
    record = get_model("partner", "StockRecord").objects.get()

    for payment in in_turn(paid(fewer_rounds)):
        facade.refund(payment.payment_order_id, restock=True)
        ping.finish_refunds()
        record.refresh_from_db()
        allocated = record.num_allocated
        hear = partial(facade.refresh, payment.pk, by="callback")

        score.run(one=hear, other=hear)

        assert assert_adds_up(ping, payment) == TOTAL
        record.refresh_from_db()
        assert (record.num_in_stock, record.num_allocated) == (1_000_000, allocated - QUANTITY)
        score.won(score.teller("refund_done"))
    score.assert_both_orders_occurred()


def test_f9_closed_twice_at_once(paid, ping, race, fewer_rounds, in_turn):
    score = race("F9 close and close", "one", "other")

    for payment in in_turn(paid(fewer_rounds)):
        close = partial(facade.close, payment.payment_order_id, person=facade.Person("Berit"))

        answers = score.run(one=close, other=close)

        assert [answer.status for answer in answers.values()] == ["CLOSED", "CLOSED"]
        assert PaymentOrder.objects.get(pk=payment.payment_order_id).status == "CLOSED"
        assert StaffAction.objects.filter(payment_order=payment.payment_order_id).count() in (1, 2)
        score.won(score.first)


def test_f9_split_and_refund(paid, ping, race, fewer_rounds, in_turn):
    """Whichever Ping hears first; and what it took on is recorded as it took it."""
    score = race("F9 split and refund", "split", "refund")

    def splits(payment: Payment) -> str:
        try:
            return facade.split(payment.payment_order_id, fast_forward=True).status
        except facade.RefundOnItsWayError:
            return "refund on its way"

    for payment in in_turn(paid(fewer_rounds)):
        answers = score.run(split=partial(splits, payment), refund=partial(refunds, payment))

        assert answers["split"] in ("SPLIT", "refund on its way")
        assert answers["refund"] in (MADE, "RejectedError", "NotRefundableError")
        assert MADE in (answers["refund"], answers["split"].replace("SPLIT", MADE))
        carried_out(ping, payment)
        assert assert_adds_up(ping, payment) == (TOTAL if answers["refund"] == MADE else 0)
        score.notes[f"split: {answers['split']}, refund: {answers['refund']}"] += 1
        score.won("refund" if answers["refund"] == MADE else "split")


def test_two_syncs_settle_each_order_once(paid, ping, race, fewer_rounds, in_turn, settings):
    settings.PINGPAYMENTS = {**settings.PINGPAYMENTS, "SETTLE": {"when": "paid", "days": 0}}
    payments = paid(fewer_rounds * 4)
    assert Settlement.objects.count() == len(payments)
    Settlement.objects.update(due_at=None)
    score = race("two syncs settle", "one", "other")

    for first in in_turn(payments[::4]):
        start = payments.index(first)
        mine = payments[start : start + 4]
        Settlement.objects.filter(payment_order__payments__in=mine).update(due_at=timezone.now())

        answers = score.run(one=facade.sync, other=facade.sync)

        assert sum(answer.settled for answer in answers.values()) == 4
        assert {answer.failed for answer in answers.values()} == {0}
        closed = [call["path"] for call in ping.calls() if call["operation"] == "close"]
        assert len(closed) == len(set(closed)) == start + 4
        score.won(max(answers, key=lambda actor: answers[actor].settled))
