"""An order expires by the time that stands when it is written, not by the one that was read before."""

from __future__ import annotations

from datetime import timedelta

from django.db import connection
from django.utils import timezone

from oscar_pingpayments import facade
from oscar_pingpayments.models import PaymentOrder


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
