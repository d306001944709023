"""``manage.py pingpayments_sync``: learn by ourselves how payments went, and end orders nobody paid."""

from __future__ import annotations

import signal
import sys
import threading
from argparse import ArgumentParser, ArgumentTypeError
from collections.abc import Callable
from datetime import timedelta
from types import FrameType
from typing import Any

from django.core.management.base import BaseCommand
from django.db import connection
from django.utils import timezone

from oscar_pingpayments import facade
from oscar_pingpayments.facade import SyncSummary

#: As a service it waits at most this long between two rounds, however long Ping has been ill (seconds).
LONGEST_PAUSE = 600


class Command(BaseCommand):
    """Ask Ping about every payment that is due; for cron (once) or as a service (``--every``)."""

    help = (
        "Asks Ping about payments that are due, ends unpaid orders whose time has run out, settles what is "
        "to be settled and sends e-mails that were left. Exits with 1 when something needs a person. Safe to "
        "run twice or side by side."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Add the loop mode, and how hard it may work."""
        parser.add_argument(
            "--every",
            type=_whole(1),
            metavar="SECONDS",
            help="Run again and again with this pause, until stopped; longer pauses while Ping is ill.",
        )
        parser.add_argument(
            "--concurrency",
            type=_whole(1),
            metavar="N",
            help="Ask about so many payments at the same time (default: the SYNC setting).",
        )
        parser.add_argument(
            "--rate",
            type=_whole(0),
            metavar="PER_SECOND",
            help="Ask about so many payments a second at most, 0 for no limit (default: the SYNC setting).",
        )

        parser.add_argument(
            "--again",
            type=_whole(1),
            metavar="DAYS",
            help="First make every payment of so many days due, paid and failed ones too: after a backup of "
            "the database was restored.",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Sync once, or until stopped. SIGTERM and Ctrl-C let it finish what it has begun."""
        stopped = threading.Event()
        if options["again"] is not None:
            facade.ask_all_again(timezone.now() - timedelta(days=options["again"]))

        def stop(number: int, frame: FrameType | None) -> None:
            stopped.set()

        before = {number: signal.signal(number, stop) for number in (signal.SIGINT, signal.SIGTERM)}
        try:
            if options["every"] is None:
                summary = self._sync(stopped, options)
                if summary.needs_a_person:
                    sys.exit(1)
                return
            pause = every = options["every"]
            while not stopped.is_set():
                summary = self._sync(stopped, options)
                connection.close()  # a service outlives the database's patience with idle connections
                pause = min(pause * 2, max(every, LONGEST_PAUSE)) if summary.ping_is_ill else every
                stopped.wait(max(pause, min(summary.rest, LONGEST_PAUSE)))
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def _sync(self, stopped: threading.Event, options: dict[str, Any]) -> SyncSummary:
        on_terminal = self.stdout.isatty()

        def show(summary: SyncSummary) -> None:
            self.stdout.write(f"\r{_line(summary)}", ending="")
            self.stdout.flush()

        summary = facade.sync(
            show if on_terminal else _say_nothing,
            concurrency=options["concurrency"],
            rate=options["rate"],
            stopped=stopped.is_set,
        )
        self.stdout.write(f"\r{_line(summary)}" if on_terminal else _line(summary))
        return summary


def _whole(least: int) -> Callable[[str], int]:
    def parse(text: str) -> int:
        if not text.isdecimal() or int(text) < least:
            raise ArgumentTypeError(f"{text!r} is not a whole number from {least} on")
        return int(text)

    return parse


def _say_nothing(summary: SyncSummary) -> None:
    """Where nobody watches, one line at the end is enough."""


def _line(summary: SyncSummary) -> str:
    return (
        f"asked {summary.asked}, paid {summary.paid}, ended {summary.ended}, "
        f"settled {summary.settled}, unanswered {summary.unanswered}, failed {summary.failed}, "
        f"sent {summary.effects}, need attention {summary.attention}"
        f"{', Ping is ill' if summary.ping_is_ill else ''}"
    )
