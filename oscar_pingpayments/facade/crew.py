"""Doing one thing after the other, several at a time, at a bounded pace."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import TypeVar

from django.db import connections

Item = TypeVar("Item")


def never_stopped() -> bool:
    """Go on to the end."""
    return False


class Pace:
    """So many a second and no more, over all threads; nought means no limit."""

    def __init__(self, per_second: float) -> None:
        self._interval = 1 / per_second if per_second else 0.0
        self._lock = threading.Lock()
        self._next = time.monotonic()

    def wait(self, stopped: threading.Event) -> None:
        """Return when it is this caller's turn, or at once when ``stopped`` is set meanwhile."""
        if not self._interval:
            return
        with self._lock:
            now = time.monotonic()
            turn = max(self._next, now)
            self._next = turn + self._interval
        stopped.wait(max(turn - now, 0))


def work_through(take: Callable[[], Item | None], do: Callable[[Item], None], *, workers: int) -> None:
    """Call ``do`` with everything that ``take`` returns, until it returns None.

    ``take`` is called by one worker at a time. One worker is the calling thread; several are threads, with
    database connections of their own. The first error of any ends the work, and is raised.
    """
    if workers == 1:
        _work(take, do, stopped=threading.Event(), turn=threading.Lock())
        return
    stopped, turn = threading.Event(), threading.Lock()
    errors: list[BaseException] = []

    def work() -> None:
        try:
            _work(take, do, stopped=stopped, turn=turn)
        except BaseException as error:  # raised again by the caller's thread
            errors.append(error)
            stopped.set()
        finally:
            connections.close_all()

    threads = [threading.Thread(target=work, name=f"pingpayments-{number}") for number in range(workers)]
    for thread in threads:
        thread.start()
    try:
        for thread in threads:
            thread.join()
    finally:
        stopped.set()  # where the wait itself was interrupted
    if errors:
        raise errors[0]


def _work(
    take: Callable[[], Item | None],
    do: Callable[[Item], None],
    *,
    stopped: threading.Event,
    turn: threading.Lock,
) -> None:
    while not stopped.is_set():
        with turn:
            item = None if stopped.is_set() else take()
        if item is None:
            return
        do(item)
