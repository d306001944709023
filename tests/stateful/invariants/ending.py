"""No order ends behind Ping's back: each attempt is asked about first, and the open one is to be stopped."""

from __future__ import annotations

from ..model.look import Seen
from ..model.world import World


def ping_was_asked_before_an_order_ended(world: World, seen: list[Seen]) -> None:
    """Within the same step, and whatever the answer was; but for money that had come, and gone back."""
    for each in seen:
        before = world.before.get(each.row.pk)
        if before and has_ended(before, each):
            for attempt in before.attempts:
                if attempt.row.ping_id and attempt.row.meaning != "paid":
                    assert world.told.calls["get_payment", str(attempt.row.ping_id)]


def what_was_open_is_stopped(world: World, seen: list[Seen]) -> None:
    """Ping is asked to; whether it can is Ping's to say."""
    for each in seen:
        before = world.before.get(each.row.pk)
        if before and has_ended(before, each):
            for old, new in zip(before.attempts, each.attempts, strict=False):
                if old.row.live and old.row.ping_id and new.row.meaning == "waiting":
                    assert world.told.calls["stop_payment", str(new.row.ping_id)]


def only_what_staff_moved_on_is_left_to_them(world: World, seen: list[Seen]) -> None:
    for each in seen:
        if each.row.is_with_staff:
            assert each.row.pk in world.set_by_hand
            assert each.order.status not in ("Pending", "Cancelled")


def has_ended(before: Seen, after: Seen) -> bool:
    """Whether an order has ended since, and not because its money came after staff had cancelled it."""
    ended = before.row.state == "awaiting" and after.row.state in ("cancelled", "expired")
    return ended and before.order.status != "Cancelled"


CHECKS = [
    ping_was_asked_before_an_order_ended,
    what_was_open_is_stopped,
    only_what_staff_moved_on_is_left_to_them,
]
