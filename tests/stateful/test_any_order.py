"""Payers, Ping, callbacks, syncs and staff in any order at all: the money is right after every step."""

from __future__ import annotations

import pytest
from hypothesis.stateful import invariant

from .actors.elements import Elements
from .actors.network import Network
from .actors.outside import Outside
from .actors.ping import Ping
from .actors.staff import Staff
from .campaign import Campaign, lanes
from .invariants import attention, ending, holdings, money, once, statuses, waiting


class Shop(Network, Ping, Outside, Staff, Elements):
    """A few orders of two payers, while everything else happens in between."""

    @invariant()
    def everything_is_right(self) -> None:
        self.steps += 1
        seen = self.look()
        try:
            for subject in (money, attention, once, statuses, holdings, waiting, ending):
                for check in subject.CHECKS:
                    check(self, seen)
        except AssertionError as error:
            error.add_note("\n".join(map(str, seen)))
            raise
        self.before = {each.row.pk: each for each in seen}
        self.told.calls.clear()


@pytest.mark.parametrize("lane", range(lanes()))
def test_the_money_is_right_whatever_happens_in_whatever_order(ping, shop, lane, record_property):
    """``make stateful`` makes a campaign of it."""
    machine = type("Shop", (Shop,), {"ping": ping, "shop": shop, "TestCase": None})

    record_property("stateful", Campaign.asked_for(lane).run(machine))

    assert machine.runs
