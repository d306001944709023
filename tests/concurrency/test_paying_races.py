"""Several hear of the same money in the same instant: the order is paid once, in every row and letter."""

from __future__ import annotations

import dataclasses
import threading
from functools import partial

import pytest
from django.core import mail
from django.db import connection, transaction
from django.db.models import QuerySet

from oscar_pingpayments import facade
from oscar_pingpayments.models import Callback, Effect, Exchange, Payment
from oscar_pingpayments.statuses import Meaning

from .counter import AWAITING, CANCELLED, CONTEXT, NOTHING, PAID, call_back, come_back, make_due, run_out
from .race import wait_until, waiting_for_locks


@pytest.mark.parametrize("latency", [0, 0.02], ids=["at once", "Ping at 20 ms"])
def test_r2_callback_and_return(counter, ping, race, rounds, in_turn, latency):
    score = race(f"R2 callback and return, Ping at {latency * 1000:.0f} ms", "callback", "page")
    payments = counter.payments(rounds // 2)
    if latency:
        ping.misbehave("get_payment", "latency", seconds=latency, times=None)

    for payment in in_turn(payments):
        ping.says(payment.ping_id, "COMPLETED")

        answers = score.run(callback=partial(call_back, payment), page=partial(come_back, payment))

        assert answers == {"callback": 200, "page": 303}
        assert counter.end(payment.payment_order_id) == PAID
        score.won(score.teller("order_paid"))
        score.notes["both asked"] += payment.payment_order.exchanges.filter(method="GET").count() == 2
    counter.assert_holds()
    score.assert_both_orders_occurred()


@pytest.mark.parametrize("latency", [0, 0.02], ids=["at once", "Ping at 20 ms"])
def test_c1_callback_and_callback(counter, ping, race, rounds, in_turn, latency):
    score = race(f"C1 callback and callback, Ping at {latency * 1000:.0f} ms", "one", "other")
    payments = counter.payments(rounds // 2)
    if latency:
        ping.misbehave("get_payment", "latency", seconds=latency, times=None)

    for payment in in_turn(payments):
        ping.says(payment.ping_id, "COMPLETED")

        answers = score.run(one=partial(call_back, payment), other=partial(call_back, payment))

        assert answers == {"one": 200, "other": 200}
        assert counter.end(payment.payment_order_id) == PAID
        calls = list(payment.callbacks.values_list("outcome", flat=True))
        assert len(calls) == 2
        score.won(score.teller("order_paid"))
        score.notes["both asked"] += calls.count(Callback.Outcome.ASKED) == 2
    counter.assert_holds()
    score.assert_both_orders_occurred()


@pytest.mark.parametrize("latency", [0, 0.02], ids=["at once", "Ping at 20 ms"])
def test_c3_sync_and_callback(counter, ping, race, rounds, in_turn, latency):
    score = race(f"C3 sync and callback, Ping at {latency * 1000:.0f} ms", "sync", "callback")
    payments = counter.payments(rounds // 2)
    if latency:
        ping.misbehave("get_payment", "latency", seconds=latency, times=None)

    for payment in in_turn(payments):
        ping.says(payment.ping_id, "COMPLETED")
        make_due(payment)

        answers = score.run(sync=facade.sync, callback=partial(call_back, payment))

        assert answers["callback"] == 200
        assert (answers["sync"].failed, answers["sync"].unanswered) == (0, 0)
        assert counter.end(payment.payment_order_id) == PAID
        score.won(score.teller("order_paid"))
        score.notes["both asked"] += payment.payment_order.exchanges.filter(method="GET").count() == 2
    counter.assert_holds()
    score.assert_both_orders_occurred()


def test_o1_two_syncs_at_once(counter, ping, race, fewer_rounds, in_turn):
    """Each due payment is asked about once, each order ended once, each letter that was left sent once."""
    score = race("O1 two syncs at once", "one", "other")
    payments = counter.payments(fewer_rounds * 4)

    for four in in_turn(list(zip(*[iter(payments)] * 4, strict=True))):
        paid, declined, over, unsent = four
        ping.says(unsent.ping_id, "COMPLETED")
        facade.refresh(unsent.pk, by="test")
        mail.outbox.clear()
        Effect.objects.filter(payment_order=unsent.payment_order_id, name="confirmation").update(
            done_at=None, claimed_at="2026-01-01T00:00Z"
        )
        ping.says(paid.ping_id, "COMPLETED")
        ping.says(declined.ping_id, "DECLINED")
        run_out(over)
        make_due(paid, declined)

        answers = score.run(one=facade.sync, other=facade.sync)

        assert counter.end(paid.payment_order_id) == counter.end(unsent.payment_order_id) == PAID
        assert counter.end(declined.payment_order_id) == dataclasses.replace(
            AWAITING, attempts=(("DECLINED", NOTHING, None),)
        )
        assert counter.end(over.payment_order_id) == dataclasses.replace(CANCELLED, state="expired")
        counter.held -= 1
        for payment in (paid, declined):
            asked = payment.payment_order.exchanges.filter(method="GET").count()
            assert asked == 1
        sums = list(answers.values())
        assert [sum(getattr(each, name) for each in sums) for name in ("asked", "paid", "effects")] == [
            2,
            1,
            1,
        ]
        assert [sum(getattr(each, name) for each in sums) for name in ("failed", "unanswered")] == [0, 0]
        score.won(score.teller("order_paid"))
        score.teller("order_cancelled")  # once
    counter.assert_holds()
    score.assert_both_orders_occurred()


def test_c4_callback_before_initiate_has_answered(counter, ping, race, fewer_rounds, in_turn):
    """Ping calls about a payment whose id we do not know yet: whoever writes first, the money is recorded.

    Both have their answers from Ping, and wait for a third connection to let them note these; then they go.
    """
    score = race("C4 initiate and callback", "initiate", "callback", "holder")

    def hold(second: QuerySet[Payment], held: threading.Event) -> None:
        wait_until(second.exists)
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(f"LOCK TABLE {Exchange._meta.db_table} IN SHARE MODE")
            held.set()
            wait_until(lambda: waiting_for_locks() == 2)

    def call(second: QuerySet[Payment], held: threading.Event, ping_order: str) -> int:
        def at_ping() -> list[str]:
            return next(order["payments"] for order in ping.orders() if order["id"] == ping_order)

        assert held.wait(timeout=10)
        wait_until(lambda: len(at_ping()) == 2)
        ping.says(at_ping()[1], "COMPLETED")
        return call_back(second.get())

    for first in in_turn(counter.payments(fewer_rounds)):
        ping.says(first.ping_id, "DECLINED")
        facade.refresh(first.pk, by="test")
        ping.misbehave("initiate_payment", "latency", seconds=0.05)
        payment_order = first.payment_order
        second = Payment.objects.filter(payment_order=payment_order, number=2, sent_at__isnull=False)
        held = threading.Event()

        answers = score.run(
            initiate=partial(facade.start, payment_order.pk, CONTEXT),
            callback=partial(call, second.all(), held, str(payment_order.ping_id)),
            holder=partial(hold, second.all(), held),
        )

        assert answers["callback"] == 200
        assert answers["initiate"].pay_url.startswith(ping.url)
        assert counter.end(payment_order.pk) == dataclasses.replace(
            PAID, attempts=(("DECLINED", NOTHING, None), *PAID.attempts)
        )
        # Who wrote first is seen by what was written: signals are sent after the commit, in whatever order.
        callback_first = answers["initiate"].meaning is Meaning.PAID
        assert answers["initiate"].can_be_paid_at == ("" if callback_first else answers["initiate"].pay_url)
        score.won("callback" if callback_first else "initiate")
    counter.assert_holds()
    if score.rounds >= 20:
        assert min(score.wins["callback"], score.wins["initiate"]) > 0
