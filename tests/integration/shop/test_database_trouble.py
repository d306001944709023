"""A callback meets a database that goes on giving up: it is answered, and stays due."""

from __future__ import annotations

from decimal import Decimal
from functools import partial
from unittest.mock import Mock

import pytest
from django.core import mail
from django.db import OperationalError, connection, connections, router, transaction

from oscar_pingpayments import facade, signals
from oscar_pingpayments.facade import outbox
from oscar_pingpayments.facade.writing import write
from oscar_pingpayments.ledger import Book, acted
from oscar_pingpayments.models import Callback, Payment, Refund, StaffAction, read_again
from tests.shopper import Shopper, create_product

from .conftest import call_back, rows
from .refunding import asked, carried_out, sums


@pytest.mark.django_db(transaction=True)
def test_c8_an_attempt_that_cannot_even_be_put_off_stays_due_when_it_was(started, ping, caplog):
    """Somebody else holds its row for longer than the database lets a statement wait."""

    def fail(execute, sql, params, many, context):
        if sql.replace("`", '"').startswith('UPDATE "pingpayments_payment"'):
            raise OperationalError("canceling statement due to lock timeout")
        return execute(sql, params, many, context)

    ping.pay(started.payment.pay_url)
    before, due = rows(), started.payment.ask_again_at
    with connection.execute_wrapper(fail):
        assert call_back(started).status_code == 503

    assert rows() == {**before, "Callback": 1, "Exchange": before["Exchange"] + 1}
    assert Callback.objects.get().outcome == Callback.Outcome.NO_ANSWER
    assert (started.order.status, started.payment.status) == ("Pending", "")
    assert started.payment.ask_again_at == due
    assert mail.outbox == []
    assert "A callback could not be put off" in caplog.text


@pytest.mark.django_db(transaction=True)
@pytest.mark.django_db(transaction=True)
def test_c8_a_connection_that_broke_off_while_a_callback_was_written_is_replaced(ping):
    shopper = Shopper()
    shopper.buys(create_product())
    ping.pay(shopper.payment.pay_url)
    Payment.objects.update(ask_again_at=None)

    def break_off(execute, sql, params, many, context):
        if sql.startswith("INSERT") and "payment_transaction" in sql:
            connection.connection.close()
        return execute(sql, params, many, context)

    with connection.execute_wrapper(break_off):
        assert call_back(shopper).status_code == 503

    assert Callback.objects.get().outcome == Callback.Outcome.NO_ANSWER
    assert (shopper.order.status, shopper.payment.status) == ("Pending", "")
    assert shopper.payment.ask_again_at is not None
    assert call_back(shopper).status_code == 200
    assert (shopper.order.status, len(mail.outbox)) == ("Being processed", 1)


@pytest.mark.django_db(transaction=True)
def test_c8_a_call_about_an_attempt_whose_row_is_held_is_logged_all_the_same(started, ping):
    """It has failed, so it is not due for a day; a sync would be let ask sooner, but its row is held."""

    def fail(execute, sql, params, many, context):
        if sql.replace("`", '"').startswith('UPDATE "pingpayments_payment"'):
            raise OperationalError("canceling statement due to lock timeout")
        return execute(sql, params, many, context)

    ping.decline(started.payment.pay_url)
    assert call_back(started).status_code == 200

    with connection.execute_wrapper(fail):
        assert call_back(started).status_code == 503

    assert [call.outcome for call in Callback.objects.order_by("pk")] == ["asked", "no_answer"]


@pytest.mark.django_db(transaction=True)
def test_c8_what_goes_wrong_after_the_commit_does_not_write_everything_once_more(started, monkeypatch):
    lost = OperationalError("server closed the connection unexpectedly")
    monkeypatch.setattr(outbox, "send", Mock(side_effect=lost))
    staff = facade.Person("Karin")

    def entry(book: Book) -> str:
        acted(book.payment_order, StaffAction.Name.CLOSE, staff)
        book.news.tell(signals.payment_started, payment_order=book.payment_order)
        return "written"

    assert write(started.payment_order.pk, entry) == "written"

    assert StaffAction.objects.count() == 1


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("does", [facade.close, facade.stop, partial(facade.cancel, by="staff")])
def test_ping_is_not_asked_for_what_could_not_be_written_down(started, ping, does):
    calls = len(ping.calls())

    with pytest.raises(RuntimeError), transaction.atomic():
        does(started.payment_order.pk, person=facade.Person("Karin"))

    assert len(ping.calls()) == calls


class ReadsOursElsewhere:
    """A router like the one in Django's documentation, for our rows alone."""

    def db_for_read(self, model, **hints):
        return "replica" if model._meta.app_label == "pingpayments" else None

    def db_for_write(self, model, **hints):
        return "default"

    def allow_relation(self, first, second, **hints):
        return True


@pytest.fixture
def replica(monkeypatch, tmp_path):
    """A replica that has not heard of anything yet."""
    kept = {
        **connections.settings["default"],
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": str(tmp_path / "replica"),
        "OPTIONS": {},
    }
    monkeypatch.setitem(connections.settings, "replica", kept)
    monkeypatch.setattr(router, "routers", [ReadsOursElsewhere()])
    yield
    connections["replica"].close()
    del connections["replica"]


def test_our_rows_are_read_where_they_are_written(replica, buyer, ping, staff):
    ping.pay(buyer.payment.pay_url)
    assert call_back(buyer).status_code == 200
    assert buyer.order.ping_payment_order.is_paid
    refund = buyer.refund(amount=Decimal("1000.00"), key="return-17")
    for again in ({"amount": Decimal("56.00"), "key": "return-17"}, {"amount": Decimal("56.01")}):
        with pytest.raises((facade.NotRefundableError, facade.RefundExistsError)):
            buyer.refund(**again)

    carried_out(buyer, ping)
    read_again(refund)

    assert refund.state == "done"
    assert Refund.objects.get().payment.payment_order.amount_refunded == Decimal("1000.00")
    assert sums(buyer) == (Decimal("1000.00"),) * 3
    assert facade.sync().failed == 0
    assert facade.last_sync() is not None
    assert len(asked(ping)) == 1


def test_oscar_moves_the_lines_of_an_order_as_they_are_where_they_are_written(
    replica, started, ping, change, monkeypatch
):
    """It saves them whole: as a replica has them, they would hold again what was given back."""

    class ReadsLinesElsewhere(ReadsOursElsewhere):
        def db_for_read(self, model, **hints):
            return "replica" if model._meta.label == "order.Line" else None

    change(EMAILS={"confirmation": False})  # its letter, which Oscar writes, reads them wherever it likes
    line = started.order.lines.get()
    ping.pay(started.payment.pay_url)
    monkeypatch.setattr(router, "routers", [ReadsLinesElsewhere()])

    assert call_back(started).status_code == 200

    read_again(line)
    assert (line.status, line.num_allocated) == ("Being processed", 1)
    assert started.order.status == "Being processed"
