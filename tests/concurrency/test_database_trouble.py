"""The database gives up in the middle: all of it was written or nothing, and a sync finishes it."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, suppress
from decimal import Decimal
from functools import partial

import pytest
from django.db import OperationalError, close_old_connections, connection, connections, router, transaction
from oscar.core.loading import get_model

from oscar_pingpayments import facade
from oscar_pingpayments.ledger.locking import for_update
from oscar_pingpayments.models import Effect, Payment, PaymentOrder

from .counter import AWAITING, PAID, ShopCounter, call_back, make_due
from .race import wait_until, waiting_for_locks

Order = get_model("order", "Order")
Line = get_model("order", "Line")


def execute(sql: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(sql)


@contextmanager
def callback_in_a_thread(payment: Payment, *statements: str) -> Iterator[Callable[[], int]]:
    """Let a callback be handled over another connection, on which these statements are executed first."""

    def handle() -> int:
        try:
            for statement in statements:
                execute(statement)
            return call_back(payment)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(1) as pool:
        future = pool.submit(handle)
        yield partial(future.result, timeout=30)


def assert_left_and_finished_by_sync(counter: ShopCounter, payment: Payment) -> None:
    """Fail unless nothing was written but that Ping could not be asked, and a sync makes it good."""
    assert counter.end(payment.payment_order_id) == AWAITING
    assert list(payment.callbacks.values_list("outcome", flat=True)) == ["no_answer"]
    later(payment)
    assert facade.sync().paid == 1
    assert counter.end(payment.payment_order_id) == PAID
    counter.assert_holds()


def later(payment: Payment) -> None:
    """Let so much time pass that what was left due is done by the next sync."""
    payment.refresh_from_db()
    assert payment.ask_again_at is not None
    make_due(payment)
    Effect.objects.filter(done_at=None).update(claimed_at="2026-01-01T00:00Z")


@pytest.fixture
def paid_at_ping(counter, ping) -> Payment:
    """An attempt that has been paid, and of which the shop has not heard."""
    (payment,) = counter.payments(1)
    ping.says(payment.ping_id, "COMPLETED")
    return payment


@pytest.mark.parametrize("held", ["payment order", "attempt", "order", "line"])
def test_c8_lock_timeout(counter, paid_at_ping, held):
    payment = paid_at_ping
    rows = {
        "payment order": PaymentOrder.objects.all(),
        "attempt": Payment.objects.all(),
        "order": Order.objects.all(),
        "line": get_model("order", "Line").objects.all(),
    }

    with transaction.atomic():
        list(rows[held].select_for_update(no_key=True))
        with callback_in_a_thread(payment, "SET lock_timeout = '50ms'") as answer:
            assert answer() == 503

    assert_left_and_finished_by_sync(counter, payment)


def test_c8_deadlock_of_which_the_callback_is_the_victim(counter, paid_at_ping):
    payment = paid_at_ping
    execute("SET deadlock_timeout = '20s'")

    with transaction.atomic():
        Order.objects.select_for_update().get()
        with callback_in_a_thread(payment, "SET deadlock_timeout = '200ms'") as answer:
            wait_until(lambda: waiting_for_locks() == 1)
            PaymentOrder.objects.select_for_update().get()  # which the callback holds
            assert answer() == 503

    assert_left_and_finished_by_sync(counter, payment)


def test_c8_deadlock_of_which_the_other_is_the_victim(counter, paid_at_ping):
    payment = paid_at_ping
    execute("SET deadlock_timeout = '10ms'")

    with callback_in_a_thread(payment, "SET deadlock_timeout = '20s'") as answer:
        with suppress(OperationalError), transaction.atomic():
            Order.objects.select_for_update().get()
            wait_until(lambda: waiting_for_locks() == 1)
            PaymentOrder.objects.select_for_update().get()
            pytest.fail("there was no deadlock")
        assert answer() == 200

    assert counter.end(payment.payment_order_id) == PAID


def test_c8_who_has_a_payment_order_alone_writes_to_its_attempts_without_a_deadlock(counter, paid_at_ping):
    """As one has it who had looked for attempts in the instant before the first one was there."""
    payment = paid_at_ping
    execute("SET deadlock_timeout = '10ms'")

    with ExitStack() as stack:
        with transaction.atomic():
            for_update(PaymentOrder.objects.all()).get()
            answer = stack.enter_context(callback_in_a_thread(payment, "SET deadlock_timeout = '20s'"))
            wait_until(lambda: waiting_for_locks() == 1)
            Payment.objects.update(asked_by="test")
        assert answer() == 200

    assert counter.end(payment.payment_order_id) == PAID


def test_c8_connection_terminated_while_the_callback_waits_for_a_lock(counter, paid_at_ping):
    payment = paid_at_ping

    with transaction.atomic():
        PaymentOrder.objects.select_for_update().get()
        with callback_in_a_thread(payment) as answer:
            wait_until(lambda: waiting_for_locks() == 1)
            terminate_others(but=own_backend())
            assert answer() == 503

    assert_left_and_finished_by_sync(counter, payment)


def test_c8_serialization_failure(counter, ping, race, fewer_rounds, in_turn):
    """A shop may have set its transactions to REPEATABLE READ: then one of two is undone, and not lost."""
    score = race("C8 two callbacks at REPEATABLE READ", "one", "other")

    def call(payment: Payment) -> int:
        execute("SET default_transaction_isolation = 'repeatable read'")
        return call_back(payment)

    for payment in in_turn(counter.payments(fewer_rounds)):
        ping.says(payment.ping_id, "COMPLETED")

        answers = score.run(one=partial(call, payment), other=partial(call, payment))

        assert sorted(answers.values()) in ([200, 200], [200, 503])
        assert counter.end(payment.payment_order_id) == PAID
        later(payment)
        summary = facade.sync()
        assert (summary.asked, summary.paid, summary.effects) == (1, 0, 0)
        assert counter.end(payment.payment_order_id) == PAID
        score.won(score.teller("order_paid"))
        score.notes["one was undone"] += 503 in answers.values()
    counter.assert_holds()
    score.assert_both_orders_occurred()
    assert score.notes["one was undone"]


def test_c8_connection_terminated_at_any_moment(counter, ping, race, rounds, in_turn):
    """All or nothing, whenever it happens; a sync finishes it. A letter may go out twice, but goes out."""
    score = race("C8 connection terminated in the middle of a callback", "callback", "terminator")
    score.chance = 0.05

    def call(payment: Payment) -> int:
        close_old_connections()  # as Django does when a request begins
        return call_back(payment)

    def terminate(but: int) -> None:
        close_old_connections()
        terminate_others(but=but)

    for payment in in_turn(counter.payments(rounds // 2)):
        ping.says(payment.ping_id, "COMPLETED")

        answers = score.run(callback=partial(call, payment), terminator=partial(terminate, own_backend()))

        end = counter.end(payment.payment_order_id)
        written = dataclasses.replace(end, effects=PAID.effects, mails=1) == PAID
        assert written or end == AWAITING
        assert written or answers["callback"] in (500, 503)
        calls = list(payment.callbacks.values_list("outcome", flat=True))
        score.notes[
            f"answered {answers['callback']}, {'written' if written else 'not written'}, {calls}"
        ] += 1
        later(payment)
        facade.sync()
        end = counter.end(payment.payment_order_id)
        assert end in (PAID, dataclasses.replace(PAID, mails=2))
        score.notes["sent twice"] += end.mails == 2
        score.wins["callback" if answers["callback"] == 200 else "terminator"] += (
            1  # anywhere, not at the edge
        )
    counter.assert_holds()
    assert min(score.wins.values()) > 0


def own_backend() -> int:
    """Return which process of the database's serves this thread."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        return int(cursor.fetchone()[0])


