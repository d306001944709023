"""Writing down what Ping has just answered: at a later try where the database undoes the first."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from django.db import OperationalError, transaction

from .. import ledger
from ..ledger import Book
from . import outbox, refreshing

T = TypeVar("T")

_TRIES = 3


def must_be_outermost() -> None:
    """Raise RuntimeError inside a transaction: before Ping does what a rollback would let nobody know of."""
    with transaction.atomic(durable=True):
        pass


def write(payment_order_id: int, entry: Callable[[Book], T], *, tries: int = _TRIES) -> T:
    """Lock, let the ledger write its entry, let the news out, and return what the entry returns.

    It is done a second and a third time where the database undoes it.
    """
    try:
        with transaction.atomic(durable=True):
            book = ledger.lock(payment_order_id)
            written = entry(book)
            outbox.publish(book.news)
    except OperationalError:
        if tries == 1:
            raise
        refreshing.drop_lost_connection()
        return write(payment_order_id, entry, tries=tries - 1)
    return written
