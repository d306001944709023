"""Oscar's record of the money: source, transactions and payment events, made from our own rows."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from django.db.models import Q
from oscar.core.loading import get_model

from ..models import Payment, PaymentOrder, written
from ..statuses import State

#: The code of Oscar's source type (staff may rename it) and of the method in the checkout.
CODE = "paymentiq-card"
NAME = "PaymentIQ card"
PAID = "Paid"
REFUNDED = "Refunded"


def record(payment_order: PaymentOrder, order: Any, *, is_new: bool = False) -> Any:
    """Write the order's source from the payment order's amounts, and return it.

    Allocated is what was asked for while it may still come, and then what came; debited is all that came,
    fitting or not; refunded what went back.
    """
    source_type, _ = get_model("payment", "SourceType")._default_manager.get_or_create(
        code=CODE, defaults={"name": NAME}
    )
    expected = payment_order.amount if payment_order.state == State.AWAITING else Decimal(0)
    source = None if is_new else written(order.sources).filter(source_type=source_type).order_by("pk").first()
    if source is None:
        source = get_model("payment", "Source")(order=order, source_type=source_type)
    source.currency = payment_order.currency
    source.amount_allocated = max(expected, payment_order.amount_paid)
    source.amount_debited = payment_order.amount_paid
    source.amount_refunded = payment_order.amount_refunded
    source.reference = str(payment_order.ping_id)
    source.save()
    return source


def add_transaction(source: Any, kind: str, amount: Decimal, payment: Payment) -> None:
    """Add a line to the source's record: ``kind`` is Oscar's "Debit" or "Refund"."""
    source.transactions.create(
        txn_type=kind, amount=amount, reference=str(payment.ping_id), status=payment.status
    )


def add_event(
    order: Any, name: str, amount: Decimal, payment: Payment, *, quantities: Mapping[Any, int]
) -> None:
    """Add a payment event for so many pieces of these lines, or for the amount alone."""
    event = order.payment_events.create(
        event_type=_event_type(name), amount=amount, reference=str(payment.ping_id)
    )
    if quantities:
        rows = get_model("order", "PaymentEventQuantity")
        rows._default_manager.bulk_create(
            rows(event=event, line=line, quantity=quantity) for line, quantity in quantities.items()
        )


def permitted(name: str, quantities: Mapping[Any, int]) -> dict[Any, int]:
    """Return of which lines Oscar takes another event: it allows one of a type once for each piece.

    Staff may have made one by hand.
    """
    event_type = _event_type(name)
    return {
        line: quantity
        for line, quantity in quantities.items()
        if line.is_payment_event_permitted(event_type, quantity)
    }


def _event_type(name: str) -> Any:
    types = written(get_model("order", "PaymentEventType")._default_manager)
    found = types.filter(Q(code=name.lower()) | Q(name=name)).first()
    # Not create: another order may be the shop's first in the same instant.
    return found or types.get_or_create(name=name)[0]
