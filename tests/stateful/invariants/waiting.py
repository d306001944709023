"""Nothing that waits is forgotten: it has a time to be asked about again, or it has ended."""

from __future__ import annotations

from datetime import timedelta

from django.utils import timezone

from oscar_pingpayments.models import Effect

from ..model.look import Seen
from ..model.world import World

#: For so long Ping is asked: about what may still be paid, since it began; about the rest, since it ended.
ASKED_WHILE_OPEN = timedelta(days=60)
ASKED_AFTER_THE_END = timedelta(days=30)


def every_attempt_is_asked_about_again(world: World, seen: list[Seen]) -> None:
    now = timezone.now()
    for each in seen:
        for attempt in each.attempts:
            row = attempt.row
            if row.ping_id:
                is_final = row.status not in ("", "INITIATED", "PENDING")
                age = now - (row.changed_at if is_final else row.created_at)
                too_old = age > (ASKED_AFTER_THE_END if is_final else ASKED_WHILE_OPEN)
                assert row.ask_again_at or too_old
            elif row.outcome_unknown:
                assert row.ask_again_at
            else:
                assert row.error or row.live or each.row.ended_at


def every_payment_at_ping_is_known_or_looked_up(world: World, seen: list[Seen]) -> None:
    """One whose answer was lost or made no sense is found by the number that it was sent with."""
    attempts = {(str(each.row.ping_id), one.row.number): one.row for each in seen for one in each.attempts}
    known = world.known_payments()
    for remote in world.ping.payments():
        if remote["id"] not in known:
            row = attempts[remote["payment_order_id"], int(remote["metadata"]["attempt"])]
            assert row.ping_id is None
            assert row.sent_at
            assert row.ask_again_at


def at_most_one_attempt_is_live(world: World, seen: list[Seen]) -> None:
    for each in seen:
        live = [attempt.row for attempt in each.attempts if attempt.row.live]
        assert len(live) <= 1
        for row in live:
            assert row.meaning == "waiting"
            assert not row.error
            # Once another one has brought money, it is stopped, and asked about until it ends.
            assert each.row.state == "awaiting" or "paid" in {it.row.meaning for it in each.attempts}


def every_order_ends(world: World, seen: list[Seen]) -> None:
    """Paid, cancelled or out of time; where money or a word of Ping's needs a person it waits for them."""
    for each in seen:
        if world.everything_is_over and each.row.is_awaiting:
            money = any(attempt.told and attempt.told.money for attempt in each.attempts)
            assert money or "unknown_status" in world.owed.reasons(each.row.pk)


def every_effect_has_its_time(world: World, seen: list[Seen]) -> None:
    assert not Effect.objects.filter(claimed_at=None).exists()


CHECKS = [
    every_attempt_is_asked_about_again,
    every_payment_at_ping_is_known_or_looked_up,
    at_most_one_attempt_is_live,
    every_order_ends,
    every_effect_has_its_time,
]
