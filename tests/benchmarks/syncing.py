"""The sync: attempts a second while Ping takes its time, ten thousand that are due, and memory."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from uuid import uuid4

from django.db.models import Count, Max, Min
from django.utils import timezone

from oscar_pingpayments.models import Payment, PaymentOrder
from oscar_pingpayments.simulator.testing import PingSimulator

from . import rows
from .figures import heading, remark, say

LATENCY = 0.1
#: How many are due for each of the workers when only their pace is measured.
EACH = 60
MANY, HUGE = 10_000, 100_000
#: Where 100 000 are due, so many are waited for.
ENOUGH = 5_000


@dataclass(frozen=True, slots=True)
class Synced:
    """What one sync did: attempts asked about, how long Ping was asked, all of it, and its largest size."""

    asked: int
    asking: float
    seconds: float
    megabytes: float


def measure(ping: PingSimulator) -> None:
    """Print the figures of the sync."""
    heading(f"Sync: pingpayments_sync as a process, Ping at {LATENCY * 1000:.0f} ms, no limit of its rate")
    rows.waiting_at_ping(ping.fill(MANY, "PENDING"))
    rows.waiting_at_ping([(uuid4(), uuid4()) for _ in range(HUGE - MANY)])  # never asked about: the last
    ping.misbehave("get_payment", "latency", seconds=LATENCY, times=None)
    for concurrency in (1, 4):
        done = _sync(concurrency, due=EACH * concurrency)
        say(f"attempts a second, concurrency {concurrency}", f"{done.asked / done.asking:.1f}")
    done = _sync(16, due=MANY)
    say("attempts a second, concurrency 16", f"{done.asked / done.asking:.1f}")
    say(f"{MANY} due attempts, concurrency 16: asked", done.asked, MANY)
    say(f"{MANY} due attempts, concurrency 16: seconds", f"{done.seconds:.0f}", "less than 120")
    ping.clear_faults()
    remark(f"With {HUGE} due it is stopped after {ENOUGH}; Ping at 0 ms.")
    few = _sync(16, due=1000)
    say("1000 due: largest size of the process, MB", f"{few.megabytes:.0f}")
    many = _sync(16, due=HUGE, enough=ENOUGH)
    say(f"{HUGE} due: asked", many.asked, f"at least {ENOUGH}")
    say(f"{HUGE} due: largest size of the process, MB", f"{many.megabytes:.0f}")
    say(f"memory: {HUGE} due / 1000 due", f"{many.megabytes / few.megabytes:.2f}", "at most 1.1")


def _sync(concurrency: int, *, due: int, enough: int | None = None) -> Synced:
    """Let so many be due, and sync in a process of its own; stop it when ``enough`` have been asked about."""
    rows.make_due(due)
    since = timezone.now()
    began = time.monotonic()
    process = subprocess.Popen(
        [
            *(sys.executable, "-m", "django", "pingpayments_sync"),
            *("--concurrency", str(concurrency), "--rate", "0"),
        ],
        stdout=subprocess.DEVNULL,
    )
    asked_about = Payment.objects.filter(asked_by="sync", asked_at__gte=since)
    while enough is not None and asked_about.count() < enough:
        assert process.poll() is None, "it came to its end before"
        time.sleep(0.5)
    if enough is not None:
        process.send_signal(signal.SIGTERM)
    _, status, used = os.wait4(process.pid, 0)
    seconds = time.monotonic() - began
    process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode == PaymentOrder.objects.exclude(attention="").exists()  # some need a person
    asked = asked_about.aggregate(count=Count("pk"), first=Min("asked_at"), last=Max("asked_at"))
    return Synced(
        asked=asked["count"],
        asking=(asked["last"] - asked["first"]).total_seconds() + LATENCY,
        seconds=seconds,
        megabytes=used.ru_maxrss / 1024,
    )
