"""The client: so many connections that are kept, each sending its next request when the last is answered.

One thread and raw sockets, so that it takes as little of the machine as possible; what it took is told.
"""

from __future__ import annotations

import selectors
import socket
import statistics
import time
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass

#: In the style of Ping's; nobody reads more of it than that it is JSON.
BODY = (
    b'{"payment_id": "c7a35333-0000-4000-8000-000000000000", "status": "COMPLETED", '
    b'"occurred_at": "2026-01-16T14:24:29.105356Z"}'
)
#: Seconds without any answer after which the measurement is given up.
PATIENCE = 30


@dataclass
class Load:
    """What a round of requests took, in seconds: in all, for each answer, and of the client's processor."""

    seconds: float
    answers: list[float]
    own: float

    @property
    def rate(self) -> float:
        """Requests per second."""
        return len(self.answers) / self.seconds


def median_rate(rounds: Sequence[Load]) -> float:
    """Requests per second, of the round in the middle."""
    return statistics.median(each.rate for each in rounds)


def ratio(ones: Sequence[Load], others: Sequence[Load]) -> str:
    """How many times as fast the one is as the other: of the middle round, and with the smallest and largest.

    Each round is compared with the other's of the same turn: what disturbed the one disturbed the other.
    """
    each = sorted(one.rate / other.rate for one, other in zip(ones, others, strict=True))
    return f"{statistics.median(each):.2f} ({each[0]:.2f}-{each[-1]:.2f})"


def percentiles(rounds: Sequence[Load]) -> str:
    """The 50th, 95th and 99th percentile of all answers, in milliseconds."""
    answers = sorted(seconds for each in rounds for seconds in each.answers)
    chosen = (answers[min(len(answers) * share // 100, len(answers) - 1)] for share in (50, 95, 99))
    return " / ".join(f"{seconds * 1000:.1f}" for seconds in chosen)


def post(path: str) -> bytes:
    """Return the bytes of a callback to a path."""
    head = (
        f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
        f"Content-Length: {len(BODY)}\r\n\r\n"
    )
    return head.encode() + BODY


class _Line:
    """One connection, and the request that is under way on it."""

    def __init__(self, port: int) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=PATIENCE)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.began = 0.0
        self.received = b""

    def send(self, request: bytes) -> None:
        self.received = b""
        self.began = time.perf_counter()
        self.socket.sendall(request)

    def status(self) -> int | None:
        """Read what has come; return the answer's status once it is there in full."""
        part = self.socket.recv(65536)
        if not part:
            raise ConnectionError(f"The server hung up after {self.received!r}")
        self.received += part
        head, end, body = self.received.partition(b"\r\n\r\n")
        if not end:
            return None
        length = next(
            (int(line[15:]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:")), 0
        )
        return int(head[9:12]) if len(body) >= length else None


class Client:
    """So many connections to one server, as many to each of its workers, kept for all that is compared.

    The kernel gives a new connection to whichever worker is quicker. With others for every round, one worker
    has all of them in some rounds and the other has nothing to do: they take twice as long, whoever it hits.
    """

    def __init__(self, port: int, connections: int, *, workers: int) -> None:
        held: dict[bytes, list[_Line]] = {}
        spare: list[_Line] = []
        deadline = time.monotonic() + PATIENCE
        while len(held) < workers or min(map(len, held.values())) < connections // workers:
            if time.monotonic() > deadline:
                raise TimeoutError("One of the workers takes no connections")
            line = _Line(port)
            line.send(b"GET /worker HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
            while line.status() is None:
                pass
            lines = held.setdefault(line.received.rpartition(b"\r\n")[2], [])
            (lines if len(lines) < connections // workers else spare).append(line)
        for line in spare:
            line.socket.close()
        # In turns, so that requests that follow each other go to different workers.
        self._lines = [line for together in zip(*held.values(), strict=True) for line in together]

    def close(self) -> None:
        """Close the connections."""
        for line in self._lines:
            line.socket.close()

    def send(self, requests: Sequence[bytes]) -> Load:
        """Send the requests in their order, one at a time on each connection; 200 is expected."""
        waiting = deque(requests)
        answers: list[float] = []
        with selectors.DefaultSelector() as selector:
            began, own = time.perf_counter(), time.process_time()
            for line in self._lines:
                selector.register(line.socket, selectors.EVENT_READ, line)
                line.send(waiting.popleft())
            while len(answers) < len(requests):
                ready = selector.select(PATIENCE)
                if not ready:
                    raise TimeoutError("The server does not answer")
                for key, _ in ready:
                    line = key.data
                    status = line.status()
                    if status is None:
                        continue
                    answers.append(time.perf_counter() - line.began)
                    if status != 200:
                        raise AssertionError(line.received.decode(errors="replace")[:2000])
                    if waiting:
                        line.send(waiting.popleft())
            return Load(time.perf_counter() - began, answers, time.process_time() - own)
