"""Several workers, one list of work: each piece is done once, at its pace, and trouble ends it all."""

from __future__ import annotations

import threading
import time

import pytest

from oscar_pingpayments.facade.crew import Pace, work_through


def pieces(number: int):
    left = iter(range(number))
    return lambda: next(left, None)


@pytest.mark.parametrize("workers", [1, 4])
def test_each_piece_is_done_once(workers):
    done: list[int] = []

    work_through(pieces(100), done.append, workers=workers)

    assert sorted(done) == list(range(100))


def test_several_workers_are_at_it_at_the_same_time():
    together = threading.Barrier(4, timeout=10)

    work_through(pieces(4), lambda piece: together.wait() and None, workers=4)

    assert not together.broken


@pytest.mark.parametrize("workers", [1, 4])
def test_an_error_ends_the_work_and_is_raised(workers):
    done: list[int] = []

    def do(piece: int) -> None:
        if piece == 10:
            raise LookupError(piece)
        done.append(piece)

    with pytest.raises(LookupError):
        work_through(pieces(10_000), do, workers=workers)

    assert len(done) < 10_000 - 1


def test_what_is_stopped_while_a_worker_waits_for_its_turn_is_not_taken():
    taking = threading.Event()

    def take() -> int:
        taking.set()
        return 1

    def do(piece: int) -> None:
        raise LookupError

    with pytest.raises(LookupError):
        work_through(take, do, workers=8)

    assert taking.is_set()


def test_a_pace_is_kept_over_all_workers():
    pace, never = Pace(100), threading.Event()
    began = time.monotonic()

    work_through(pieces(21), lambda piece: pace.wait(never), workers=4)

    assert time.monotonic() - began >= 0.2


def test_no_pace_is_no_wait():
    pace, never = Pace(0), threading.Event()
    began = time.monotonic()

    for _ in range(1000):
        pace.wait(never)

    assert time.monotonic() - began < 1


def test_nobody_waits_for_a_turn_once_all_is_stopped():
    pace, stopped = Pace(0.01), threading.Event()
    stopped.set()
    began = time.monotonic()

    for _ in range(3):
        pace.wait(stopped)

    assert time.monotonic() - began < 1
