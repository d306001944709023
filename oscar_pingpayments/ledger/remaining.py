"""What is left of an attempt's money: what Ping was sent and has, less what refunds took or are to take."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from functools import cached_property
from typing import Any
from uuid import UUID

from .. import conf
from ..exceptions import MoneyError
from ..gateway import OrderItem
from ..items import Item, Kind, order_items
from ..models import Payment, PaymentOrder, Refund
from ..money import from_minor, to_minor
from ..remains import Part, after, fitted, money
from ..statuses import TAKING, Meaning, RefundState
from .orders import order_charges


@dataclass(frozen=True)
class Remaining:
    """An attempt that was paid, and what is left of it.

    ``sent`` are its items as Ping was sent them, ``items`` the same after every refund that counts, those on
    their way included: each in its place. ``refunds`` are all there are, oldest first.
    """

    payment: Payment
    refunds: tuple[Refund, ...]
    sent: tuple[Item, ...]
    items: tuple[Item, ...]

    @cached_property
    def paid(self) -> Decimal:
        """What came."""
        return self.payment.amount_received

    @cached_property
    def refunded(self) -> Decimal:
        """What went back."""
        return _sum(refund for refund in self.refunds if refund.state is RefundState.DONE)

    @cached_property
    def reserved(self) -> Decimal:
        """What may be on its way back."""
        return _sum(refund for refund in self.refunds if refund.state in TAKING) - self.refunded

    @cached_property
    def left(self) -> Decimal:
        """What can still be given back."""
        return max(self.paid - self.refunded - self.reserved, Decimal(0))


def remaining(payment: Payment, order: Any) -> Remaining:
    """Work out what is left of an attempt. ``order`` is Oscar's, for attempts whose items were not kept."""
    refunds = tuple(sorted(payment.refunds.all(), key=lambda refund: refund.pk))
    minor = to_minor(payment.amount_received, payment.currency)
    left = sent = fitted(sent_items(payment, order), minor)
    total = minor
    for refund in refunds:
        if refund.state in TAKING:
            amount = to_minor(refund.amount, payment.currency)
            left = after(left, parts_of(refund, sent) if refund.parts is not None else money(left, amount))
            total -= amount
    return Remaining(payment, refunds, sent, fitted(left, max(total, 0)))


def paying(payment_order: PaymentOrder, payments: Sequence[Payment]) -> Payment | None:
    """Return the attempt that paid the order, among others that may have brought money too.

    It is the one whose status changed in the instant in which the order became paid, or the only one.
    """
    if not payment_order.is_paid:
        return None
    paid = [payment for payment in payments if payment.meaning is Meaning.PAID]
    only = paid[0] if len(paid) == 1 else None
    return next((payment for payment in paid if payment.changed_at == payment_order.paid_at), only)


def items_of(order: Any, payment_order: PaymentOrder) -> tuple[Item, ...]:
    """Return what Ping is sent for an order as it is now. Raises MoneyError where that cannot be said."""
    total = to_minor(payment_order.amount, payment_order.currency)
    merchant_id = conf.get_settings().merchant_id
    items = order_items(order_charges(order), total, name=f"#{payment_order.order_number}")
    return tuple(replace(item, merchant_id=merchant_id) for item in items)


def sent_items(payment: Payment, order: Any) -> tuple[Item, ...]:
    """Return the items that Ping was sent: as kept or, of an earlier version's attempt, worked out again."""
    if payment.items is not None:
        return tuple(_item(kept) for kept in payment.items)
    payment_order = payment.payment_order
    try:
        if order is not None:
            return items_of(order, payment_order)
    except MoneyError:
        pass  # it was edited since
    return (
        Item(
            name=f"#{payment_order.order_number}",
            amount=to_minor(payment.amount, payment.currency),
            vat_rate=Decimal(0),
            kind=Kind.ORDER,
            merchant_id=conf.get_settings().merchant_id,
        ),
    )


def keep_items(payment: Payment, order: Any) -> None:
    """Keep the items of an attempt that has none yet: what a refund takes is said by their places.

    The order may be edited later, and what would then be worked out again is another list.
    """
    if payment.items is None:
        payment.items = kept(sent_items(payment, order))
        payment.save(update_fields=["items"])


def for_ping(items: Sequence[Item]) -> tuple[OrderItem, ...]:
    """Return items as Ping is told of them."""
    return tuple(OrderItem(item.label, item.amount, item.vat_rate, item.merchant_id) for item in items)


def kept(items: Sequence[Item]) -> list[dict[str, object]]:
    """Return items as they are kept in a column."""
    return [
        {
            "name": item.name,
            "amount": item.amount,
            "vat_rate": str(item.vat_rate),
            "quantity": item.quantity,
            "kind": item.kind.value,
            "line": item.line,
            "merchant_id": str(item.merchant_id),
        }
        for item in items
    ]


def _item(kept: dict[str, Any]) -> Item:
    return Item(
        name=kept["name"],
        amount=kept["amount"],
        vat_rate=Decimal(kept["vat_rate"]),
        quantity=kept["quantity"],
        kind=Kind(kept["kind"]),
        line=kept["line"],
        merchant_id=UUID(kept["merchant_id"]),
    )


def parts_of(refund: Refund, items: Sequence[Item]) -> list[Part]:
    """Return what a refund takes of which of these items; nothing where that is not known.

    Where the items were not kept there may be fewer by now than when the refund was written down.
    """
    parts = (Part(*part) for part in refund.parts or ())
    return [part for part in parts if part.item < len(items)]


def pieces_by_line(left: Remaining, refunds: Iterable[Refund]) -> Counter[int]:
    """Return how many pieces of each of Oscar's order lines these refunds take."""
    pieces: Counter[int] = Counter()
    for refund in refunds:
        for part in parts_of(refund, left.sent):
            line = left.sent[part.item].line
            if line is not None:
                pieces[line] += part.quantity
    return pieces


def kept_parts(parts: Sequence[Part]) -> list[tuple[int, int, int]]:
    """Return parts as they are kept in a column."""
    return [(part.item, part.amount, part.quantity) for part in parts]


def amount_of(parts: Sequence[Part], currency: str) -> Decimal:
    """Return what parts come to."""
    return from_minor(sum(part.amount for part in parts), currency)


def _sum(refunds: Iterable[Refund]) -> Decimal:
    return sum((refund.amount for refund in refunds), Decimal(0))
