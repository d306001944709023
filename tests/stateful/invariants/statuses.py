"""No status goes anywhere but by the tables, and Oscar's order follows."""

from __future__ import annotations

from oscar_pingpayments.statuses import STATE_TRANSITIONS, TRANSITIONS, State, parse

from ..model.look import Seen
from ..model.world import World

#: What an order's state may become, said again: a table that allows more would allow itself.
NEVER_AGAIN = {"paid": ("paid", "refunded"), "refunded": ("refunded",)}
ORDER_STATUS = {
    "awaiting": "Pending",
    "paid": "Being processed",
    "refunded": "Refunded",
    "cancelled": "Cancelled",
    "expired": "Cancelled",
}


def attempts_move_by_the_table(world: World, seen: list[Seen]) -> None:
    for each in seen:
        before = world.before.get(each.row.pk)
        for old, new in zip(before.attempts if before else [], each.attempts, strict=False):
            was, is_now = parse(old.row.status), parse(new.row.status)
            assert is_now is was or is_now in TRANSITIONS[was]
            assert new.row.live is None or old.row.live
            assert old.row.ping_id in (None, new.row.ping_id)


def orders_move_by_the_table(world: World, seen: list[Seen]) -> None:
    for each in seen:
        before = world.before.get(each.row.pk)
        was = before.row.state if before else "awaiting"
        assert each.row.state in reachable(State(was))
        assert each.row.state in NEVER_AGAIN.get(was, each.row.state)
        if before and before.row.paid_at:
            assert each.row.paid_at is not None


def oscars_order_follows(world: World, seen: list[Seen]) -> None:
    for each in seen:
        if each.row.pk not in world.set_by_hand:
            expected = ORDER_STATUS[each.row.state]
            waits = each.row.state == "awaiting" and each.order.status == "Cancelled"
            assert each.order.status == expected or waits
            if not waits:
                # Of an order of which a part was refunded, the lines that are in it are refunded already.
                lines = {line.status for line in each.order.lines.all()}
                assert lines - ({"Refunded"} if each.row.is_paid else set()) <= {expected}


def reachable(state: State) -> set[State]:
    """Return where an order may have come to within one step, with several answers in it."""
    found, new = {state}, {state}
    while new:
        new = {to for each in new for to in STATE_TRANSITIONS[each]} - found
        found |= new
    return found


CHECKS = [attempts_move_by_the_table, orders_move_by_the_table, oscars_order_follows]
