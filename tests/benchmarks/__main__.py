"""``python -m tests.benchmarks [callbacks] [size] [sync] [dashboard]``: print figures beside promises."""

from __future__ import annotations

import argparse
import os
import signal
import subprocess
import sys
import time
import warnings
from types import FrameType

import django

from oscar_pingpayments.simulator.testing import PingSimulator

from .servers import Databases

PARTS = ("callbacks", "size", "sync", "dashboard")


def main() -> int:
    """Make databases, measure the parts that were asked for, and drop the databases."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks", description=__doc__)
    parser.add_argument("parts", nargs="*", choices=[*PARTS, []], help="which to measure (default: all)")
    parser.add_argument("--rows", type=int, default=1_000_000, help="payments that the dashboard is for")
    asked = parser.parse_args()
    parts = asked.parts or list(PARTS)
    if not os.environ.get("DATABASE_URL", "").startswith("postgres"):
        print("DATABASE_URL must name a PostgreSQL server: databases are made on it, and dropped.")  # noqa: T201
        return 2

    def stop(number: int, frame: FrameType | None) -> None:
        sys.exit(1)  # which drops the databases

    signal.signal(signal.SIGTERM, stop)
    warnings.filterwarnings("ignore", ".* is not implemented in this backend")  # Haystack's, of its own
    began = time.monotonic()
    databases = Databases(os.environ["DATABASE_URL"])
    try:
        with PingSimulator() as ping:
            _measure(parts, databases, ping, rows=asked.rows)
    finally:
        databases.drop()
    print(f"\nMeasured in {time.monotonic() - began:.0f} seconds.")  # noqa: T201
    return 0


def _measure(parts: list[str], databases: Databases, ping: PingSimulator, *, rows: int) -> None:
    os.environ["DATABASE_URL"] = databases.create("small")
    os.environ["BENCH_LARGE_URL"] = databases.url("large")
    os.environ["BENCH_PING"] = ping.settings()["BASE_URL"]
    os.environ["DJANGO_SETTINGS_MODULE"] = "tests.benchmarks.settings"
    django.setup()

    from django.core.management import call_command
    from django.db import connections

    from . import callbacks, fill, size, syncing
    from .rows import prepare

    call_command("migrate", verbosity=0)
    prepare(ping)
    connections.close_all()
    if "size" in parts:
        databases.create("large", like="small")
    if "dashboard" in parts:
        environ = {**os.environ, "DATABASE_URL": databases.create("dashboard", like="small")}
    fill.fill(1000)
    if "callbacks" in parts:
        callbacks.measure(ping)
    if "size" in parts:
        size.measure(ping)
    if "sync" in parts:
        syncing.measure(ping)
    if "dashboard" in parts:
        command = [sys.executable, "-m", "tests.benchmarks.dashboard", str(rows)]
        subprocess.run(command, env=environ, check=True)
    connections.close_all()


if __name__ == "__main__":
    sys.exit(main())
