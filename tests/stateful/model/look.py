"""One look at the shop's tables, after a step: every payment order with all that hangs on it."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from oscar.core.loading import get_model

from oscar_pingpayments.models import Effect, Payment, PaymentOrder, Refund

from .told import Told


@dataclass
class Attempt:
    """A row of an attempt, its refunds, and what the shop was told of it (None: nothing yet)."""

    row: Payment
    told: Told | None
    refunds: list[Refund]

    def __str__(self) -> str:
        row = self.row
        return (
            f"    attempt {row.number} {row.status or '-'} live={row.live} received={row.amount_received} "
            f"error={row.error!r} refunds={[f'{each.amount} {each.refunded_at}' for each in self.refunds]} "
            f"words={[(each['status'], each['by'], each['note']) for each in row.history]} {self.told}"
        )

    @property
    def fits(self) -> bool:
        """Whether the money that came is what was asked for."""
        return bool(self.told and self.told.money == (int(self.row.amount * 100), self.row.currency))

    @property
    def money(self) -> int:
        """What came in the order's currency, in öre."""
        return self.told.money[0] if self.told and self.told.money and self.is_in_our_currency else 0

    @property
    def given_back(self) -> list[int]:
        """What of it went back."""
        return self.told.refunds if self.told and self.is_in_our_currency else []

    @property
    def is_in_our_currency(self) -> bool:
        """Whether Ping speaks of the currency that was asked for, as far as it has spoken."""
        return self.told is None or self.told.currency in ("", self.row.currency)


@dataclass
class Seen:
    """A payment order, Oscar's order, and all that was written down about the two."""

    row: PaymentOrder
    attempts: list[Attempt] = field(default_factory=list)
    effects: list[Effect] = field(default_factory=list)
    transactions: list[Any] = field(default_factory=list)
    events: list[Any] = field(default_factory=list)

    def __str__(self) -> str:
        row = self.row
        order = (
            f"{row} {row.state} ({row.order.status}) asked={row.amount} paid={row.amount_paid} "
            f"refunded={row.amount_refunded} attention={row.attention!r} {row.attention_detail!r}"
        )
        return "\n".join([order, *map(str, self.attempts)])

    @property
    def order(self) -> Any:
        return self.row.order

    @property
    def payer(self) -> Attempt | None:
        """The attempt that has paid the order: the one whose event is about the order's lines."""
        paid = [event for event in self.events if event.event_type.name == "Paid"]
        paying = {event.reference for event in paid if event.line_quantities.all()}
        found = [attempt for attempt in self.attempts if str(attempt.row.ping_id) in paying]
        assert len(found) == len(paying) <= 1, "an order is paid at most once"
        return found[0] if found else None

    @property
    def holds(self) -> bool:
        """Whether the order keeps what it took: stock, vouchers, offers."""
        return self.row.state in ("awaiting", "paid", "refunded") or self.row.is_with_staff

    @property
    def source(self) -> Any:
        """Oscar's record of the money: there is one."""
        (source,) = self.order.sources.all()
        return source

    def booked(self, kind: str) -> list[Decimal]:
        """Return the amounts of Oscar's transactions of a kind."""
        return [row.amount for row in self.transactions if row.txn_type == kind]


def look(told: dict[str, Told]) -> list[Seen]:
    """Read everything, oldest order first."""
    rows = PaymentOrder.objects.select_related("order").prefetch_related("order__lines", "order__sources")
    seen = {row.pk: Seen(row) for row in rows.order_by("pk")}
    by_order = {each.row.order_id: each for each in seen.values()}
    attempts = {}
    for payment in Payment.objects.select_related("payment_order").order_by("pk"):
        attempt = Attempt(payment, told.get(str(payment.ping_id)), [])
        attempts[payment.pk] = attempt
        seen[payment.payment_order_id].attempts.append(attempt)
    for refund in Refund.objects.order_by("pk"):
        attempts[refund.payment_id].refunds.append(refund)
    for effect in Effect.objects.order_by("pk"):
        seen[effect.payment_order_id].effects.append(effect)
    for transaction in get_model("payment", "Transaction").objects.select_related("source"):
        by_order[transaction.source.order_id].transactions.append(transaction)
    events = get_model("order", "PaymentEvent").objects.select_related("event_type")
    for event in events.prefetch_related("line_quantities").order_by("pk"):
        by_order[event.order_id].events.append(event)
    return list(seen.values())
