"""What each worker tells of itself: that it begins a request, and that it has answered it.

A mark is a datagram on a socket of this machine. It has left before the worker goes on, so that what a
worker had begun and not answered when it was killed is known exactly.
"""

from __future__ import annotations

import itertools
import json
import os
import socket
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

#: A header by which the payers of the campaign say who they are.
PAYER_HEADER = "X-Payer"

_current: ContextVar[str] = ContextVar("kills_request", default="")
_numbers = itertools.count(1)

Wsgi = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]


def current_request() -> str:
    """Return the name of the request that this thread handles, or "" outside of one."""
    return _current.get()


@dataclass(frozen=True, slots=True)
class Mark:
    """One request, by one worker: ``begins`` or else ends."""

    begins: bool
    request: str
    pid: int
    at: float
    what: str
    payer: str

    @property
    def kind(self) -> str:
        """What is asked for, without whose it is: "callback", "return", "pay", "preview", ..."""
        parts = [part for part in self.what.split("/") if part and not part.isdigit()]
        if "pingpayments" in parts:
            return parts[-1] if parts[-1] in ("state", "pay", "change") else parts[2]
        return parts[-1]


class Marked:
    """A WSGI application whose requests are marked. Forks share the socket, and need not open their own."""

    def __init__(self, application: Wsgi, address: str) -> None:
        self._application = application
        self._address = address
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        """Answer a request."""
        request = f"{os.getpid()}-{threading.get_ident()}-{next(_numbers)}"
        what = f"{environ['REQUEST_METHOD']} {environ['PATH_INFO']}"
        payer = environ.get("HTTP_X_PAYER", "")
        _current.set(request)
        self._send(request, what, payer, begins=True)
        return _Answer(
            self._application(environ, start_response),
            lambda: self._send(request, what, payer, begins=False),
        )

    def _send(self, request: str, what: str, payer: str, *, begins: bool) -> None:
        mark = (begins, request, os.getpid(), time.time(), what, payer)
        self._socket.sendto(json.dumps(mark).encode(), self._address)


class _Answer:
    """What an application answers; the server closes it when all of it has been sent."""

    def __init__(self, answer: Iterable[bytes], sent: Callable[[], None]) -> None:
        self._answer = answer
        self._sent = sent

    def __iter__(self) -> Iterator[bytes]:
        return iter(self._answer)

    def close(self) -> None:
        close = getattr(self._answer, "close", None)
        if close is not None:
            close()
        self._sent()


class Marks:
    """Where the marks arrive."""

    def __init__(self, address: str) -> None:
        self.address = address
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
        self._socket.bind(address)

    def next(self, timeout: float) -> Mark | None:
        """Return the next mark, or None where none comes in so many seconds."""
        self._socket.settimeout(max(timeout, 0.0001))
        try:
            return Mark(*json.loads(self._socket.recv(4096)))
        except TimeoutError:
            return None

    def close(self) -> None:
        """Take no more."""
        self._socket.close()
