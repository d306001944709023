"""An order expires by the time that stands when it is written, not by the one that was read before."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.core import mail
from django.db import connection, transaction
from django.urls import reverse
from django.utils import timezone
from oscar.core.loading import get_class

from oscar_pingpayments import facade
from oscar_pingpayments.facade import overtaking
from oscar_pingpayments.models import PaymentOrder
from tests.shopper import Shopper


def changes_the_order(shopper: Shopper) -> str:
    """Press *Change my order*, and return what the next page says."""
    url = reverse("pingpayments:change", args=[shopper.payment_order.token])
    return shopper.client.post(url, follow=True).content.decode()


def staff_set(order: Any, status: str) -> None:
    """Do what staff do in Oscar's dashboard; "Being processed" as for what was paid by bank transfer."""
    with transaction.atomic():
        get_class("order.processing", "EventHandler")().handle_order_status_change(order, status)


def test_m10_an_order_that_was_given_more_time_while_ping_was_asked_does_not_expire(started, ping):
    PaymentOrder.objects.update(expires_at="2026-01-01T00:00Z")
    later = timezone.now() + timedelta(minutes=15)

    def give_time(execute, sql, params, many, context):
        if sql.startswith("INSERT") and "pingpayments_exchange" in sql:  # Ping has answered
            PaymentOrder.objects.update(expires_at=later)
        return execute(sql, params, many, context)

    with connection.execute_wrapper(give_time):
        payment_order = facade.expire(started.payment_order.pk)

    assert (payment_order.state, payment_order.expires_at) == ("awaiting", later)
    assert started.order.status == "Pending"
    assert started.order.lines.get().num_allocated == 1
    assert started.order.notes.count() == 0


def test_m12_an_order_that_staff_have_moved_on_is_left_to_them_when_its_time_runs_out(started, ping, clock):
    """Paid by bank transfer, say: nothing is cancelled and nothing given back, and a person is told."""
    staff_set(started.order, "Being processed")
    clock.passes(hours=3)

    assert facade.sync().ended == 1

    assert started.order.status == "Being processed"
    assert started.order.lines.get().num_allocated == 1
    assert (started.payment_order.state, started.payment_order.attention) == ("expired", "order")
    assert "The order is “Being processed”, and was left as it is." in started.payment_order.attention_detail
    assert mail.outbox == []
    page = started.sees().content.decode()
    assert "The time to pay by card has run out. Please ask us about your order." in page
    assert "Put everything back" not in page
    calls = len(ping.calls())
    assert facade.sync().ended == 0
    assert len(ping.calls()) == calls


def test_m12_a_payer_cannot_cancel_an_order_that_staff_have_moved_on(started, ping, heard):
    staff_set(started.order, "Being processed")
    calls = len(ping.calls())

    page = changes_the_order(started)

    assert "We are handling your order, so it cannot be changed here. Please ask us about it." in page
    assert started.order.status == "Being processed"
    assert started.order.lines.get().num_allocated == 1
    assert (started.payment_order.state, started.payment.live) == ("awaiting", True)
    assert started.basket.is_empty
    assert "stop_payment" not in [call["operation"] for call in ping.calls()[calls:]]
    assert heard == []


def test_m12_a_payer_cannot_cancel_an_order_that_staff_move_on_while_ping_is_asked(started, at_ping):
    at_ping(lambda: staff_set(started.order, "Being processed"), "GET")

    page = changes_the_order(started)

    assert "We are handling your order" in page
    assert started.order.status == "Being processed"
    assert started.order.lines.get().num_allocated == 1
    assert started.payment_order.state == "awaiting"
    assert started.basket.is_empty


def test_m12_a_payer_does_not_get_back_what_was_left_to_staff(started, clock):
    staff_set(started.order, "Being processed")
    clock.passes(hours=3)
    facade.sync()
    assert started.payment_order.is_with_staff

    page = changes_the_order(started)

    assert "We are handling your order" in page
    assert started.order.status == "Being processed"
    assert started.order.lines.get().num_allocated == 1
    assert started.payment_order.refilled_at is None
    assert started.basket.is_empty


def test_m12_what_was_left_to_staff_is_given_back_when_they_cancel_it(started, clock, heard):
    staff_set(started.order, "Being processed")
    clock.passes(hours=3)
    facade.sync()
    assert "order_cancelled" not in [name for name, _ in heard]

    read_before = started.payment_order
    with transaction.atomic():
        staff_set(started.order, "Cancelled")
    overtaking._let_go(read_before)  # as a second one in the same instant does

    assert started.order.lines.get().num_allocated == 0
    assert (started.payment_order.state, started.payment_order.attention) == ("expired", "")
    assert [name for name, _ in heard].count("order_cancelled") == 1
