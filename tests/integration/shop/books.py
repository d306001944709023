"""What holds for every order, whatever went wrong on its way: the money is right, and told once."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from django.core import mail
from django.utils import timezone

from oscar_pingpayments import facade
from oscar_pingpayments.models import Payment, PaymentOrder
from oscar_pingpayments.money import from_minor
from oscar_pingpayments.statuses import State

STATUSES = {State.AWAITING: "Pending", State.PAID: "Being processed", State.CANCELLED: "Cancelled"}


def assert_books_agree(ping: Any) -> None:
    """Let a sync ask about everything, and find the same money at Ping, in our rows and in Oscar's.

    An order is paid once, and confirmed once where it is.
    """
    ping.clear_faults()
    Payment.objects.exclude(ask_again_at=None).update(ask_again_at=timezone.now())
    assert facade.sync().failed == 0
    for payment_order in PaymentOrder.objects.select_related("order"):
        order = payment_order.order
        source = order.sources.get()
        events = list(order.payment_events.all())
        books = {
            "at Ping": paid_at_ping(ping, payment_order),
            "payment order": payment_order.amount_paid,
            "attempts": total(row.amount_received for row in payment_order.payments.all()),
            "source": source.amount_debited,
            "transactions": total(row.amount for row in source.transactions.filter(txn_type="Debit")),
            "events": total(event.amount for event in events),
        }
        assert len(set(books.values())) == 1, books
        assert [event.line_quantities.count() > 0 for event in events].count(True) == payment_order.is_paid
        assert payment_order.payments.filter(live=True).count() <= 1
        assert order.status == STATUSES.get(State(payment_order.state), "Cancelled")
        assert len(confirmations(order)) == payment_order.is_paid


def paid_at_ping(ping: Any, payment_order: PaymentOrder) -> Decimal:
    """Return what Ping holds for an order."""
    return total(
        from_minor(remote["total_amount"], remote["currency"])
        for remote in ping.payments()
        if remote["payment_order_id"] == str(payment_order.ping_id) and remote["status"] == "COMPLETED"
    )


def confirmations(order: Any) -> list[Any]:
    """Return the confirmations of an order that its payer was sent."""
    subject = f"Confirmation of order {order.number}"
    return [message for message in mail.outbox if message.subject == subject and message.to == [order.email]]


def confirmed() -> list[str]:
    """Return the addresses to which orders were confirmed, one for each confirmation."""
    sent = [message for message in mail.outbox if message.subject.startswith("Confirmation of order ")]
    return sorted(to for message in sent for to in message.to)


def total(amounts: Any) -> Decimal:
    """Return the sum of some amounts, with two decimals."""
    return sum(amounts, Decimal("0.00"))
