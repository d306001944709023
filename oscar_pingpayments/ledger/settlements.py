"""How far Ping is with a payment order, and when it is to be brought further by itself."""

from __future__ import annotations

import logging
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Q
from django.utils import timezone
from oscar.core.loading import get_model

from .. import conf, statuses
from ..models import Settlement, written
from ..statuses import TAKING, Attention, State
from .attention import attend, settle
from .book import Book
from .remaining import paying, pieces_by_line, remaining

logger = logging.getLogger(__name__)

_STATUS_LENGTH = 16


def note_status(book: Book, word: str) -> None:
    """Write down Ping's word for the payment order; an answer that was overtaken changes nothing."""
    payment_order = book.payment_order
    word = word[:_STATUS_LENGTH]
    if not statuses.order_moves(payment_order.status, word):
        return
    payment_order.status = word
    payment_order.save(update_fields=["status"])
    logger.info(
        "Ping moved a payment order", extra={"order_number": payment_order.order_number, "status": word}
    )


def plan_where_paid(book: Book) -> None:
    """Let an order that has just been paid be settled by itself, where the setting counts from there."""
    if conf.get_settings().settle.when == "paid":
        _plan(book)


def plan_where_shipped(book: Book) -> None:
    """Let an order whose lines are all shipped be settled by itself, where the setting counts from there."""
    rule = conf.get_settings().settle
    if rule.when != "shipped" or book.payment_order.state != State.PAID or book.order is None:
        return
    if _is_shipped(book, book.order, rule.shipping_event):
        _plan(book)


def plan_again(book: Book) -> None:
    """Let an order be settled after all that was left as it is when all of its money had gone back."""
    left = Settlement.objects.filter(payment_order=book.payment_order, due_at=None)
    left.update(due_at=_due())


def put_off(settlement: Settlement, pause: timedelta) -> None:
    """Let it be tried again later."""
    settlement.due_at = timezone.now() + pause
    settlement.save(update_fields=["due_at"])


def finished(book: Book, settlement: Settlement) -> None:
    """Write down that nothing is left to do by itself."""
    settlement.due_at = None
    settlement.save(update_fields=["due_at"])
    settle(book, Attention.SETTLE)


def refused(book: Book, settlement: Settlement, words: str) -> None:
    """Write down that Ping refuses for good, in Ping's words, and that staff must look."""
    settlement.due_at = None
    settlement.save(update_fields=["due_at"])
    attend(book, Attention.SETTLE, words)


def _plan(book: Book) -> None:
    Settlement.objects.get_or_create(payment_order=book.payment_order, defaults={"due_at": _due()})


def _due() -> datetime:
    return timezone.now() + timedelta(days=conf.get_settings().settle.days)


def _is_shipped(book: Book, order: Any, event: str) -> bool:
    """Whether every piece was shipped that was not refunded, and at least one was."""
    pays = paying(book.payment_order, book.payments)
    if pays is None:
        return False
    left = remaining(pays, order)
    refunded = pieces_by_line(left, [each for each in left.refunds if each.state in TAKING])
    quantities = written(get_model("order", "ShippingEventQuantity")._default_manager).filter(
        Q(event__event_type__name=event) | Q(event__event_type__code=event), event__order=order
    )
    shipped: dict[int, int] = {}
    for line, quantity in quantities.values_list("line", "quantity"):
        shipped[line] = shipped.get(line, 0) + quantity
    return bool(shipped) and all(
        shipped.get(line.pk, 0) + refunded[line.pk] >= line.quantity for line in written(order.lines)
    )
