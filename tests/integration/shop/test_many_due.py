"""Hundreds of payments due at once: taken in batches, few in memory, at a bounded rate, once each."""

from __future__ import annotations

import gc
import sys
import time
from collections import Counter
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from oscar_pingpayments import facade
from oscar_pingpayments.facade import syncing
from oscar_pingpayments.models import Payment
from tests.benchmarks import rows


@pytest.fixture
def due(ping):
    """Call it for so many payments that are due, and that Ping has as PENDING."""
    rows.prepare(ping)

    def due(count: int) -> None:
        Payment.objects.update(ask_again_at=None)
        tokens = rows.waiting_payments(ping.fill(count, "PENDING"))
        Payment.objects.filter(token__in=tokens).update(ask_again_at=timezone.now() - timedelta(seconds=1))

    return due


def in_memory() -> int:
    """How many payments this process holds."""
    return sum(isinstance(each, Payment) for each in gc.get_objects())


def test_o1_work_is_taken_in_batches_and_each_payment_is_asked_about_once(due, ping):
    due(12 * syncing.BATCH + 1)
    claims, held = [], []
    calls = len(ping.calls())

    def watch(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        if sql.startswith("UPDATE") and "ask_again_at" in sql and " IN (" in sql:
            claims.append(len(params) - 1)
        return execute(sql, params, many, context)

    def look(summary: facade.SyncSummary) -> None:
        if summary.asked % syncing.BATCH == 0:
            gc.collect()
            held.append(in_memory())

    with connection.execute_wrapper(watch):
        summary = facade.sync(look)

    assert summary.asked == 12 * syncing.BATCH + 1
    assert claims == [syncing.BATCH] * 12 + [1]
    asked = Counter(call["path"] for call in ping.calls()[calls:])
    assert (len(asked), max(asked.values())) == (summary.asked, 1)
    # What is claimed, and what is being written; not what was done before.
    assert max(held) <= 2 * syncing.BATCH


def test_o1_memory_does_not_grow_with_what_is_done(due):
    due(200)
    kept = {}

    def weigh(summary: facade.SyncSummary) -> None:
        if summary.asked in (20, 190):
            gc.collect()
            kept[summary.asked] = sys.getallocatedblocks()

    facade.sync(weigh)

    # Python's and Django's own caches fill up to their bounds; a payment that is kept is some 35 blocks.
    assert kept[190] - kept[20] < 170 * 10


def test_o1_no_more_are_asked_about_in_a_second_than_the_shop_wants(due):
    due(11)
    began = time.monotonic()

    assert facade.sync(rate=20).asked == 11

    assert time.monotonic() - began >= 10 / 20


def test_o18_everything_can_be_made_due_again_in_bites(due, ping, monkeypatch):
    monkeypatch.setattr(syncing, "BITE", 4)
    due(10)
    Payment.objects.update(ask_again_at=None, status="COMPLETED")
    old, unsent = Payment.objects.order_by("pk")[1:3]
    Payment.objects.filter(pk=old.pk).update(created_at=timezone.now() - timedelta(days=31))
    Payment.objects.filter(pk=unsent.pk).update(sent_at=None)

    count = facade.ask_all_again(timezone.now() - timedelta(days=30))

    assert count == 9  # and the pattern of all others
    assert set(Payment.objects.filter(ask_again_at=None)) == {old, unsent}


def test_o1_a_sync_that_is_told_to_stop_leaves_the_rest_due(due):
    due(syncing.BATCH)
    asked = []

    summary = facade.sync(lambda now: asked.append(now.asked), stopped=lambda: len(asked) >= 3)

    assert summary.asked == 3
    assert (
        Payment.objects.filter(status="PENDING", ask_again_at__lte=timezone.now()).count()
        == syncing.BATCH - 3
    )
    assert facade.sync().asked == syncing.BATCH - 3
