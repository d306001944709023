"""Who kills: picks a worker that is handling a request, at a moment of that handling, and ends it there."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections import Counter, defaultdict, deque
from contextlib import suppress
from dataclasses import dataclass
from random import Random

from .marks import Mark, Marks

#: Requests that are handled between two kills, at least and at most.
PAUSE = (2, 10)
#: One kill in so many is of any worker, within so many seconds, whether it has something to do or not.
BLIND, BLINDLY = 8, 0.5
#: So many of the last times that a kind of request took are kept, to choose from.
KEPT = 50
#: How soon a kind of request is thought to be answered before the first of them was, in seconds.
FIRST_GUESS = 0.15
#: What payments are made of is hit more often than the shop's other pages.
AIM = {"callback": 4, "return": 4, "pay": 4, "change": 4, "preview": 3}


@dataclass(frozen=True, slots=True)
class Kill:
    """One worker that was killed, and the requests that it had begun and not answered."""

    pid: int
    at: float
    hit: tuple[Mark, ...]


class Killer:
    """Kills workers until told to stop; knows what is under way from the workers' marks."""

    def __init__(self, marks: Marks, chance: Random) -> None:
        self.armed = threading.Event()
        self.kills: list[Kill] = []
        self.handled: Counter[str] = Counter()
        self._marks = marks
        self._chance = chance
        self._under_way: defaultdict[int, dict[str, Mark]] = defaultdict(dict)
        self._took: defaultdict[str, deque[float]] = defaultdict(lambda: deque([FIRST_GUESS], KEPT))

    @property
    def is_quiet(self) -> bool:
        """Whether no request is under way."""
        return not any(self._under_way.values())

    @property
    def hits(self) -> list[Kill]:
        """The kills that hit a request."""
        return [kill for kill in self.kills if kill.hit]

    def interrupted(self) -> set[str]:
        """Return the names of the requests that a kill interrupted."""
        return {mark.request for kill in self.kills for mark in kill.hit}

    def run(self, stopped: threading.Event) -> None:
        """Follow what is under way until stopped, and kill while armed."""
        target: tuple[int, float] | None = None
        rested = self._chance.randint(*PAUSE)
        while not stopped.is_set():
            now = time.monotonic()
            mark = self._marks.next(min(target[1] - now, 0.2) if target else 0.2)
            if mark is not None:
                self._note(mark)
            now = time.monotonic()
            if not self.armed.is_set():
                target = None
            elif target is None and mark is not None and self.handled.total() >= rested:
                target = self._aim(mark, now)
            if target is not None and now >= target[1]:
                self._kill(target[0])
                target, rested = None, self.handled.total() + self._chance.randint(*PAUSE)

    def _aim(self, mark: Mark, now: float) -> tuple[int, float] | None:
        """Return which worker to kill, and when: somewhere between the beginning of a request and its end."""
        if not mark.begins or self._chance.random() > AIM.get(mark.kind, 1) / max(AIM.values()):
            return None
        if self._chance.randrange(BLIND) == 0:
            return self._chance.choice(sorted(self._under_way)), now + self._chance.uniform(0, BLINDLY)
        return mark.pid, now + self._chance.random() * self._chance.choice(self._took[mark.kind])

    def _note(self, mark: Mark) -> None:
        under_way = self._under_way[mark.pid]
        if mark.begins:
            under_way[mark.request] = mark
            return
        self._took[mark.kind].append(mark.at - under_way.pop(mark.request).at)
        self.handled[mark.kind] += 1

    def _kill(self, pid: int) -> None:
        at = time.time()
        os.kill(pid, signal.SIGKILL)
        with suppress(ProcessLookupError):
            while True:  # until its master has noticed
                os.kill(pid, 0)
                self._read(0.001)
        while self._read(0):
            pass
        self.kills.append(Kill(pid, at, tuple(self._under_way.pop(pid, {}).values())))

    def _read(self, timeout: float) -> bool:
        mark = self._marks.next(timeout)
        if mark is not None:
            self._note(mark)
        return mark is not None
