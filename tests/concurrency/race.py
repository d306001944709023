"""A race: actors that start in the same instant, each in a thread with its own connection, again and again.

A head start decides who comes first. It wanders: whoever won gets less of one in the next round, and less
still who wins again and again, so that the actors meet where either may win, and both orders of events occur.
"""

from __future__ import annotations

import random
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any, Self

from django.db import connection, connections

from oscar_pingpayments import signals

#: How long one actor may take, in seconds, before the race counts as hung.
DEADLINE = 60
#: By how much the winner's head start shrinks at most and at least, and how far chance moves it: seconds.
LARGEST_STEP, SMALLEST_STEP, CHANCE = 0.008, 0.0005, 0.0015

Acts = Callable[[], Any]


def wait_until(condition: Callable[[], object], seconds: float = 10) -> None:
    """Wait for a condition; fail where it is not met in time."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "the race never got there"


def waiting_for_locks() -> int:
    """Return how many connections to this database wait for a lock."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_stat_clear_snapshot()")  # else a transaction sees its first answer again
        cursor.execute(
            "SELECT count(*) FROM pg_stat_activity"
            " WHERE datname = current_database() AND wait_event_type = 'Lock'"
        )
        return int(cursor.fetchone()[0])


class Race:
    """The same actors against each other, round after round; ``str(race)`` says who won how often."""

    def __init__(self, name: str, *actors: str, seed: int) -> None:
        self.name, self.actors, self.seed = name, actors, seed
        self.wins: Counter[str] = Counter()
        self.rounds = self.overlapping = 0
        self.notes: Counter[str] = Counter()
        self.told: list[tuple[str, str]] = []  # (signal, actor) of this round
        self.first = ""  # who was done first in this round
        self._chance = random.Random(f"{seed} {name}")
        self.delays = dict.fromkeys(actors, 0.0)  # by how much each starts later, in seconds
        self._step = LARGEST_STEP
        self.chance = CHANCE  # by how much chance moves a head start
        self.onlookers: frozenset[str] = frozenset()  # who take part and cannot win
        self._last, self._in_a_row = "", 0
        self._pool = ThreadPoolExecutor(len(actors))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self._together(dict.fromkeys(self.actors, connections.close_all))
        self._pool.shutdown()

    def run(self, **acts: Acts) -> dict[str, Any]:
        """Let all actors go at once, and return what each of them returned; what one raises is raised."""
        assert set(acts) == set(self.actors)
        self.rounds += 1
        times: dict[str, tuple[float, float]] = {}
        delays = {actor: self.delays[actor] + self._chance.uniform(0, self.chance) for actor in acts}
        earliest = min(delays.values())

        def after_head_start(actor: str) -> Any:
            time.sleep(delays[actor] - earliest)  # the head start itself: nothing is waited for
            began = time.perf_counter()
            try:
                return acts[actor]()
            finally:
                times[actor] = (began, time.perf_counter())

        self.told.clear()
        with self._listening():
            results = self._together({actor: lambda actor=actor: after_head_start(actor) for actor in acts})
        begins, ends = zip(*times.values(), strict=True)
        self.first = min(times, key=lambda actor: times[actor][1])
        self.overlapping += max(begins) < min(ends)
        return results

    def won(self, actor: str) -> None:
        """Note who won this round: it gets less of a head start in the next one."""
        self.wins[actor] += 1
        self._in_a_row = self._in_a_row + 1 if actor == self._last else 1
        if self._in_a_row >= 3:  # the meeting point is far, or has moved with the machine's load
            self._step = min(self._step * 2, LARGEST_STEP)
        elif self._last and actor != self._last:
            self._step = max(self._step / 2, SMALLEST_STEP)
        self._last = actor
        self.delays[actor] += self._step
        least = min(self.delays[name] for name in self.actors if name not in self.onlookers)
        self.delays = {name: max(delay - least, 0) for name, delay in self.delays.items()}

    def teller(self, signal: str) -> str:
        """Return the one actor whose commit sent this signal of ours; of two, or none, fail."""
        (actor,) = [actor for name, actor in self.told if name == signal]
        return actor

    def assert_both_orders_occurred(self) -> None:
        """Fail where one side always won, or where they did not even overlap: that was no race."""
        assert sum(self.wins.values()) == self.rounds
        if self.rounds >= 20:
            assert self.overlapping >= self.rounds * 0.7, str(self)
            assert min(self.wins[actor] for actor in self.actors) >= self.rounds // 20, str(self)

    def __str__(self) -> str:
        wins = ", ".join(f"{actor} {self.wins[actor]}" for actor in self.actors)
        delays = ", ".join(
            f"{actor} {delay * 1000:.1f} ms late" for actor, delay in self.delays.items() if delay
        )
        notes = "".join(f"; {note}: {count}" for note, count in sorted(self.notes.items()))
        return (
            f"{self.name}: {self.rounds} rounds, {self.overlapping} overlapping; won by {wins}"
            f"{notes}; at the end {delays or 'all at once'}; seed {self.seed}"
        )

    def _together(self, acts: dict[str, Acts]) -> dict[str, Any]:
        barrier = threading.Barrier(len(acts))

        def act(actor: str) -> Any:
            threading.current_thread().name = actor
            barrier.wait(timeout=DEADLINE)
            return acts[actor]()

        futures: dict[str, Future[Any]] = {actor: self._pool.submit(act, actor) for actor in acts}
        return {actor: future.result(timeout=DEADLINE) for actor, future in futures.items()}

    @contextmanager
    def _listening(self) -> Iterator[None]:
        """Note which actor's commit sends which of our signals: they are sent in the actor's own thread."""
        names = [
            "payment_started",
            "order_paid",
            "payment_failed",
            "order_cancelled",
            "attention_needed",
            "refund_done",
        ]
        receivers = []
        for name in names:

            def receiver(sender: object, name: str = name, **facts: object) -> None:
                self.told.append((name, threading.current_thread().name))

            getattr(signals, name).connect(receiver)
            receivers.append((name, receiver))
        try:
            yield
        finally:
            for name, receiver in receivers:
                getattr(signals, name).disconnect(receiver)
