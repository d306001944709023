"""How much is tried and with which seed: a handful by default, or as much as the environment asks for.

``STATEFUL_EXAMPLES`` is how many runs there are, ``STATEFUL_MINUTES`` after how long no other one begins,
``STATEFUL_STEPS`` how long a run is, ``STATEFUL_SEED`` what repeats a campaign; ``STATEFUL_LANES`` divides it
among so many tests, for as many processes. Where a run fails, ``STATEFUL_SHRINK=1`` makes it shorter, which
takes long.
"""

from __future__ import annotations

import os
import time
import traceback
from dataclasses import dataclass
from pathlib import Path

from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis.stateful import run_state_machine_as_test

from .model.world import World

#: So many runs have one seed; the next ones have one that is so much larger. Time is up between them only.
BATCH = 6
#: Where nothing is asked for: the same every time, and quick.
SEED, EXAMPLES, STEPS = 1, 8, 20
#: Where MINUTES are: they end before so many runs do.
NO_END = 10**6


@dataclass(frozen=True)
class Campaign:
    """What is to be tried."""

    seed: int
    examples: int
    steps: int
    seconds: float
    shrinks: bool

    @classmethod
    def asked_for(cls, lane: int = 0) -> Campaign:
        """Return what the environment asks for, of one of the lanes."""
        minutes = asked("MINUTES")
        examples = int(asked("EXAMPLES") or (NO_END if minutes else EXAMPLES))
        return cls(
            # Lanes are so far apart that none comes to where the next one began.
            seed=int(asked("SEED") or SEED) + lane * NO_END,
            examples=-(-examples // lanes()),
            steps=int(asked("STEPS") or STEPS),
            seconds=float(minutes or "inf") * 60,
            shrinks=bool(asked("SHRINK")),
        )

    def run(self, machine: type[World]) -> str:
        """Run the machine, and say how often it ran. What fails raises, and says how to repeat it."""
        machine.runs, machine.went_wrong = 0, None
        until = time.monotonic() + self.seconds
        for number in range(self.seed, self.seed + self.examples, BATCH):
            size = min(BATCH, self.seed + self.examples - number)
            if time.monotonic() >= until:
                break
            try:
                run_state_machine_as_test(seed(number)(machine), settings=self._settings(size))
            except BaseException as error:
                if machine.went_wrong:
                    run, step = machine.went_wrong
                    error.add_note(f"{who_noticed(error)} noticed in step {step} of run {run}")
                error.add_note(
                    f"Repeat it with: make stateful SEED={number} EXAMPLES={size} STEPS={self.steps}"
                )
                raise
        return f"{machine.runs} runs of {self.steps} steps from seed {self.seed}: everything was right"

    def _settings(self, examples: int) -> settings:
        return settings(
            # Making a failure smaller takes minutes of database work: ask for it once there is one.
            phases=tuple(Phase) if self.shrinks else (Phase.explicit, Phase.generate),
            max_examples=examples,
            stateful_step_count=self.steps,
            deadline=None,
            database=None,
            suppress_health_check=list(HealthCheck),
            print_blob=False,
        )


def who_noticed(error: BaseException) -> str:
    """Return the name of the invariant that is broken, else of the actor's rule in which it happened."""
    frames = traceback.extract_tb(error.__traceback__)
    by = {Path(frame.filename).parent.name: frame.name for frame in reversed(frames)}
    return by.get("invariants") or by.get("actors") or type(error).__name__


def asked(name: str) -> str:
    """Return what the environment says, "" for nothing."""
    return os.environ.get(f"STATEFUL_{name}", "")


def lanes() -> int:
    """Return among how many tests the campaign is divided."""
    return int(asked("LANES") or 1)
