"""What a campaign needs: PostgreSQL with a database of its own, how many orders, and a seed.

``ORDERS`` says how many orders are placed at least (40; ``make kills`` and CI: 500), ``KILLS_SEED`` repeats
the choices of an earlier run; the instants are the machine's own. What came of it is printed at the end.
"""

from __future__ import annotations

import os
import random
import signal
from collections.abc import Iterator
from typing import Any

import pytest
from django.db import connections

from tests import postgresql

ORDERS = int(os.environ.get("ORDERS", "40"))
SEED = int(os.environ.get("KILLS_SEED", random.randrange(10**6)))


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark everything here; where there is no PostgreSQL, skip it, or fail in CI."""
    postgresql.need(items, "kills", "workers are killed on PostgreSQL only: set DATABASE_URL")


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Say what came of the campaign."""
    reports = [report for reports in terminalreporter.stats.values() for report in reports]
    said = [value for report in reports for key, value in report.user_properties if key == "kills"]
    if said:
        terminalreporter.section("kills")
        for line in said:
            terminalreporter.write_line(line)


@pytest.fixture(scope="session")
def django_db_modify_db_settings() -> None:
    """Name the database after this process, so that nobody else's is touched."""
    connections.settings["default"]["TEST"]["NAME"] = f"kills_{os.getpid()}"


@pytest.fixture(autouse=True)
def stoppable() -> Iterator[None]:
    """Stop what was started, and drop the database, also where the campaign takes too long."""

    def stop(number: int, frame: object) -> None:
        pytest.exit("stopped", returncode=1)

    before = signal.signal(signal.SIGTERM, stop)
    yield
    signal.signal(signal.SIGTERM, before)


@pytest.fixture
def orders() -> int:
    """How many orders are placed at least."""
    return ORDERS


@pytest.fixture
def seed() -> int:
    """What decides every choice."""
    return SEED
