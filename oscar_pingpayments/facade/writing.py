"""Writing down what Ping has answered, or what people do: under the lock, and the news let out after it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

from django.db import OperationalError, connections, router, transaction

from .. import ledger
from ..ledger import Book
from ..models import Payment
from . import outbox

T = TypeVar("T")

_TRIES = 3


@contextmanager
def locked(payment_order_id: int) -> Iterator[Book]:
    """Lock a payment order and its attempts, and let the news out once what is written has been committed.

    Raises PaymentOrder.DoesNotExist, and RuntimeError inside a transaction.
    """
    with transaction.atomic(durable=True):
        book = ledger.lock(payment_order_id)
        yield book
        outbox.publish(book.news)


def write(payment_order_id: int, entry: Callable[[Book], T], *, tries: int = _TRIES) -> T:
    """Let the ledger write its entry under the lock, and return what the entry returns.

    It is done a second and a third time where the database undoes it.
    """
    try:
        with locked(payment_order_id) as book:
            return entry(book)
    except OperationalError:
        if tries == 1:
            raise
        drop_lost_connection()
        return write(payment_order_id, entry, tries=tries - 1)


def drop_lost_connection() -> None:
    """Let go of a connection to the database that has broken off: the next statement opens another one."""
    connection = connections[router.db_for_write(Payment)]
    if not connection.in_atomic_block:
        connection.close_if_unusable_or_obsolete()


def must_be_outermost() -> None:
    """Raise RuntimeError inside a transaction: before Ping does what a rollback would let nobody know of."""
    with transaction.atomic(durable=True):
        pass
