"""The numbers that tables give their rows: they can be read, set, and turned back.

What a test writes is undone, but not what PostgreSQL and MariaDB have counted meanwhile: a row has another
key each time. Turned back, every test begins with the numbers that the first one of its process began with.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from django.db import connection

from .rows import keys

#: Each table counts from another number, so that no row's key is taken for another's.
APART = 1000

_INSERT = re.compile(r"INSERT (?:IGNORE )?INTO `(?P<table>\w+)` \((?P<columns>[^)]*)\) VALUES")
_first: dict[str, int] = {}
#: MariaDB cannot turn a table's counter back within a transaction: it is told the number of each row.
_told: dict[str, int] = {}


def numbers() -> dict[str, int]:
    """Return the number that each table gave last, or 0. SQLite's are undone with the rows: none is here."""
    if connection.vendor == "mysql":
        return dict(_told)
    return _sequences() if connection.vendor == "postgresql" else {}


def count_from(last: dict[str, int]) -> None:
    """Let these tables go on after these numbers."""
    if connection.vendor == "mysql":
        _told.update(last)
    elif last:
        with connection.cursor() as cursor:
            settings = (
                f"setval('\"{table}_{keys()[table]}_seq\"', {number})" for table, number in last.items()
            )
            cursor.execute(f"SELECT {', '.join(settings)}")


def turn_back() -> None:
    """Let every table count as it did in the first test of this process."""
    if connection.vendor == "sqlite":
        return
    if connection.vendor == "mysql" and _tell not in connection.execute_wrappers:
        connection.execute_wrappers.append(_tell)
        _told.update(_counters())
    if not _first:
        found = enumerate(sorted(numbers().items()), start=1)
        _first.update({table: last + place * APART for place, (table, last) in found})
    count_from(_first)


def _sequences() -> dict[str, int]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT sequencename, last_value FROM pg_sequences WHERE schemaname = current_schema()"
        )
        found = dict(cursor.fetchall())
    names = {table: f"{table}_{key}_seq" for table, key in keys().items()}
    return {table: found[name] or 0 for table, name in names.items() if name in found}


def _counters() -> dict[str, int]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT table_name, auto_increment FROM information_schema.tables"
            " WHERE table_schema = DATABASE() AND auto_increment IS NOT NULL"
        )
        return {table: coming - 1 for table, coming in cursor.fetchall() if table in keys()}


def _tell(execute: Callable[..., Any], sql: str, params: Any, many: bool, context: dict[str, Any]) -> Any:
    """Tell MariaDB which number the next row gets; not where a test's rows are not undone."""
    insert = None if many else _INSERT.match(sql)
    if insert and insert["table"] in _told and connection.in_atomic_block:
        table, undone = insert["table"], connection.atomic_blocks[0]._from_testcase
        if undone and f"`{keys()[table]}`" not in insert["columns"]:
            context["cursor"].cursor.execute(f"SET insert_id = {_told[table] + 1}")
            _told[table] += sql.count("), (") + 1
    return execute(sql, params, many, context)
