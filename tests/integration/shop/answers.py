"""Answers of Ping's with something odd in them, for the tests of what the shop does then."""

from __future__ import annotations

from typing import Any

from oscar_pingpayments.models import Payment
from oscar_pingpayments.money import to_minor


def answer(payment: Payment, status: str = "COMPLETED", **changes: Any) -> dict[str, Any]:
    """Return what Ping answers about ``payment``, with some members of another value."""
    return {
        "id": str(payment.ping_id),
        "payment_order_id": str(payment.payment_order.ping_id),
        "status": status,
        "currency": payment.currency,
        "total_amount": to_minor(payment.amount, payment.currency),
        "provider": "payment_iq",
        "method": "card",
        "metadata": {"attempt": str(payment.number)},
        "order_items": [],
        "status_history": [],
        "refunds": None,
        **changes,
    }


def let_ping_answer(ping: Any, payment: Payment, status: str = "COMPLETED", **changes: Any) -> None:
    """Make Ping give that answer to the next question about a payment."""
    ping.misbehave("get_payment", "status", status=200, body=answer(payment, status, **changes))


def refunded(*amounts: int, at: str = "2026-03-01T12:00:00Z") -> list[dict[str, Any]]:
    """Return Ping's list of refunds of these amounts, in the smallest unit."""
    return [{"amount": amount, "refunded_at": at} for amount in amounts]
