"""What an order took it holds, and what has ended has given everything back: stock, vouchers, offers."""

from __future__ import annotations

from collections import Counter
from typing import Any

from oscar_pingpayments.models import Placing

from ..model.look import Seen
from ..model.world import World, frozen_baskets


def every_counter_is_where_the_orders_that_hold_put_it(world: World, seen: list[Seen]) -> None:
    expected: Counter[Any] = Counter(world.at_rest)
    for each in seen:
        if each.holds:
            expected.update(world.took[each.row.pk])
    counters = world.goods.counters()
    assert counters == expected
    for counter, most in world.goods.limits.items():
        assert counters[counter] <= most, "something is promised that is not there"


def what_was_ordered_is_allocated(world: World, seen: list[Seen]) -> None:
    for each in seen:
        for line in each.order.lines.all():
            assert (line.num_allocated or 0) == (line.quantity if each.holds else 0)


def what_was_given_back_is_remembered_while_it_is(world: World, seen: list[Seen]) -> None:
    for each in seen:
        assert (each.row.given_back is None) == each.holds


def frozen_baskets_do_not_stay(world: World, seen: list[Seen]) -> None:
    """One that a process left when it died stays until a sync after ten minutes."""
    if world.everything_is_over:
        assert frozen_baskets() == 0
    else:
        assert frozen_baskets() == Placing.objects.filter(basket__status="Frozen").count()


CHECKS = [
    every_counter_is_where_the_orders_that_hold_put_it,
    what_was_ordered_is_allocated,
    what_was_given_back_is_remembered_while_it_is,
    frozen_baskets_do_not_stay,
]
