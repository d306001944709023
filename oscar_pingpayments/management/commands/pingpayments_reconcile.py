"""``manage.py pingpayments_reconcile``: what Ping lists beside what we have, with an exit code."""

from __future__ import annotations

import sys
from argparse import ArgumentParser, ArgumentTypeError
from collections import Counter
from datetime import date, datetime, time, timedelta
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from oscar_pingpayments import facade
from oscar_pingpayments.exceptions import PingPaymentsError
from oscar_pingpayments.facade import Comparison, Finding, Side

_WORDS = {
    Finding.ONLY_THERE: "only at Ping",
    Finding.ONLY_HERE: "only here",
    Finding.AMOUNT: "another amount or currency",
    Finding.STATUS: "another status",
    Finding.REFUNDED: "another sum refunded",
}


class Command(BaseCommand):
    """Compare a period, yesterday where none is named."""

    help = (
        "Compares the payments of a period at Ping with ours, and prints each difference. Exits with 1 where "
        "there is one. Nothing is written."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Add the period."""
        parser.add_argument(
            "--from", dest="first", type=_day, metavar="DAY", help="The first day, as 2026-01-31."
        )
        parser.add_argument("--to", dest="last", type=_day, metavar="DAY", help="The last day.")

    def handle(self, *args: Any, **options: Any) -> None:
        """Print the differences while they are found, then the sum."""
        yesterday = timezone.localdate() - timedelta(days=1)
        first = options["first"] or options["last"] or yesterday
        last = options["last"] or (first if options["first"] is None else max(first, yesterday))
        if last < first:
            raise CommandError("The last day is before the first.")
        found: Counter[Finding] = Counter()
        try:
            for comparison in facade.reconcile(_midnight(first), _midnight(last + timedelta(days=1))):
                found[comparison.finding] += 1
                if comparison.is_difference:
                    self.stdout.write(_line(comparison))
        except PingPaymentsError as error:
            raise CommandError(f"Not compared to the end: {error}") from error
        different = found.total() - found[Finding.MATCHED]
        self.stdout.write(f"{first} to {last}: {found[Finding.MATCHED]} match, {different} differ")
        if different:
            sys.exit(1)


def _line(comparison: Comparison) -> str:
    number = comparison.order_number or "unknown"
    return (
        f"order {number}, payment {comparison.ping_id}: {_WORDS[comparison.finding]}; "
        f"here {_said(comparison.here)}, at Ping {_said(comparison.there)}"
    )


def _said(side: Side | None) -> str:
    if side is None:
        return "nothing"
    amount = "an amount" if side.amount is None else side.amount
    refunded = f", refunded {side.refunded}" if side.refunded else ""
    return f"{amount} {side.currency} {side.status or 'not heard of'}{refunded}"


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise ArgumentTypeError(f"{text!r} is not a day such as 2026-01-31") from None


def _midnight(day: date) -> datetime:
    return timezone.make_aware(datetime.combine(day, time.min))
