"""A process is killed with SIGKILL, in the middle: nothing is lost, and a sync comes to the same end."""

from __future__ import annotations

import dataclasses
import os
import random
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import Any

import pytest
from django.db import connections
from django.utils import timezone

import oscar_pingpayments
from oscar_pingpayments import facade
from oscar_pingpayments.facade import syncing
from oscar_pingpayments.models import Effect, Exchange, Payment

from .conftest import SEED
from .counter import AWAITING, PAID, call_back, make_due
from .race import wait_until

#: So many lines are run from a little before the commit on.
LATE = 80
OURS = str(Path(oscar_pingpayments.__file__).parent)

# A worker of pytest-xdist has a thread that waits for orders, and Python warns of forks beside threads.
pytestmark = pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")


class Process:
    """A copy of this process that does one thing and ends; ``answer`` is what that returned.

    It shares no connection with this one.
    """

    def __init__(self, act: Callable[[], object]) -> None:
        connections.close_all()
        self._answer, answer = os.pipe()
        self.pid = os.fork()
        if self.pid == 0:
            try:
                os.write(answer, str(act()).encode())
                connections.close_all()
            finally:
                os._exit(0)
        os.close(answer)

    def kill(self) -> None:
        os.kill(self.pid, signal.SIGKILL)

    def was_killed(self) -> bool:
        """Wait for its end, and say whether that was SIGKILL."""
        _, status = os.waitpid(self.pid, 0)
        with os.fdopen(self._answer) as answer:
            self.answer = answer.read()
        return os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL


def lines_of(act: Callable[[], object], *, last: int | None = None) -> int:
    """Do something and count the lines of ours that are run; be killed before the one that is the last."""
    count = 0

    def trace(frame: FrameType, event: str, argument: Any) -> Any:
        nonlocal count
        if not frame.f_code.co_filename.startswith(OURS):
            return None
        if event == "line":
            count += 1
            if count == last:
                os.kill(os.getpid(), signal.SIGKILL)
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        act()
    finally:
        sys.settrace(before)
    return count


def finish(payment: Payment) -> None:
    """Let the time pass after which what a dead process had claimed is due again, and sync."""
    make_due(payment)
    Effect.objects.filter(done_at=None).update(claimed_at="2026-01-01T00:00Z")
    facade.sync()


def test_c9_a_worker_is_killed_at_any_line_of_the_handling_of_a_callback(counter, ping, rounds, in_turn):
    pattern, *payments = counter.payments(rounds // 2 + 1)
    ping.says(pattern.ping_id, "COMPLETED")
    call_back(pattern)  # what is made once
    (pattern,) = counter.payments(1)
    ping.says(pattern.ping_id, "COMPLETED")
    whole = Process(lambda: lines_of(lambda: call_back(pattern)))
    assert not whole.was_killed()
    lines = int(whole.answer)
    chance = random.Random(SEED)
    seen = set()

    for number, payment in enumerate(in_turn(payments)):
        # Spread over all of them, or over the last ones, about the commit, where it matters most; and at
        # other ones each time that the tests are run.
        where = (number + chance.random()) / len(payments)
        last = 1 + int(lines * where) if number % 2 else lines - int(LATE * where)
        ping.says(payment.ping_id, "COMPLETED")

        killed = Process(lambda payment=payment, last=last: lines_of(lambda: call_back(payment), last=last))

        assert killed.was_killed() or last > lines - 20  # a few lines more or less
        end = counter.end(payment.payment_order_id)
        written = end.state == "paid"
        assert dataclasses.replace(end, effects=()) == dataclasses.replace(
            PAID if written else AWAITING, effects=(), mails=0
        )
        seen.add((written, end.effects))
        finish(payment)
        # The killed process's letter is not in this one's outbox: where it was noted, it was sent there.
        mails = 1 - (("confirmation", True) in end.effects)
        assert counter.end(payment.payment_order_id) == dataclasses.replace(PAID, mails=mails), last
    counter.assert_holds()
    waiting = (("confirmation", False), ("order_paid", False))
    assert {(False, ()), (True, waiting)} <= seen  # before the transaction, and after it


def test_o1_a_sync_is_killed_half_way_and_the_next_one_resumes(counter, ping, monkeypatch):
    """Ping is slow; the sync is a process of its own, with four workers."""
    payments = counter.payments(40)
    for payment in payments:
        ping.says(payment.ping_id, "COMPLETED")
    make_due(*payments)
    monkeypatch.setattr(syncing, "BATCH", 4)
    ping.misbehave("get_payment", "latency", seconds=0.05, times=None)
    asked = Exchange.objects.filter(method="GET")

    sync = Process(lambda: facade.sync(concurrency=4, rate=0))
    wait_until(lambda: asked.count() >= 10, seconds=30)
    sync.kill()

    assert sync.was_killed()
    done = Payment.objects.filter(status="COMPLETED").count()
    assert 0 < done < 40
    claimed = Payment.objects.filter(status="", ask_again_at__gt=timezone.now()).count()
    assert 0 < claimed <= 16  # a batch for each of the workers, and no more
    ping.clear_faults()
    began = time.monotonic()
    rest = facade.sync(concurrency=4, rate=0)
    assert (rest.asked, rest.failed, rest.unanswered) == (40 - done - claimed, 0, 0)
    assert time.monotonic() - began < 30
    later = timezone.now() + syncing.CLAIM
    assert not Payment.objects.filter(status="", ask_again_at__gt=later).exists()
    make_due(*Payment.objects.filter(status=""))  # three minutes later
    Effect.objects.filter(done_at=None).update(claimed_at="2026-01-01T00:00Z")
    assert facade.sync(concurrency=4, rate=0).asked == claimed

    ends = {dataclasses.replace(counter.end(payment.payment_order_id), mails=0) for payment in payments}
    assert ends == {dataclasses.replace(PAID, mails=0)}
    # Those that the dead process was asking about have been asked about twice, and nothing came of that.
    assert 40 <= asked.count() <= 40 + 4 + claimed
    counter.assert_holds()
