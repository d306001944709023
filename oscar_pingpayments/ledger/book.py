"""A payment order with its attempts and its Oscar order, all locked: the page that the ledger writes on."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from functools import cached_property
from typing import Any

from django.dispatch import Signal
from django.utils import timezone
from oscar.core.loading import get_model

from ..models import Effect, Payment, PaymentOrder
from ..statuses import Meaning
from .locking import for_update

_AT_ONCE = datetime(2000, 1, 1, tzinfo=UTC)


@dataclass(slots=True)
class News:
    """What others must hear of once the transaction has been committed."""

    signals: list[tuple[Signal, dict[str, object]]] = field(default_factory=list)
    effects: list[Effect] = field(default_factory=list)

    def tell(self, signal: Signal, **facts: object) -> None:
        """Send ``signal`` after the commit."""
        self.signals.append((signal, facts))


@dataclass
class Book:
    """The locked rows of one payment order. Made by ``lock``; good until the transaction ends."""

    payment_order: PaymentOrder
    payments: list[Payment]
    news: News = field(default_factory=News)

    @cached_property
    def order(self) -> Any:
        """Oscar's order, locked too, or None where it was deleted."""
        if self.payment_order.order_id is None:
            return None
        orders = get_model("order", "Order")._default_manager.all()
        order = for_update(orders).get(pk=self.payment_order.order_id)
        self.payment_order.order = order
        return order

    def cause(self, *names: Effect.Name, about: str = "", message: str = "") -> None:
        """Let each of these leave once after the commit; a later sync does it where this process dies."""
        now = timezone.now()
        self.news.effects += Effect.objects.bulk_create(
            Effect(
                payment_order=self.payment_order,
                name=name,
                about=about,
                message=message,
                claimed_at=now,
                tries=1,
            )
            for name in names
        )

    def cause_later(self, name: Effect.Name, *, about: str = "", after: datetime = _AT_ONCE) -> None:
        """Let this happen once, by the next sync, or by one that runs some minutes ``after``."""
        Effect.objects.create(payment_order=self.payment_order, name=name, about=about, claimed_at=after)

    @property
    def live(self) -> Payment | None:
        """The attempt that may still be paid."""
        return next((payment for payment in self.payments if payment.live), None)

    @property
    def has_money(self) -> bool:
        """Whether Ping holds money for this order, be it as was asked for, in another currency or twice."""
        return any(payment.meaning is Meaning.PAID for payment in self.payments)

    @property
    def keeps_money(self) -> bool:
        """Whether some of that money has not gone back."""
        return self.has_money and not self.payment_order.has_gone_back

    @property
    def has_uncounted_money_alone(self) -> bool:
        """Whether all money that has not gone back is such as cannot be counted: in another currency, say."""
        uncounted = any(
            payment.meaning is Meaning.PAID and not payment.amount_received for payment in self.payments
        )
        return uncounted and self.payment_order.amount_paid == self.payment_order.amount_refunded

    @property
    def received(self) -> Decimal:
        """All the money that came for this order, whether it fitted or not."""
        return sum((payment.amount_received for payment in self.payments), Decimal(0))

    def payment(self, pk: int) -> Payment:
        """Return the attempt with this primary key, as it is under the lock."""
        return next(payment for payment in self.payments if payment.pk == pk)


def lock(payment_order_id: int) -> Book:
    """Lock a payment order with its attempts, in the one order that everybody locks them in.

    One statement takes the payment order and its attempts by number. The payment order comes first, so that
    who has found no attempt yet, and takes it alone, waits for nobody who waits for it. An attempt that was
    added while we waited for the lock is missing from its answer; the count tells, and then they are read
    again. Must be called inside a transaction. Raises PaymentOrder.DoesNotExist.
    """
    attempts = (
        Payment.objects.select_related("payment_order")
        .filter(payment_order=payment_order_id)
        .order_by("number")
    )
    payments = list(for_update(attempts, "payment_order", "self"))
    if payments:
        payment_order = payments[0].payment_order
    else:
        payment_order = for_update(PaymentOrder.objects.all()).get(pk=payment_order_id)
    if payment_order.attempts != len(payments):
        payments = list(attempts)
    for payment in payments:
        payment.payment_order = payment_order
    return Book(payment_order, payments)
