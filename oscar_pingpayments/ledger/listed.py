"""The refunds that Ping lists, compared with ours: which are done, which failed, which nobody knew of."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db.models import Sum
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from .. import conf, statuses
from ..models import Effect, Payment, PaymentOrder, Refund, written
from ..money import to_minor
from ..remains import money
from ..statuses import OPEN, Attention, RefundState, State
from . import letters, orders, restocking, settlements, sources
from .attention import attend
from .book import Book
from .refunds import found, lost, missed
from .remaining import keep_items, kept_parts, paying, pieces_by_line, remaining

#: A refund that was asked for so long ago and is not listed was never heard of, or its answer is lost.
NO_ANSWER = timedelta(minutes=2)
#: One that Ping accepted so long ago should be done: staff are told that it is not.
OVERDUE = timedelta(days=5)

_ACCEPTED = "PENDING"  # what we say of a refund that Ping lists without a word of its own


@dataclass(frozen=True, slots=True)
class Listed:
    """A refund as Ping lists it: ``at`` is None until it is carried out. Id and word are not documented."""

    amount: Decimal
    at: datetime | None
    id: UUID | None = None
    status: str = ""

    @property
    def has_failed(self) -> bool:
        """Whether Ping says that it will not be carried out."""
        return statuses.refund_failed(self.status)


Fits = Callable[[Listed, Refund], bool]


def take_listed(
    book: Book, payment: Payment, listed: Sequence[Listed], *, is_list: bool, newest: bool
) -> None:
    """Record what Ping lists: refunds that are done, also those made in Ping's own portal, and that failed.

    ``is_list`` says that it is all there was when Ping was asked, ``newest`` that nobody has asked since.
    Matched by id where Ping lists one, else by amount, each of ours once. Where Ping shows one refund and
    lists none, one of the same amount and another time than ours that is done is another refund.
    """
    held = list(payment.refunds.order_by("pk"))
    fresh: list[Refund] = []
    gone: list[Refund] = []
    done = [entry for entry in listed if entry.at is not None and not entry.has_failed]
    by_amount: list[Fits] = [_is_done] if is_list else []
    for entry, refund in _matched(done, held, _same_id, _same_time, *by_amount, _is_open, _has_failed):
        if refund is None or refund.state is not RefundState.DONE:
            fresh.append(_carried_out(entry, refund or Refund(payment=payment, origin=Refund.Origin.PING)))
        else:
            found(book, refund)
    failed = [entry for entry in listed if entry.has_failed]
    for entry, refund in _matched(failed, held, _same_id, _has_failed, _is_open, _is_done):
        if refund is not None and not refund.error:
            refund.status, refund.error = entry.status[:32], entry.status[:32]
            gone.append(refund)
    waiting = [entry for entry in listed if entry.at is None and not entry.has_failed]
    for entry, refund in _matched(waiting, held, _same_id, _is_open):
        if refund is not None:
            refund.status = entry.status[:32] or refund.status or _ACCEPTED
            refund.save(update_fields=["status"])
    if fresh or gone:
        _write(book, payment, fresh, gone)
    _look_for_missing(book, held, is_all=is_list and newest)


def _matched(listed: Sequence[Listed], held: list[Refund], *ways: Fits) -> list[tuple[Listed, Refund | None]]:
    """Pair what Ping lists with ours, the surest way first, and take ours out of ``held``."""
    pairs: dict[int, Refund] = {}
    for fits in ways:
        for index, entry in enumerate(listed):
            if index not in pairs:
                refund = next((row for row in held if fits(entry, row)), None)
                if refund is not None:
                    pairs[index] = refund
                    held.remove(refund)
    return [(entry, pairs.get(index)) for index, entry in enumerate(listed)]


def _same_id(entry: Listed, refund: Refund) -> bool:
    return entry.id is not None and entry.id == refund.ping_id


def _same_time(entry: Listed, refund: Refund) -> bool:
    return _is_done(entry, refund) and refund.refunded_at == entry.at


def _is_done(entry: Listed, refund: Refund) -> bool:
    return refund.amount == entry.amount and refund.state is RefundState.DONE


def _is_open(entry: Listed, refund: Refund) -> bool:
    return refund.amount == entry.amount and refund.state in OPEN


def _has_failed(entry: Listed, refund: Refund) -> bool:
    return refund.amount == entry.amount and refund.state is RefundState.FAILED


def _carried_out(entry: Listed, refund: Refund) -> Refund:
    refund.amount = entry.amount
    refund.refunded_at = entry.at
    refund.error = ""
    refund.status = entry.status[:32] or refund.status
    if refund.ping_id is None and not Refund.objects.filter(ping_id=entry.id).exists():
        refund.ping_id = entry.id
    return refund


def _write(book: Book, payment: Payment, fresh: Sequence[Refund], gone: Sequence[Refund]) -> None:
    undone = [refund for refund in gone if refund.refunded_at is not None]
    for refund in gone:
        refund.refunded_at = None
        refund.save()
    for refund in fresh:
        if refund.pk is None:
            left = remaining(payment, book.order)
            keep_items(payment, book.order)
            refund.parts = kept_parts(money(left.items, to_minor(refund.amount, payment.currency)))
        refund.save()
    _count(book, undone=bool(undone))
    for refund in undone:
        _undone(book, payment, refund)
    for refund in gone:
        missed(
            book,
            refund,
            _("The refund of %(refund)s failed. Ping's word: %(word)s")
            % {"refund": refund, "word": refund.status},
        )
    for refund in fresh:
        _done(book, payment, refund)


def gone_back(payment_order: PaymentOrder) -> Decimal:
    """Return all that has gone back, by the refunds that there are: it may be more than has come."""
    done = Refund.objects.filter(payment__payment_order=payment_order, refunded_at__isnull=False, error="")
    return Decimal(done.aggregate(total=Sum("amount", default=Decimal(0)))["total"])


def _count(book: Book, *, undone: bool) -> None:
    """Write what has gone back, and whether that is all."""
    payment_order = book.payment_order
    returned = gone_back(payment_order)
    payment_order.amount_refunded = min(returned, payment_order.amount_paid)
    is_all = payment_order.amount_refunded == payment_order.amount_paid
    if is_all and payment_order.state == State.PAID:
        payment_order.state = PaymentOrder.State.REFUNDED
    elif undone and not is_all and payment_order.state == State.REFUNDED:
        payment_order.state = PaymentOrder.State.PAID
    payment_order.save()
    if returned > payment_order.amount_paid:
        attend(
            book,
            Attention.AMOUNT,
            _("Ping lists refunds of %(sum)s, more than was paid.") % {"sum": f"{returned:.2f}"},
        )


def _done(book: Book, payment: Payment, refund: Refund) -> None:
    """A refund is done: whatever must follow from that follows from here, once."""
    payment_order = book.payment_order
    about = str(refund.pk)
    told = Effect.objects.filter(payment_order=payment_order, name=Effect.Name.REFUND_DONE, about=about)
    if not told.exists():
        book.cause(Effect.Name.REFUND_DONE, about=about)
        letters.refunded(book, refund)
    found(book, refund)
    if book.order is not None:
        _write_orders_rows(book, book.order, payment, refund)


def _write_orders_rows(book: Book, order: Any, payment: Payment, refund: Refund) -> None:
    pays = payment == paying(book.payment_order, book.payments)
    lines = list(written(order.lines)) if pays else []
    left = remaining(payment, order)
    takes = pieces_by_line(left, [refund])
    quantities = {line: takes[line.pk] for line in lines if takes[line.pk]}
    source = sources.record(book.payment_order, order)
    sources.add_transaction(source, "Refund", refund.amount, payment)
    free = sources.permitted(sources.REFUNDED, quantities)
    sources.add_event(order, sources.REFUNDED, refund.amount, payment, quantities=free)
    orders.note(
        order,
        _("%(amount)s %(currency)s was refunded.") % {"amount": refund.amount, "currency": payment.currency},
    )
    if refund.restock and refund.restocked is None:
        before = [each.restocked for each in left.refunds if each.restocked]
        refund.restocked = restocking.put_back(order, quantities, before)
        refund.save(update_fields=["restocked"])
    if book.payment_order.state == State.REFUNDED:
        orders.set_status(order, conf.get_settings().order_status.refunded)
    else:
        settlements.plan_where_shipped(book)
        gone = pieces_by_line(left, [each for each in left.refunds if each.state is RefundState.DONE])
        orders.set_lines_refunded(order, [line for line in lines if gone[line.pk] >= line.quantity])


def _undone(book: Book, payment: Payment, refund: Refund) -> None:
    """A refund that was done is none after all: the money is with the shop again."""
    settlements.plan_again(book)
    order = book.order
    if order is None:
        return
    source = sources.record(book.payment_order, order)
    sources.add_transaction(source, "Refund", -refund.amount, payment)
    words = conf.get_settings().order_status
    if book.payment_order.state == State.PAID and order.status == words.refunded:
        orders.set_status(order, words.paid)


def _look_for_missing(book: Book, held: Sequence[Refund], *, is_all: bool) -> None:
    """Let staff be told of those of ours that Ping does not list, where it should."""
    now = timezone.now()
    for refund in held:
        if refund.missed_at is not None:
            continue
        asked_at = refund.sent_at or refund.created_at
        if refund.state is RefundState.DONE and is_all:
            missed(book, refund, _("Ping no longer lists the refund of %(refund)s.") % {"refund": refund})
        elif refund.state is RefundState.UNKNOWN and asked_at < now - NO_ANSWER:
            lost(book, refund)
        elif refund.state is RefundState.ACCEPTED and asked_at < now - OVERDUE:
            missed(
                book,
                refund,
                _("Ping accepted the refund of %(refund)s on %(day)s and does not list it as done.")
                % {"refund": refund, "day": f"{asked_at:%Y-%m-%d}"},
            )
