"""What a period was like, in figures: asked of the database in a constant number of statements."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

from django.db.models import Count, F, Q, QuerySet, Sum
from django.db.models.functions import TruncHour
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from ..facade.connection import here
from ..models import Payment, PaymentOrder, Refund
from ..statuses import FAILED, State
from .period import Period
from .timeline import in_words

#: A longer period is shown by months.
MOST_DAYS = 92
#: So many reasons for failing are named, the most frequent first.
MOST_REASONS = 8

#: How long it takes from placing to paid: up to so long, and what that is called. The rest takes longer.
_PACES = (
    (timedelta(minutes=1), _("up to 1 minute")),
    (timedelta(minutes=2), _("1 to 2 minutes")),
    (timedelta(minutes=5), _("2 to 5 minutes")),
    (timedelta(minutes=15), _("5 to 15 minutes")),
    (timedelta(hours=1), _("15 minutes to 1 hour")),
)
_SLOWER = _("more than 1 hour")

_PAID = Q(state__in=[State.PAID, State.REFUNDED])


@dataclass(slots=True)
class Stretch:
    """A day or a month. Orders count where they were placed, money where it came and went."""

    day: date
    placed: int = 0
    placed_and_paid: int = 0
    paid: int = 0
    amount_paid: Decimal = Decimal("0.00")
    amount_refunded: Decimal = Decimal("0.00")

    @property
    def share_paid(self) -> Decimal | None:
        """How many percent of the orders placed then were paid, then or later; None where none was placed."""
        if not self.placed:
            return None
        return (Decimal(100 * self.placed_and_paid) / self.placed).quantize(Decimal("0.1"))


@dataclass(frozen=True, slots=True)
class Figures:
    """A period's figures, for one currency."""

    period: Period
    currency: str
    stretches: list[Stretch]
    reasons: list[tuple[str, int]] = field(default_factory=list)
    paces: list[tuple[Any, int]] = field(default_factory=list)

    @property
    def by_month(self) -> bool:
        """Whether its stretches are months."""
        return self.period.days > MOST_DAYS

    @property
    def total(self) -> Stretch:
        """All of it together."""
        total = Stretch(self.period.first)
        for each in self.stretches:
            total.placed += each.placed
            total.placed_and_paid += each.placed_and_paid
            total.paid += each.paid
            total.amount_paid += each.amount_paid
            total.amount_refunded += each.amount_refunded
        return total


def figures(period: Period, currency: str) -> Figures:
    """Ask the database what a period was like, for the shop's own tenant and environment."""
    ours = PaymentOrder.objects.filter(currency=currency, **here())
    stretches = {_start(day, period): Stretch(_start(day, period)) for day in period.each_day()}
    placed = ours.filter(created_at__gte=period.since, created_at__lt=period.until)
    counts = {"placed": Count("pk"), "placed_and_paid": Count("pk", filter=_PAID)}
    money = {"paid": Count("pk"), "amount_paid": Sum("amount")}
    paid = ours.filter(paid_at__gte=period.since, paid_at__lt=period.until)
    refunds = Refund.objects.filter(
        payment__currency=currency,
        refunded_at__gte=period.since,
        refunded_at__lt=period.until,
        **here("payment__payment_order__"),
    )
    for rows in (
        _by_hour(placed, "created_at", **counts),
        _by_hour(paid, "paid_at", **money),
        _by_hour(refunds, "refunded_at", amount_refunded=Sum("amount")),
    ):
        for hour, found in rows:
            stretch = stretches[_start(timezone.localdate(hour), period)]
            for name, value in found.items():
                setattr(stretch, name, getattr(stretch, name) + value)
    return Figures(period, currency, list(stretches.values()), _reasons(placed), _paces(placed))


def _start(day: date, period: Period) -> date:
    """Return the day by which a day's stretch is known."""
    return day.replace(day=1) if period.days > MOST_DAYS else day


def _by_hour(rows: QuerySet[Any], column: str, **sums: Any) -> Iterator[tuple[datetime, dict[str, Any]]]:
    """Yield sums for each hour.

    Hours, and of UTC, which become days here: a MySQL or MariaDB without time zone tables knows no days of
    the shop's time zone.
    """
    for row in rows.order_by().annotate(hour=TruncHour(column, tzinfo=UTC)).values("hour").annotate(**sums):
        yield row.pop("hour"), row


def _reasons(placed: QuerySet[PaymentOrder]) -> list[tuple[str, int]]:
    """Return why attempts failed, in the provider's words where it has any, else in ours, and how often."""
    failed = (
        Payment.objects.filter(payment_order__in=placed, status__in=FAILED)
        .order_by()
        .values_list("status", "reason")
        .annotate(count=Count("pk"))
    )
    found: defaultdict[str, int] = defaultdict(int)
    for status, reason, count in failed:
        found[reason or str(in_words(status))] += count
    return sorted(found.items(), key=lambda each: (-each[1], each[0]))[:MOST_REASONS]


def _paces(placed: QuerySet[PaymentOrder]) -> list[tuple[Any, int]]:
    """Return how many orders were paid how soon after they were placed."""
    within = {
        f"within{number}": Count("pk", filter=Q(paid_at__lte=F("created_at") + limit))
        for number, (limit, _label) in enumerate(_PACES)
    }
    found = placed.filter(_PAID).aggregate(every=Count("pk"), **within)
    paces, before = [], 0
    for number, (_limit, label) in enumerate(_PACES):
        paces.append((label, found[f"within{number}"] - before))
        before = found[f"within{number}"]
    return [*paces, (_SLOWER, found["every"] - before)]
