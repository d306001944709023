"""A new basket with what an ended order's basket had in it, for the payer who wants to change the order."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.utils import timezone

from ..models import written
from ..statuses import State
from .book import Book
from .locking import for_update

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
