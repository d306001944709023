"""The dashboard of a shop with a million payments: what each page asks, how long it takes, and its plans.

Run as a process of its own on a database of its own: ``python -m tests.benchmarks.dashboard 1000000``.
"""

from __future__ import annotations

import math
import os
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import django
from django.db import connection

from .figures import heading, remark, say

RUNS = 20
#: Promised for each page of the list: queries on our tables, ms of SQL, and how much slower than one order's.
MOST_QUERIES, MOST_SQL, MOST_TIMES = 8, 50, 3
#: So many of the newest payments are exported, and so much more memory it may take at its end.
EXPORTED, MOST_GROWTH = 100_000, 5
LINES_OF_A_BITE = 1000
#: After so many bites Python's collector has found how much cyclic rubbish it lets lie: memory is level.
SETTLED = 20


@dataclass
class Run:
    """One request: how long it took, and its statements with their parameters and seconds."""

    seconds: float = 0.0
    statements: list[tuple[str, Any, float]] = field(default_factory=list)

    def __call__(self, execute: Callable[..., Any], sql: str, params: Any, *rest: Any) -> Any:
        """Execute a statement; Django calls this."""
        began = time.perf_counter()
        try:
            return execute(sql, params, *rest)
        finally:
            self.statements.append((sql, params, time.perf_counter() - began))

    @property
    def ours(self) -> int:
        """How many statements name a table of ours, in whatever place."""
        return sum('"pingpayments_' in sql for sql, *_ in self.statements)

    @property
    def milliseconds(self) -> float:
        """How long the whole request took."""
        return self.seconds * 1000

    @property
    def of_sql(self) -> float:
        """How many milliseconds its statements took, Oscar's with ours."""
        return sum(seconds for *_, seconds in self.statements) * 1000


@dataclass
class Page:
    """A page, by its address, and what its requests were like."""

    name: str
    address: str
    runs: list[Run] = field(default_factory=list)

    def visit(self, client: Any) -> Run:
        """Ask for it once."""
        run = Run()
        with connection.execute_wrapper(run):
            began = time.perf_counter()
            response = client.get(self.address)
            run.seconds = time.perf_counter() - began
        assert response.status_code == 200, (self.name, response.status_code)
        return run

    @property
    def queries(self) -> int:
        """The most statements on our tables."""
        return max(run.ours for run in self.runs)

    def quantile(self, figure: str, share: int) -> float:
        """Return the percentile of a figure."""
        values: list[float] = sorted(getattr(run, figure) for run in self.runs)
        return values[math.ceil(len(values) * share / 100) - 1]

    def scans(self) -> list[str]:
        """Return the statements that read the whole of a large table of ours."""
        from .queries import plan_of, reads_all

        return [
            f"{self.name}: {sql[:100]}..."
            for sql, params, _ in self.runs[0].statements
            if sql.startswith("SELECT") and reads_all(plan_of(sql, params))
        ]

    def tell(self, promised: object = "-") -> None:
        """Print its figures."""
        others = max(len(run.statements) - run.ours for run in self.runs)
        whole, sql = (
            f"{self.quantile(figure, 50):.0f} / {self.quantile(figure, 95):.0f}"
            for figure in ("milliseconds", "of_sql")
        )
        say(self.name, f"{self.queries:2} + {others:2} {whole:>11} {sql:>11}", promised)


def measure(count: int) -> None:
    """Fill the database, and print the figures."""
    from django.contrib.auth import get_user_model
    from django.test import Client

    from .fill import fill

    heading(f"Dashboard: {count:,} payments with Oscar orders, Django's test client, {RUNS} runs in turns")
    began = time.monotonic()
    fill(count, orders=True)
    remark(
        f"Filled in {time.monotonic() - began:.0f} s. Shown: queries on our tables + all others; ms of the "
        "whole request, p50 / p95; ms of all its SQL, p50 / p95."
    )
    client = Client()
    client.force_login(get_user_model().objects.create_superuser("bench", "bench@example.com", "bench"))
    (one, *lists), others = _list_pages(), _other_pages()
    for number in range(RUNS + 1):
        for page in (one, *lists, *others):
            run = page.visit(client)
            if number:  # the first loads what the process needs
                page.runs.append(run)
    _tell_lists(one, lists)
    for page in others:
        page.tell()
        for scan in page.scans():
            remark(f"Reads all of a large table: {scan}")
    _export(client)


