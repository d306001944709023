"""Races need a database with row locks and several connections: these tests run on PostgreSQL.

``ROUNDS`` says how often each race is run (20; ``make races`` and CI: 200), ``RACES_SEED`` repeats the head
starts of an earlier run. How often each side won is printed at the end.
"""

from __future__ import annotations

import os
import random
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from typing import Any

import pytest
from django.core import mail
from django.db import connection, connections

from tests import postgresql

from .counter import ShopCounter
from .race import Race

ROUNDS = int(os.environ.get("ROUNDS", "20"))
#: Of the races that are slower, or rarer in life.
FEWER = min(max(ROUNDS // 8, 5), 50)
SEED = int(os.environ.get("RACES_SEED", random.randrange(10**6)))


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark everything here; where the database cannot show a race, skip it, or fail in CI."""
    postgresql.need(items, "concurrency", "races show on PostgreSQL only: set DATABASE_URL")


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Say who won how often, so that one can see that both orders of events occurred."""
    reports = [report for reports in terminalreporter.stats.values() for report in reports]
    properties = [said for report in reports for said in getattr(report, "user_properties", ())]
    if scores := sorted({str(value) for key, value in properties if key == "race"}):
        terminalreporter.section("races")
        for score in scores:
            terminalreporter.write_line(score)


@pytest.fixture(autouse=True)
def shop(transactional_db, ping, settings):
    """The shop's settings, pointing at the simulator of this test run.

    What an unpaid order's payer is written depends on who comes first, and has races of its own.
    """
    emails = {"failed": False, "cancelled": False}
    settings.PINGPAYMENTS = {**settings.PINGPAYMENTS, **ping.settings(), "EMAILS": emails}
    return settings


@pytest.fixture(autouse=True)
def brisk(shop, monkeypatch) -> Iterator[None]:
    """Connections that last; threads that take turns often."""
    options = connections.settings["default"]
    monkeypatch.setitem(options, "CONN_MAX_AGE", None)
    monkeypatch.setitem(options, "CONN_HEALTH_CHECKS", True)
    connection.close()
    before = sys.getswitchinterval()
    sys.setswitchinterval(0.0005)
    yield
    sys.setswitchinterval(before)


@pytest.fixture
def counter(shop, ping) -> ShopCounter:
    """A shop with one product and one voucher, and payers by the hundred."""
    return ShopCounter(ping)


@pytest.fixture
def race(record_property) -> Iterator[Callable[..., Race]]:
    """Make a race: ``race("R2 callback and return", "callback", "page")``; its score is kept for the end."""
    with ExitStack() as stack:

        def make(name: str, *actors: str) -> Race:
            made = stack.enter_context(Race(name, *actors, seed=SEED))
            stack.callback(lambda: record_property("race", str(made)))
            return made

        yield make


@pytest.fixture
def rounds() -> int:
    """How often a race is run."""
    return ROUNDS


@pytest.fixture
def fewer_rounds() -> int:
    """How often a race is run that is slower, or rarer in life."""
    return FEWER


@pytest.fixture
def in_turn() -> Callable[..., Iterator[Any]]:
    """Go through what was prepared, with the letters of earlier rounds thrown away."""

    def turns(prepared: list[Any]) -> Iterator[Any]:
        for each in prepared:
            mail.outbox.clear()
            yield each

    return turns


@pytest.fixture
def at_once() -> Callable[..., list[Any]]:
    """Run functions in threads that start together, each with a database connection of its own."""

    def run(*functions: Callable[[], Any]) -> list[Any]:
        barrier = threading.Barrier(len(functions))

        def call(function: Callable[[], Any]) -> Any:
            try:
                barrier.wait(timeout=10)
                return function()
            finally:
                connections.close_all()

        with ThreadPoolExecutor(len(functions)) as pool:
            return [future.result(timeout=60) for future in [pool.submit(call, each) for each in functions]]

    return run
