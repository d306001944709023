"""``manage.py pingpayments_check``: can this shop take cards, line by line, in green and red."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from oscar_pingpayments.management.findings import Finding
from oscar_pingpayments.management.inspection import inspect

_MARKS = {"good": "ok    ", "note": "note  ", "bad": "WRONG "}


class Command(BaseCommand):
    """Ask the settings, the database and Ping, and tell the shop's developer what they say."""

    help = (
        "Says line by line whether this shop can take cards: its settings, its database, its credentials at "
        "Ping, and whether Ping's callbacks arrive. Exits with 1 when something is wrong."
    )
    # They are part of the report, together with what to do about them.
    requires_system_checks = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Add where the shop is, and how long to wait for Ping's call."""
        parser.add_argument(
            "--public-url", metavar="URL", help="Where Ping reaches the shop, if PUBLIC_URL is not set."
        )
        parser.add_argument(
            "--wait", type=float, default=15.0, metavar="SECONDS", help="For Ping's test call (default: 15)."
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Print each finding when it is made; the poke takes a while."""
        wrong = 0
        for finding in inspect(public_url=options["public_url"], patience=options["wait"]):
            wrong += finding.how == "bad"
            self._print(finding)
        if wrong:
            raise CommandError("1 thing is wrong." if wrong == 1 else f"{wrong} things are wrong.")
        self.stdout.write(self.style.SUCCESS("This shop can take cards."))

    def _print(self, finding: Finding) -> None:
        paint = {"good": self.style.SUCCESS, "note": self.style.WARNING, "bad": self.style.ERROR}[finding.how]
        self.stdout.write(f"{paint(_MARKS[finding.how])}{finding.what}: {finding.sentence}")
        for line in finding.hint.splitlines():
            self.stdout.write(f"      {line}")
        self.stdout.flush()
