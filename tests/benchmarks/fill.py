"""Years of a shop's payments, drawn by the database: ``python -m tests.benchmarks.fill 1000000``.

Into the PostgreSQL of ``DATABASE_URL``, beside what is there; the same number draws the same payments.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import django
from django.conf import settings
from django.db import connections, transaction

from . import drawing


def fill(count: int, *, using: str = "default", orders: bool = False) -> None:
    """Fill the tables with so many payments, with their callbacks, and with Oscar orders where asked for.

    Nothing is due. The rows fit together by construction, so that the database need not check each of them.
    """
    facts: dict[str, Any] = {
        "count": count,
        "orders": orders,
        "site": settings.SITE_ID,
        "tenant": settings.PINGPAYMENTS["TENANT_ID"],
        **drawing.words(),
    }
    with connections[using].cursor() as cursor:
        with transaction.atomic(using=using):
            cursor.execute("SET LOCAL session_replication_role = replica; SET LOCAL jit = off")
            cursor.execute("SET LOCAL synchronous_commit = off; SELECT setseed(0.5)")
            for name, table in drawing.KEYED.items():
                cursor.execute(f"SELECT coalesce(max(id), 0) FROM {table}")
                facts[name] = cursor.fetchone()[0]
            facts["number"] = 200_000 + facts["payment_order"]
            with _indexed_afterwards(cursor):
                for statement in (drawing.DRAW, *(drawing.ORDERS if orders else ()), *drawing.PAYMENTS):
                    cursor.execute(statement, facts)
            for table in drawing.KEYED.values():
                cursor.execute(
                    f"SELECT setval(pg_get_serial_sequence('{table}', 'id'), max(id)) FROM {table}"
                )
        cursor.execute("VACUUM (ANALYZE)")


@contextmanager
def _indexed_afterwards(cursor: Any) -> Iterator[None]:
    """Take our tables' indexes away and make them again, as they were, when the block ends: twice as fast."""
    cursor.execute(
        "SELECT conrelid::regclass, quote_ident(conname), pg_get_constraintdef(oid) FROM pg_constraint"
        " WHERE contype = 'u' AND conrelid::regclass::text LIKE 'pingpayments%%'"
    )
    unique = cursor.fetchall()
    for table, name, _ in unique:
        cursor.execute(f"ALTER TABLE {table} DROP CONSTRAINT {name}")
    cursor.execute(
        "SELECT quote_ident(indexname), indexdef FROM pg_indexes"
        " WHERE tablename LIKE 'pingpayments%%' AND indexname NOT LIKE '%%_pkey'"
    )
    others = cursor.fetchall()
    for name, _ in others:
        cursor.execute(f"DROP INDEX {name}")
    yield
    cursor.execute("SET LOCAL maintenance_work_mem = '256MB'")
    for table, name, definition in unique:
        cursor.execute(f"ALTER TABLE {table} ADD CONSTRAINT {name} {definition}")
    for _, definition in others:
        cursor.execute(definition)


def main() -> int:
    """Fill the database that is named, by hand: to look at a large shop with one's own eyes."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.fill", description=__doc__)
    parser.add_argument("count", type=int, help="how many payments")
    count = parser.parse_args().count
    if not os.environ.get("DATABASE_URL", "").startswith("postgres"):
        print("DATABASE_URL must name a PostgreSQL database: it is migrated, and filled.")  # noqa: T201
        return 2
    os.environ["DJANGO_SETTINGS_MODULE"] = "tests.benchmarks.settings"
    django.setup()

    from django.core.management import call_command
    from oscar.core.loading import get_model

    began = time.monotonic()
    call_command("migrate", verbosity=0)
    sweden = {"iso_3166_1_a3": "SWE", "printable_name": "Sweden", "is_shipping_country": True}
    get_model("address", "Country").objects.get_or_create(iso_3166_1_a2="SE", defaults=sweden)
    fill(count, orders=True)
    print(f"{count} payments, in {time.monotonic() - began:.0f} seconds.")  # noqa: T201
    return 0


if __name__ == "__main__":
    sys.exit(main())
