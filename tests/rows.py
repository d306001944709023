"""The rows of all tables, as a whole: what there is, what came of something, and to put rows in place."""

from __future__ import annotations

from collections.abc import Collection
from functools import cache
from itertools import chain
from typing import Any

from django.apps import apps
from django.db import connection

#: Tables that never change.
CONSTANT = {"auth_permission", "django_content_type"}

Row = tuple[Any, ...]
Rows = dict[str, dict[Any, Row]]


@cache
def keys() -> dict[str, str]:
    """Return the tables that may change, and the column that tells their rows apart."""
    models = [model for model in apps.get_models(include_auto_created=True) if model._meta.managed]
    found = {model._meta.db_table: model._meta.pk.column for model in models}
    return {table: key for table, key in found.items() if table not in CONSTANT}


def rows() -> Rows:
    """Return all rows of the tables that have any: by key, with their columns in the table's order."""
    any_row = "SELECT '{}' FROM (SELECT 1) AS one WHERE EXISTS (SELECT 1 FROM {})"
    questions = [any_row.format(table, named(table)) for table in keys()]
    found: Rows = {}
    with connection.cursor() as cursor:
        cursor.execute(" UNION ALL ".join(questions))
        for (table,) in cursor.fetchall():
            cursor.execute(
                f"SELECT {named(table)}.{named(keys()[table])}, {named(table)}.* FROM {named(table)}"
            )
            found[table] = {row[0]: row[1:] for row in cursor.fetchall()}
    return found


@cache
def columns(table: str) -> list[str]:
    """Return a table's columns, in its order."""
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT * FROM {named(table)} WHERE 1 = 0")
        return [column[0] for column in cursor.description]


def what_came(before: Rows, after: Rows) -> Rows:
    """Return the rows that are new, or other than before. None may be gone."""
    for table, found in before.items():
        assert found.keys() <= after.get(table, {}).keys(), f"rows of {table} are gone"
    came = {
        table: {key: row for key, row in found.items() if before.get(table, {}).get(key) != row}
        for table, found in after.items()
    }
    return {table: found for table, found in came.items() if found}


def insert(table: str, new: Collection[Collection[Any]]) -> None:
    """Put rows in place: all columns, in the table's order."""
    with connection.cursor() as cursor:
        marks = ", ".join(f"({_marks(row)})" for row in new)
        cursor.execute(f"INSERT INTO {named(table)} VALUES {marks}", [*chain.from_iterable(new)])


def delete(table: str, gone: Collection[Any]) -> None:
    """Take the rows with these keys away."""
    with connection.cursor() as cursor:
        key = named(keys()[table])
        cursor.execute(f"DELETE FROM {named(table)} WHERE {key} IN ({_marks(gone)})", [*gone])


def named(name: str) -> str:
    """Return the name of a table or a column as this database wants it in SQL."""
    return connection.ops.quote_name(name)


def _marks(values: Collection[object]) -> str:
    return ", ".join(["%s"] * len(values))
