"""An order ends while its money comes: it is paid and stays, or it has ended and a person is told."""

from __future__ import annotations

import dataclasses
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from django.utils import timezone

from oscar_pingpayments import facade
from oscar_pingpayments.models import PaymentOrder

from .counter import AWAITING, CANCELLED, CONTEXT, LATE, NOTHING, PAID, call_back, run_out

EXPIRED = dataclasses.replace(CANCELLED, state="expired")
EXPIRED_LATE = dataclasses.replace(LATE, state="expired")


@pytest.fixture(params=["stopped", "cannot be stopped"])
def stops(request, ping) -> bool:
    """Whether Ping stops a card payment; that is not documented, so both must come right."""
    ping.manners(stop_refused=request.param == "cannot be stopped")
    return request.param == "stopped"


def test_m6_cancel_and_complete(counter, ping, race, rounds, in_turn, stops):
    score = race(f"M6 cancel and complete, {'stops' if stops else 'cannot stop'}", "cancel", "complete")

    def complete(payment: Any) -> int:
        ping.says(payment.ping_id, "COMPLETED")
        return call_back(payment)

    for payment in in_turn(counter.payments(rounds // 2)):
        number = payment.payment_order_id

        answers = score.run(
            cancel=partial(facade.cancel, number, by="staff"), complete=partial(complete, payment)
        )

        assert answers["complete"] == 200
        end = counter.end(number)
        cancelled = answers["cancel"].state == "cancelled"
        assert end == (LATE if cancelled else PAID)
        counter.held -= cancelled
        score.won("cancel" if cancelled else "complete")
        told = sorted(name for name, _ in score.told if name != "payment_failed")
        assert told == (["attention_needed", "order_cancelled"] if cancelled else ["order_paid"])
    counter.assert_holds()
    score.assert_both_orders_occurred()


@pytest.mark.parametrize("ender", ["facade", "sync"])
def test_m2_expire_and_complete(counter, ping, race, rounds, in_turn, ender):
    ping.manners(stop_refused=True)
    score = race(f"M2 expire ({ender}) and complete", "expire", "complete")

    def complete(payment: Any) -> int:
        ping.says(payment.ping_id, "COMPLETED")
        return call_back(payment)

    for payment in in_turn(counter.payments(rounds // 2)):
        run_out(payment)
        number = payment.payment_order_id

        answers = score.run(
            expire=facade.sync if ender == "sync" else partial(facade.expire, number),
            complete=partial(complete, payment),
        )

        assert answers["complete"] == 200
        expired = PaymentOrder.objects.get(pk=number).state == "expired"
        assert counter.end(number) == (EXPIRED_LATE if expired else PAID)
        counter.held -= expired
        score.won("expire" if expired else "complete")
        told = sorted(name for name, _ in score.told)
        assert told == (["attention_needed", "order_cancelled"] if expired else ["order_paid"])
    counter.assert_holds()
    score.assert_both_orders_occurred()


def test_m10_expiry_cancellation_failed_notice_and_staff_release_once(
    counter, ping, race, fewer_rounds, in_turn
):
    score = race("M10 expire, cancel, staff and a failed notice", "expire", "payer", "staff", "notice")
    score.onlookers = frozenset({"notice"})

    for payment in in_turn(counter.payments(fewer_rounds)):
        run_out(payment)
        ping.says(payment.ping_id, "DECLINED")
        number = payment.payment_order_id

        answers = score.run(
            expire=partial(facade.expire, number),
            payer=partial(facade.cancel, number, by="payer"),
            staff=partial(facade.cancel, number, by="staff"),
            notice=partial(call_back, payment),
        )

        assert answers["notice"] == 200
        state = PaymentOrder.objects.get(pk=number).state
        assert {answers[actor].state for actor in ("expire", "payer", "staff")} == {state}
        winner = score.teller("order_cancelled")
        assert state == ("expired" if winner == "expire" else "cancelled")
        assert counter.end(number) == dataclasses.replace(
            CANCELLED, state=state, attempts=(("DECLINED", NOTHING, None),)
        )
        assert PaymentOrder.objects.get(pk=number).order.notes.count() == 1
        counter.held -= 1
        counter.assert_holds()
        score.won(winner)
        score.teller("payment_failed")  # once
    assert score.wins["notice"] == 0


@pytest.mark.parametrize("ender", ["cancel", "expire"])
def test_m10_payment_started_as_the_order_ends(counter, ping, race, fewer_rounds, in_turn, ender):
    """Whoever is sent to Ping's page pays an order that is open, or money comes late and is shown."""
    score = race(f"M10 start and {ender}", "start", "end")

    for payment in in_turn(counter.payments(fewer_rounds)):
        number = payment.payment_order_id
        ping.says(payment.ping_id, "DECLINED")
        facade.refresh(payment.pk, by="test")
        if ender == "expire":
            soon = timezone.now() + timedelta(milliseconds=15)
            PaymentOrder.objects.filter(pk=number).update(expires_at=soon)

        answers = score.run(start=partial(start, number), end=partial(end, number, ender))

        state = "expired" if ender == "expire" else "cancelled"
        declined = ("DECLINED", NOTHING, None)
        ended = dataclasses.replace(CANCELLED, state=state, attempts=(declined,))
        if answers["start"] == "not payable":
            assert answers["end"] == state
            assert counter.end(number) == ended
            score.notes["no attempt"] += 1
        elif answers["end"] in ("on its way", "has time"):
            # The attempt was written, and Ping had not answered yet, or there is time to pay it now.
            again = payment.payment_order.payments.get(number=2)
            attempt = (again.status, NOTHING, again.live)
            assert attempt in [("", NOTHING, True), ("INITIATED", NOTHING, True), ("STOPPED", NOTHING, None)]
            assert counter.end(number) == dataclasses.replace(AWAITING, attempts=(declined, attempt))
            assert answers["start"] == again.pay_url
            assert again.pay_url.startswith(ping.url)
            score.notes["stopped, to be tried again"] += again.status == "STOPPED"
            run_out(payment)
            assert end(number, ender) == state
            score.notes["ended later"] += 1
        else:
            assert answers["end"] == state
            score.notes["attempt stopped"] += 1
        attempts = [
            (declined,),
            (declined, ("STOPPED", NOTHING, None)),
            (declined, ("INITIATED", NOTHING, None)),
            (declined, ("", NOTHING, None)),  # a sync asks about it, and stops it
        ]
        assert counter.end(number) in [dataclasses.replace(ended, attempts=each) for each in attempts]
        counter.held -= 1
        score.won("start" if answers["start"] != "not payable" else "end")
    counter.assert_holds()
    score.assert_both_orders_occurred()


def start(payment_order_id: int) -> str:
    """Click "try again"; return the page to pay on, or why there is none."""
    try:
        return facade.start(payment_order_id, CONTEXT).can_be_paid_at
    except facade.NotPayableError:
        return "not payable"


def end(payment_order_id: int, ender: str) -> str:
    """End the order; return its state, or why it has not ended."""
    try:
        if ender == "expire":
            while (found := facade.expire(payment_order_id)).is_awaiting:
                if found.expires_at > timezone.now() + timedelta(minutes=1):
                    return "has time"
            return found.state
        return facade.cancel(payment_order_id, by="staff").state
    except facade.StillPayableError:
        return "on its way"
