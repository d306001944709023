"""A new basket with what an ended order's basket had in it, for the payer who wants to change the order."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.utils import timezone

from ..models import Placing, written
from ..statuses import State
from .book import Book
from .locking import for_update

#: So many baskets that were left are read at a time.
BITE = 500

_SAME_INSTANT = timedelta(seconds=30)


def refill_from(book: Book, basket: Any) -> bool:
    """Put what was in an order that has ended into ``basket``, once; return whether this call did it.

    Not where money has come for the order: its payer must not be led to pay again. Nor where the shop has
    deleted the order's basket, which alone knows how its lines were made.
    """
    payment_order = book.payment_order
    now = timezone.now()
    ended = payment_order.state in (State.CANCELLED, State.EXPIRED)
    if not ended or book.has_money or book.order is None or book.order.basket is None:
        return False
    if payment_order.refilled_at is not None:
        # Each of a guest's two clicks brings a new basket of its own, and a browser keeps the last answer's.
        if basket.pk is not None or payment_order.refilled_at < now - _SAME_INSTANT:
            return False
    else:
        payment_order.refilled_at = now
        payment_order.save(update_fields=["refilled_at"])
    refill(basket, book.order)
    return True


def refill(basket: Any, order: Any) -> None:
    """Put the order's lines, options and vouchers into ``basket``, which is the payer's open one.

    The order's own basket is never opened again: Oscar derives order numbers from baskets. What the payer
    has put into the new basket meanwhile stays; a line that is in both keeps the larger quantity, so that
    two clicks, which fill it one after the other, do not double anything. Must be called in a transaction.
    """
    old = order.basket
    if basket.pk is None:
        basket.save()
    else:
        for_update(basket.__class__._default_manager.all()).get(pk=basket.pk)
    basket.vouchers.add(*written(old.vouchers))  # before the lines: who places an order locks in this order
    held = {line.line_reference: line for line in written(basket.lines)}
    for line in written(old.lines).prefetch_related("attributes"):
        again = held.get(line.line_reference)
        if again is not None:
            again.quantity = max(again.quantity, line.quantity)
            again.save()
            continue
        attributes = list(line.attributes.all())
        line.pk = None
        line.basket = basket
        line._state.adding = True
        line.save()
        for attribute in attributes:
            line.attributes.create(option=attribute.option, value=attribute.value)
    basket.reset_offer_applications()
    basket._lines = None


def take(basket: Any) -> bool:
    """Freeze an open basket; return whether this call did it. Of two placing it at once, one does."""
    with transaction.atomic():
        taken = _move(basket, basket.OPEN, basket.FROZEN)
        if taken:
            Placing.objects.create(basket_id=basket.pk)
    return taken


def placed(basket: Any) -> bool:
    """Submit the basket whose order has been placed; return whether it was still ours to place.

    Must be called in the transaction that places the order. Where it is not, because a sync has taken the
    process for dead, its payer may have it again, and nothing must be placed from it.
    """
    basket.date_submitted = timezone.now()
    return _move(basket, basket.FROZEN, basket.SUBMITTED, date_submitted=basket.date_submitted)


def give_back(basket: Any) -> bool:
    """Open a frozen basket again; return whether this call did it. A submitted one is left alone."""
    with transaction.atomic():
        given = _move(basket, basket.FROZEN, basket.OPEN)
        Placing.objects.filter(basket=basket.pk).delete()
    return given


def give_back_left(before: datetime) -> int:
    """Open the baskets again that processes took before then and left when they died; return how many."""
    left = Placing.objects.filter(at__lt=before).select_related("basket").order_by("at")
    given = 0
    while bite := list(left[:BITE]):
        given += sum(give_back(placing.basket) for placing in bite)
    return given


def _move(basket: Any, old: str, new: str, **facts: object) -> bool:
    moved = basket.__class__._default_manager.filter(pk=basket.pk, status=old).update(status=new, **facts)
    if moved:
        basket.status = new
    return bool(moved)
