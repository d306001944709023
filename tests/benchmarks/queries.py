"""What the hot path asks the database, seen from one process: how long claiming takes, and every plan.

Run as a process of its own for each database: ``python -m tests.benchmarks.queries``; prints JSON.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable
from typing import Any, TypedDict

import django
from django.db import connection

#: How many attempts are due for the sync that is listened to.
DUE = 200
#: A table with fewer rows is read as a whole because that is the fastest.
LARGE = 10_000


class Findings(TypedDict):
    """What is told: the seconds of every claim, how many plans were read, which are scans."""

    claims: list[float]
    plans: int
    scans: list[str]


class Listener:
    """Every statement with its parameters, by the first of its kind; and how long claims take."""

    def __init__(self) -> None:
        self.statements: dict[str, tuple[Any, str]] = {}
        self.claims: list[float] = []
        self._of_claim = 0
        self.during = ""

    def __call__(self, execute: Callable[..., Any], sql: str, params: Any, *rest: Any) -> Any:
        """Execute a statement; Django calls this."""
        if "SKIP LOCKED" in sql:
            # A claim is three statements: lock, mark, read. The last one, which finds nothing, is none.
            self.claims.append(0.0)
            self._of_claim = 3
        began = time.perf_counter()
        try:
            return execute(sql, params, *rest)
        finally:
            if self._of_claim:
                self._of_claim -= 1
                self.claims[-1] += time.perf_counter() - began
            if sql.startswith(("SELECT", "UPDATE", "DELETE")):
                self.statements.setdefault(sql, (params, self.during))


def main() -> int:
    """Call the hot path once for every kind of it, and look at what it asked."""
    os.environ["DJANGO_SETTINGS_MODULE"] = "tests.benchmarks.settings"
    django.setup()
    from django.test import Client
    from django.urls import reverse

    from oscar_pingpayments import facade

    completing, page, payment_order, paid = json.loads(sys.stdin.read())
    listener = Listener()
    client = Client()

    def call(name: str, token: str, method: str = "get") -> None:
        listener.during = name
        # A call about a paid payment that says anything else would be news, for the sync to ask about.
        said = {"data": {"status": "COMPLETED"}, "content_type": "application/json"}
        body = said if method == "post" else {}
        response = getattr(client, method)(reverse(f"pingpayments:{name}", args=[token]), **body)
        assert response.status_code in (200, 303), response.status_code

    with connection.execute_wrapper(listener):
        call("callback", completing, "post")
        call("callback", paid, "post")
        call("return", page)
        call("payment", payment_order)
        call("state", payment_order)
        listener.during = "sync"
        summary = facade.sync(concurrency=1, rate=0)
    assert (summary.asked, summary.unanswered, summary.failed) == (DUE, 0, 0), summary
    scans = [
        f"{during}: {sql[:100]}..."
        for sql, (params, during) in listener.statements.items()
        if reads_all(plan_of(sql, params))
    ]
    findings: Findings = {
        "claims": listener.claims[:-1],
        "plans": len(listener.statements),
        "scans": scans,
    }
    print(json.dumps(findings))  # noqa: T201
    return 0


def plan_of(sql: str, params: Any) -> dict[str, Any]:
    """Return how PostgreSQL would execute a statement."""
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN (FORMAT JSON) {sql}", params)
        plan: dict[str, Any] = cursor.fetchone()[0][0]["Plan"]
    return plan


def reads_all(plan: dict[str, Any]) -> bool:
    """Whether a plan reads the whole of a large table of ours."""
    if plan["Node Type"] == "Seq Scan" and plan["Relation Name"] in _large_tables():
        return True
    return any(reads_all(part) for part in plan.get("Plans", ()))


def _large_tables() -> set[str]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT relname FROM pg_class WHERE relname LIKE 'pingpayments%%' AND reltuples >= %s", [LARGE]
        )
        return {name for (name,) in cursor.fetchall()}


if __name__ == "__main__":
    sys.exit(main())
