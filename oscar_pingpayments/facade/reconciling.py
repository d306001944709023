"""A period at Ping beside ours: what both have, what only one has, and where they say different things."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from itertools import islice
from typing import TypeVar
from uuid import UUID

from django.db.models import Prefetch, QuerySet

from .. import conf, statuses
from ..exceptions import MoneyError
from ..gateway import RemotePayment
from ..models import Payment, Refund
from ..money import from_minor
from ..statuses import Meaning
from .connection import client_for, here

Row = TypeVar("Row")

#: A payment is written down here and begun there, by two clocks: so far on either side of the period Ping's
#: list is read too, so that what stands at an edge is not taken for missing.
MARGIN = timedelta(minutes=15)
#: The period is compared in pieces, so that a long one needs no more memory than a short one.
PIECE = timedelta(days=1)
#: So many of Ping's payments are looked up here in one statement.
BITE = 200


class Finding(StrEnum):
    """What comparing one payment has found."""

    MATCHED = "matched"
    ONLY_THERE = "only_there"
    ONLY_HERE = "only_here"
    AMOUNT = "amount"
    STATUS = "status"
    REFUNDED = "refunded"


@dataclass(frozen=True, slots=True)
class Side:
    """A payment as one of the two has it. Amounts are None where the currency is none that cards take."""

    status: str
    amount: Decimal | None
    currency: str
    refunded: Decimal | None


@dataclass(frozen=True, slots=True)
class Comparison:
    """One payment, as we have it and as Ping has it; ``payment_order`` is our row's key."""

    finding: Finding
    ping_id: UUID
    ping_order_id: UUID
    at: datetime | None
    order_number: str = ""
    payment_order: int | None = None
    here: Side | None = None
    there: Side | None = None

    @property
    def is_difference(self) -> bool:
        """Whether somebody should look."""
        return self.finding is not Finding.MATCHED


def reconcile(since: datetime, until: datetime) -> Iterator[Comparison]:
    """Compare the payments that were begun from ``since`` on and before ``until``.

    Ping's list is asked for its payments of our provider and method; ours are those of the environment and
    tenant that the shop is set to. Nothing is written: to take over what Ping says, let it be asked about
    that payment. Raises GatewayError where Ping does not answer.
    """
    begin = since
    while begin < until:
        end = min(begin + PIECE, until)
        yield from _piece(begin, end)
        begin = end


def _piece(since: datetime, until: datetime) -> Iterator[Comparison]:
    settings = conf.get_settings()
    listed = client_for(None).list_payments(
        initiated_from=since - MARGIN,
        initiated_to=until + MARGIN,
        provider=settings.provider,
        method=settings.method,
    )
    seen: set[UUID] = set()
    for bite in _bites(listed, BITE):
        held = {row.ping_id: row for row in _ours().filter(ping_id__in=[each.id for each in bite])}
        for there in bite:
            seen.add(there.id)
            here = held.get(there.id)
            begun = here.created_at if here else _begun(there)
            if begun is None or since <= begun < until:
                yield _listed(there, here, begun)
    for row in _ours().filter(created_at__gte=since, created_at__lt=until).order_by("pk").iterator(BITE):
        if row.ping_id not in seen:
            yield _unlisted(row)


def _ours() -> QuerySet[Payment]:
    done = Refund.objects.filter(refunded_at__isnull=False)
    return (
        Payment.objects.filter(ping_id__isnull=False, **here("payment_order__"))
        .select_related("payment_order")
        .prefetch_related(Prefetch("refunds", queryset=done))
    )


def _listed(there: RemotePayment, here: Payment | None, at: datetime | None) -> Comparison:
    theirs = Side(
        status=there.status,
        amount=_amount(there.total_amount, there.currency),
        currency=there.currency,
        refunded=_amount(sum(each.amount for each in there.refunds if each.refunded_at), there.currency),
    )
    if here is None:
        number = there.metadata.get("order_number")
        return Comparison(
            Finding.ONLY_THERE,
            there.id,
            there.payment_order_id,
            at,
            order_number=number if isinstance(number, str) else "",
            there=theirs,
        )
    ours = _side(here)
    return Comparison(
        _difference(ours, theirs),
        there.id,
        there.payment_order_id,
        at,
        order_number=here.payment_order.order_number,
        payment_order=here.payment_order_id,
        here=ours,
        there=theirs,
    )


def _unlisted(here: Payment) -> Comparison:
    assert here.ping_id is not None  # nosec B101  # noqa: S101  (only such are asked for)
    return Comparison(
        Finding.ONLY_HERE,
        here.ping_id,
        here.payment_order.ping_id,
        here.created_at,
        order_number=here.payment_order.order_number,
        payment_order=here.payment_order_id,
        here=_side(here),
    )


def _side(payment: Payment) -> Side:
    return Side(
        status=payment.status,
        amount=payment.amount,
        currency=payment.currency,
        refunded=sum((refund.amount for refund in payment.refunds.all()), Decimal(0)),
    )


def _difference(ours: Side, theirs: Side) -> Finding:
    """Say in what the two differ: what is about money first."""
    if (ours.amount, ours.currency) != (theirs.amount, theirs.currency):
        return Finding.AMOUNT
    if not _is_same_word(ours.status, theirs.status):
        return Finding.STATUS
    return Finding.MATCHED if ours.refunded == theirs.refunded else Finding.REFUNDED


def _is_same_word(ours: str, theirs: str) -> bool:
    """Whether two words mean the same status; one that waits may be some words ahead of the other."""
    if statuses.parse(theirs) is None:
        return ours == theirs
    waiting = statuses.meaning(ours) is statuses.meaning(theirs) is Meaning.WAITING
    return waiting or statuses.parse(ours) is statuses.parse(theirs)


def _begun(there: RemotePayment) -> datetime | None:
    """Return when a payment began at Ping, where its history tells."""
    return min((each.occurred_at for each in there.status_history if each.occurred_at), default=None)


def _amount(minor: int, currency: str) -> Decimal | None:
    try:
        return from_minor(minor, currency)
    except MoneyError:
        return None


def _bites(rows: Iterable[Row], size: int) -> Iterator[list[Row]]:
    left = iter(rows)
    while bite := list(islice(left, size)):
        yield bite
