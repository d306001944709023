"""Pages of a long list, found by the key of the row before them: the last costs what the first does.

Nothing is counted, and no row is read that is not shown (but one, which tells whether there are more).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from django.core import signing
from django.db.models import Model, QuerySet

Row = TypeVar("Row", bound=Model)

_SALT = "pingpayments.keyset"


class CursorError(ValueError):
    """A cursor is not one of ours for this order."""


@dataclass(frozen=True, slots=True)
class Sorting:
    """By which column, and which way; rows with the same value are told apart by their primary key."""

    field: str
    descending: bool

    def cursor(self, row: Model) -> str:
        """Return where a row is in the list, for an address. Signed: what comes back can be trusted."""
        field: Any = row._meta.get_field(self.field)
        value = field.value_to_string(row)
        return signing.dumps([value, row.pk], salt=self._salt)

    def place(self, cursor: str) -> tuple[Any, Any]:
        """Return the value and the key that a cursor names. Raises CursorError."""
        try:
            value, key = signing.loads(cursor, salt=self._salt)
        except signing.BadSignature as error:
            raise CursorError("The cursor is not one of ours") from error
        return value, key

    @property
    def _salt(self) -> str:
        return f"{_SALT}:{self.field}"


@dataclass(frozen=True, slots=True)
class Page(Generic[Row]):
    """Some rows, and the cursors of what is before and after them ("" where nothing is)."""

    rows: list[Row]
    before: str
    after: str

    @property
    def is_all(self) -> bool:
        """Whether there is nothing but this page."""
        return not self.before and not self.after


#: The page of a list that nothing is in.
NOTHING: Page[Any] = Page([], "", "")


def first(rows: QuerySet[Row], sorting: Sorting, size: int) -> Page[Row]:
    """Return the first page."""
    return _page(_take(rows, sorting, size + 1), sorting, size)


def last(rows: QuerySet[Row], sorting: Sorting, size: int) -> Page[Row]:
    """Return the last page: the last ``size`` rows."""
    return _page(_take(rows, sorting, size + 1, backwards=True), sorting, size, backwards=True)


def after(rows: QuerySet[Row], sorting: Sorting, size: int, cursor: str) -> Page[Row]:
    """Return the page after a row. Raises CursorError."""
    return _page(_take(rows, sorting, size + 1, cursor), sorting, size, came_from=True)


def before(rows: QuerySet[Row], sorting: Sorting, size: int, cursor: str) -> Page[Row]:
    """Return the page before a row. Raises CursorError."""
    found = _take(rows, sorting, size + 1, cursor, backwards=True)
    return _page(found, sorting, size, backwards=True, came_from=True)


def every(rows: QuerySet[Row], sorting: Sorting, bite: int) -> Iterator[Row]:
    """Return all rows, read in bites: flat in memory with every database, and no cursor is left open."""
    found = _take(rows, sorting, bite)
    while found:
        yield from found
        if len(found) < bite:
            return
        found = _take(rows, sorting, bite, sorting.cursor(found[-1]))


def _take(
    rows: QuerySet[Row], sorting: Sorting, size: int, cursor: str = "", *, backwards: bool = False
) -> list[Row]:
    """Return the first rows after a cursor, or before it, nearest first.

    In two statements: those with the same value, then the others. One with OR in it cannot be answered from
    the index alone, and a comparison of pairs is not answered from it by every database.
    """
    field, descending = sorting.field, sorting.descending != backwards
    sign, beyond = ("-", "lt") if descending else ("", "gt")
    ordered = rows.order_by(f"{sign}{field}", f"{sign}pk")
    if not cursor:
        return list(ordered[:size])
    value, key = sorting.place(cursor)
    found = list(ordered.filter(**{field: value, f"pk__{beyond}": key})[:size])
    if len(found) < size:
        found += ordered.filter(**{f"{field}__{beyond}": value})[: size - len(found)]
    return found


def _page(
    found: list[Row], sorting: Sorting, size: int, *, backwards: bool = False, came_from: bool = False
) -> Page[Row]:
    has_more, shown = len(found) > size, found[:size]
    if backwards:
        shown.reverse()
    if not shown:
        return NOTHING
    has_before, has_after = (has_more, came_from) if backwards else (came_from, has_more)
    return Page(
        shown,
        before=sorting.cursor(shown[0]) if has_before else "",
        after=sorting.cursor(shown[-1]) if has_after else "",
    )