def terminate_others(*, but: int) -> None:
    """Terminate every other connection to this database, except one."""
    execute(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database()"
        f" AND backend_type = 'client backend' AND pid NOT IN (pg_backend_pid(), {but})"
    )


# Reads go to a replica, as Django's documentation has it


class PrimaryReplicaRouter:
    def db_for_read(self, model, **hints):
        return "replica"

    def db_for_write(self, model, **hints):
        return "default"

    def allow_relation(self, first, second, **hints):
        return True


@pytest.fixture
def with_replica(counter, monkeypatch) -> Iterator[Payment]:
    """An attempt in a shop whose replica is never behind: it has all but what is not committed yet."""
    (payment,) = counter.payments(1)
    monkeypatch.setitem(connections.settings, "replica", connections.settings["default"])
    connections["replica"].connect()
    monkeypatch.setattr(router, "routers", [PrimaryReplicaRouter()])
    yield payment
    connections["replica"].close()
    del connections["replica"]


def test_what_is_refunded_is_counted_where_it_is_written(with_replica, counter, ping):
    ping.manners(refunds="wait")
    payment = with_replica
    ping.says(payment.ping_id, "COMPLETED")
    facade.refresh(payment.pk, by="test")
    facade.refund(payment.payment_order_id, amount=Decimal("100.00"))
    with pytest.raises(facade.NotRefundableError, match="is left to refund"):
        facade.refund(payment.payment_order_id, amount=payment.amount)
    facade.refund(payment.payment_order_id)

    ping.finish_refunds()
    facade.refresh(payment.pk, by="test")

    payment_order = PaymentOrder.objects.get()
    assert (payment_order.state, payment_order.amount_refunded) == ("refunded", payment.amount)
    source = payment_order.order.sources.get()
    assert source.amount_refunded == payment.amount
    assert sorted(source.transactions.values_list("txn_type", "amount")) == [
        ("Debit", payment.amount),
        ("Refund", Decimal("100.00")),
        ("Refund", payment.amount - Decimal("100.00")),
    ]
    assert payment_order.order.status == "Refunded"
    counter.assert_holds()


def test_an_order_that_ends_gives_back_and_takes_again_what_it_has_where_that_is_written(
    with_replica, counter, ping, change, monkeypatch
):
    change(REINSTATE_LATE=True)
    for model in (Order, Line):
        monkeypatch.setattr(model, "pipeline", {**model.pipeline, "Cancelled": ("Being processed",)})
    payment = with_replica
    lines = Line.objects.values_list("num_allocated", "allocation_cancelled")
    assert list(lines.all()) == [(2, False)]

    facade.cancel(payment.payment_order_id, by="test")
    assert list(lines.all()) == [(0, True)]
    assert get_model("payment", "Source").objects.get().amount_allocated == 0

    ping.says(payment.ping_id, "COMPLETED")
    facade.refresh(payment.pk, by="test")
    assert list(lines.all()) == [(2, False)]
    assert PaymentOrder.objects.get().state == "paid"
    counter.assert_holds()
