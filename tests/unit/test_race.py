"""What our races rest on: head starts that find where either actor may win, wherever that is."""

from __future__ import annotations

import random

import pytest

from tests.concurrency.race import Race

ROUNDS = 25


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("lead", [0.0, 0.03, 0.06])
def test_head_starts_find_where_either_may_win(lead, seed):
    chance = random.Random(seed)
    with Race("one that leads", "one", "other", seed=seed) as race:
        for each in range(ROUNDS):
            # Early on the other one wins by luck, which must not leave it with nothing but small steps.
            late = race.delays["one"] - race.delays["other"]
            lucky = each in (2, 4)
            race.won("other" if lucky or late + chance.gauss(0, 0.002) > lead else "one")

    assert min(race.wins.values()) >= 4