def _list_pages() -> list[Page]:
    """Return pages of the list: the first is that of one order, which all others are compared with."""
    from django.urls import reverse

    from oscar_pingpayments.dashboard.searching import NEWEST, SORTINGS
    from oscar_pingpayments.models import PaymentOrder

    rows = PaymentOrder.objects.filter(state="paid", attention="")
    number = PaymentOrder.objects.count() // 2
    half = rows.order_by("pk")[number // 2]
    payment = half.payments.get(status="COMPLETED")
    cursors = {word: sorting.cursor(half) for word, sorting in SORTINGS.items()}
    day, amount = f"{half.created_at:%Y-%m-%d}", half.amount
    month_later = f"{half.created_at + timedelta(days=30):%Y-%m-%d}"
    asked: dict[str, dict[str, Any]] = {
        "one order, by its number": {"q": half.order_number},
        "first page": {},
        "last page": {"last": 1},
        "in the middle, forwards": {"after": cursors[NEWEST]},
        "in the middle, backwards": {"before": cursors[NEWEST]},
        "search: a common last name": {"q": "Andersson"},
        "search: the beginning of names": {"q": "an"},
        "search: a whole name": {"q": half.payer_name},
        "search: nobody": {"q": "Zzyzx"},
        "search: an e-mail address": {"q": half.payer_email},
        "search: the beginning of an address": {"q": "anna.andersson1"},
        "search: Ping's payment order": {"q": half.ping_id},
        "search: Ping's payment": {"q": payment.ping_id},
        "search: a common name, last page": {"q": "Andersson", "last": 1},
        "search: a common name, by amount": {"q": "Andersson", "sort": "-amount"},
        **{f"filter: {state}": {"state": state} for state in PaymentOrder.State.values},
        "filter: refunded, last page": {"state": "refunded", "last": 1},
        "filter: attention, any": {"attention": "any"},
        "filter: attention, refund": {"attention": "refund"},
        "filter: a day": {"placed_from": day, "placed_to": day},
        "filter: a month": {"placed_from": day, "placed_to": month_later},
        "filter: an amount": {"amount_from": amount, "amount_to": amount},
        "filter: an amount nobody paid": {"amount_from": 100_000},
        "filter: EUR": {"currency": "EUR"},
        "filter: a currency without payments": {"currency": "DKK"},
        "filters: refunded, NOK": {"state": "refunded", "currency": "NOK"},
        "filters: expired, DKK": {"state": "expired", "currency": "DKK"},
        "filters: a name, expired": {"q": "Andersson", "state": "expired"},
        "filters: a month, an amount": {"placed_from": day, "placed_to": month_later, "amount_from": 3900},
        "sorted: amount, largest": {"sort": "-amount"},
        "sorted: amount, smallest": {"sort": "amount"},
        "sorted: amount, last page": {"sort": "-amount", "last": 1},
        "sorted: amount, in the middle": {"sort": "-amount", "after": cursors["-amount"]},
        "sorted: oldest": {"sort": "placed"},
        "sorted: amount, refunded": {"sort": "-amount", "state": "refunded"},
        "sorted: amount, awaiting": {"sort": "-amount", "state": "awaiting"},
        "sorted: amount, NOK": {"sort": "-amount", "currency": "NOK"},
        "sorted: amount, attention": {"sort": "-amount", "attention": "any"},
        "sorted: amount, a day": {"sort": "-amount", "placed_from": day, "placed_to": day},
    }
    base = reverse("dashboard:payments-list")
    return [Page(f"list, {name}", f"{base}?{urlencode(words)}") for name, words in asked.items()]


def _other_pages() -> list[Page]:
    from django.urls import reverse
    from django.utils import timezone

    from oscar_pingpayments.models import PaymentOrder

    def page(name: str, view: str, *args: Any, days: int = 0) -> Page:
        first = timezone.localdate() - timedelta(days=days - 1)
        query = f"?first={first:%Y-%m-%d}" if days else ""
        return Page(name, reverse(f"dashboard:payments-{view}", args=args) + query)

    refunded = PaymentOrder.objects.filter(state="refunded").values_list("pk", flat=True)[0]
    return [
        page("overview, 30 days", "overview", days=30),
        page("overview, 365 days", "overview", days=365),
        page("attention queue", "attention"),
        page("health, 7 days", "health", days=7),
        page("one payment's page", "detail", refunded),
    ]


def _tell_lists(one: Page, pages: list[Page]) -> None:
    most = MOST_TIMES * one.quantile("milliseconds", 95)
    promised = f"{MOST_QUERIES}, p95 {most:.0f}, SQL p95 {MOST_SQL}"
    scans, missed = [], []
    for page in (one, *pages):
        page.tell(promised)
        scans += page.scans()
        kept = (
            page.queries <= MOST_QUERIES
            and page.quantile("of_sql", 95) <= MOST_SQL
            and page.quantile("milliseconds", 95) <= most
        )
        missed += [] if kept else [page.name]
    slowest = max(page.quantile("milliseconds", 95) for page in pages) / one.quantile("milliseconds", 95)
    say("pages of the list: p95 of the slowest / p95 of one order's", f"{slowest:.1f}", MOST_TIMES)
    # A page with a cursor asks twice where rows have the same value; everything else is the same for all.
    varies = sorted({page.queries for page in (one, *pages)})
    say("pages of the list: queries, of one row or of many", varies, f"at most {MOST_QUERIES}")
    say(f"pages of the list that miss a promise, of {len(pages) + 1}", len(missed), 0)
    for name in missed:
        remark(name)
    say("sequential scans of our large tables, in all pages of the list", len(scans), 0)
    for scan in scans:
        remark(scan)


def _export(client: Any) -> None:
    """Let the newest payments be exported, and see how large the process is after each bite."""
    from django.urls import reverse

    from oscar_pingpayments.models import PaymentOrder

    newest = PaymentOrder.objects.order_by("-created_at")
    edge = newest[min(EXPORTED, newest.count()) - 1].created_at
    run, lines, sizes = Run(), 0, []
    with connection.execute_wrapper(run):
        began = time.perf_counter()
        response = client.get(reverse("dashboard:payments-export"), {"placed_from": f"{edge:%Y-%m-%d}"})
        for line in response.streaming_content:
            lines += line.count(b"\n")
            if lines % LINES_OF_A_BITE == 0:
                sizes.append(_megabytes())
        seconds = time.perf_counter() - began
    say("export: rows", f"{lines - 1:,}")
    say("export: seconds, of which SQL", f"{seconds:.1f}, {run.of_sql / 1000:.1f}")
    say("export: queries on our tables", run.ours)
    settled, largest = max(sizes[:SETTLED]), max(sizes)
    say(f"export: MB of the process, after {SETTLED * LINES_OF_A_BITE} rows", f"{settled:.0f}")
    say("export: MB more with all of them", f"{largest - settled:.1f}", f"at most {MOST_GROWTH}")


def _megabytes() -> float:
    """Return how large the process is now."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


def main() -> int:
    """Measure on the database of ``DATABASE_URL``, which is migrated and otherwise empty."""
    os.environ["DJANGO_SETTINGS_MODULE"] = "tests.benchmarks.settings"
    django.setup()
    measure(int(sys.argv[1]))
    return 0


if __name__ == "__main__":
    sys.exit(main())
