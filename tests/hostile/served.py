"""The shop behind gunicorn, and bytes sent to it as no client library would send them."""

from __future__ import annotations

import contextlib
import re
import socket
import tempfile
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from django.db import connection

from tests.serving import gunicorn

THREADS = 4


class Shop:
    """A served shop: where it listens, and the process that answers."""

    def __init__(self, port: int, master: int, log: Path) -> None:
        self.port = port
        self._master = master
        self._log = log

    @property
    def worker(self) -> int:
        """The process that answers; another one than before where that has died."""
        return int(Path(f"/proc/{self._master}/task/{self._master}/children").read_text())

    @property
    def memory(self) -> int:
        """How much memory the worker holds, in MiB."""
        status = Path(f"/proc/{self.worker}/status").read_text()
        return int(status.partition("VmRSS:")[2].split()[0]) // 1024

    @property
    def said(self) -> str:
        """What the shop has logged."""
        return self._log.read_text(errors="replace")

    def connect(self, seconds: float = 10.0) -> socket.socket:
        """Open a connection."""
        return socket.create_connection(("127.0.0.1", self.port), timeout=seconds)

    def send(self, pieces: Iterable[bytes], *, pause: float = 0.0, hang_up: bool = True) -> int | None:
        """Send bytes piece by piece, and return the status of the first answer, or None for none.

        ``hang_up`` says after them that no more will come; else the other side must notice by itself.
        """
        with self.connect() as wire:
            with contextlib.suppress(OSError):  # it may have answered, and closed, long before the end
                for piece in pieces:
                    wire.sendall(piece)
                    time.sleep(pause)
                if hang_up:
                    wire.shutdown(socket.SHUT_WR)
            return status_of(wire)

    def break_off(self, pieces: Iterable[bytes]) -> None:
        """Send bytes and let the connection break in the middle."""
        with self.connect() as wire:
            for piece in pieces:
                wire.sendall(piece)
            wire.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\x00\x00\x00\x00\x00\x00\x00")


def status_of(wire: socket.socket) -> int | None:
    """Return the status of the answer, without those that only say to go on."""
    answer = b""
    with contextlib.suppress(OSError):
        while piece := wire.recv(65536):
            answer += piece
            found = re.search(rb"^HTTP/1\.[01] ([2-5]\d\d)", answer, re.MULTILINE)
            if found:
                return int(found[1])
    return None


@contextmanager
def serve(ping_url: str) -> Iterator[Shop]:
    """Serve the shop with one worker, on the database of the test, until the block ends."""
    database = connection.settings_dict
    url = {
        "sqlite": "sqlite:///{NAME}",
        "postgresql": "postgres://{USER}:{PASSWORD}@{HOST}:{PORT}/{NAME}",
        "mysql": "mysql://{USER}:{PASSWORD}@{HOST}:{PORT}/{NAME}",
    }[connection.vendor].format(**database)
    with tempfile.TemporaryDirectory() as folder:
        log, master = Path(folder, "log"), Path(folder, "pid")
        environ = {
            "DATABASE_URL": url,
            "DJANGO_SETTINGS_MODULE": "tests.hostile.settings",
            "HOSTILE_PING": ping_url,
            "HOSTILE_LOG": str(log),
        }
        with gunicorn(
            *("django.core.wsgi:get_wsgi_application()", "--pid", str(master)),
            workers=1,
            threads=THREADS,
            environ=environ,
        ) as port:
            yield Shop(port, int(master.read_text()), log)
