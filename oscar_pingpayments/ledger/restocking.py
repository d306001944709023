"""Goods of a refund that can be sold again: what was not shipped is let go, what was is put back in stock."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django.db.models import F
from django.db.models.functions import Coalesce
from oscar.core.loading import get_class

from ..models import read_again

#: For each line of Oscar's, by its key as JSON has it: allocations that were cancelled, pieces put back, and
#: whether that was the last of the line's allocation.
Restocked = Mapping[str, tuple[int, int, bool]]


def put_back(order: Any, quantities: Mapping[Any, int], before: Sequence[Restocked]) -> Restocked:
    """Put so many pieces of these lines back in stock, and return what that was.

    Of lines alone whose product's stock is tracked. ``before`` is what earlier refunds of the order put back.
    Must be called once for a refund, with the order locked.
    """
    asked = {line.pk: quantity for line, quantity in quantities.items()}
    # In the order in which Oscar locks them when it places an order, so that the two cannot deadlock.
    lines = (
        order.lines.select_for_update()
        .filter(pk__in=asked, stockrecord__isnull=False)
        .order_by("stockrecord", "pk")
    )
    done: dict[str, tuple[int, int, bool]] = {}
    for line in lines:
        if line.can_track_allocations:
            earlier = [each[str(line.pk)] for each in before if str(line.pk) in each]
            done[str(line.pk)] = _put_back(order, line, asked[line.pk], earlier)
    return done


def _put_back(
    order: Any, line: Any, quantity: int, earlier: Sequence[tuple[int, int, bool]]
) -> tuple[int, int, bool]:
    """Let go of what is allocated; the rest was shipped."""
    if line.allocation_cancelled and not any(emptied for _, _, emptied in earlier):
        return 0, 0, False  # somebody gave all of it back who had cancelled the order in Oscar
    allocated = 0 if line.allocation_cancelled else line.num_allocated or 0
    cancel = min(quantity, allocated)
    shelve = quantity - cancel
    if cancel:
        handler = get_class("order.processing", "EventHandler")()
        handler.cancel_stock_allocations(order, [line], [cancel])
    if shelve:
        _shelve(line.stockrecord, shelve)
    return cancel, shelve, line.allocation_cancelled


def _shelve(record: Any, quantity: int) -> None:
    """Add to what is in stock, as Oscar takes from it: in the database, and with the signals of a save."""
    record.pre_save_signal()
    rows = record.__class__._default_manager.filter(pk=record.pk)
    rows.update(num_in_stock=Coalesce(F("num_in_stock"), 0) + quantity)
    read_again(record, "num_in_stock")
    record.post_save_signal()
