"""Figures: saying one beside what was promised, and counting queries, ours and what Oscar's rows need."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from django.db import connection
from django.test.utils import CaptureQueriesContext

_CONTROL = ("BEGIN", "COMMIT", "ROLLBACK", "SAVEPOINT", "RELEASE")


@dataclass
class Counted:
    """The statements of a block: those on our tables, and all others; transaction control is not counted."""

    ours: list[str] = field(default_factory=list)
    others: list[str] = field(default_factory=list)

    @property
    def total(self) -> int:
        """How many statements there were."""
        return len(self.ours) + len(self.others)


@contextmanager
def count_queries() -> Iterator[Counted]:
    """Count the statements of the block on the default database."""
    counted = Counted()
    with CaptureQueriesContext(connection) as captured:
        yield counted
    for query in captured.captured_queries:
        sql = query["sql"]
        if sql is None or sql.startswith(_CONTROL):
            continue  # None: the driver did not send it, for a NUL in it
        (counted.ours if is_ours(sql) else counted.others).append(sql)


def table_of(sql: str) -> str:
    """Return the table that a statement belongs to: the first that it names, or "" where it names none."""
    table = sql.partition("FROM")[2] if sql.startswith(("SELECT", "DELETE")) else sql
    parts = table.replace("`", '"').split('"')
    return parts[1] if len(parts) > 1 and not sql.startswith(_CONTROL) else ""


def is_ours(sql: str) -> bool:
    """Whether a statement is on one of our own tables."""
    return table_of(sql).startswith("pingpayments_")


def say(figure: str, value: object, promised: object = "-") -> None:
    """Print a figure beside what was promised; ``make bench`` shows it."""
    print(f"{figure:<70} {value!s:>20}   promised: {promised}", flush=True)  # noqa: T201


def heading(text: str) -> None:
    """Print what the next figures are about."""
    print(f"\n{text}", flush=True)  # noqa: T201


def remark(text: str) -> None:
    """Print what one must know to read the next figures."""
    print(textwrap.fill(text, 110, initial_indent="  ", subsequent_indent="  "), flush=True)  # noqa: T201
