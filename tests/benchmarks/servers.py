"""What a measurement runs on: databases that are made for it and dropped, and gunicorn in front of them."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import psycopg

from tests.serving import gunicorn

from .load import Client

#: Enough threads for 20 calls that come at once.
WORKERS, THREADS = 2, 12


class Databases:
    """Databases on one PostgreSQL, named after this process so that nobody else's are touched."""

    def __init__(self, url: str) -> None:
        self._server = urlsplit(url)
        self._made: list[str] = []

    def url(self, name: str) -> str:
        """Return the address of one of them."""
        return self._server._replace(path=f"/{self._full(name)}").geturl()

    def create(self, name: str, *, like: str | None = None) -> str:
        """Create one, empty or as a copy, and return its address."""
        template = "" if like is None else f' TEMPLATE "{self._full(like)}"'
        self._execute(f'CREATE DATABASE "{self._full(name)}"{template}')
        self._made.append(name)
        return self.url(name)

    def drop(self) -> None:
        """Drop all that were created."""
        for name in self._made:
            self._execute(f'DROP DATABASE IF EXISTS "{self._full(name)}" WITH (FORCE)')
        self._made.clear()

    def _full(self, name: str) -> str:
        return f"bench_{os.getpid()}_{name}"

    def _execute(self, sql: str) -> None:
        maintenance = self._server._replace(path="/postgres").geturl()
        with psycopg.connect(maintenance, autocommit=True) as connection:
            connection.execute(sql)  # type: ignore[call-overload]  # the names are ours


class Shop:
    """One shop under gunicorn: where it listens, and how many e-mails it has sent."""

    def __init__(self, port: int, mails: Path) -> None:
        self.port = port
        self._mails = mails

    @contextmanager
    def client(self, connections: int) -> Iterator[Client]:
        """Keep so many connections until the block ends."""
        client = Client(self.port, connections, workers=WORKERS)
        try:
            yield client
        finally:
            client.close()

    @property
    def mails(self) -> int:
        """How many e-mails have left."""
        return self._mails.stat().st_size


@contextmanager
def serve(database: str) -> Iterator[Shop]:
    """Serve the shop on a database until the block ends."""
    with tempfile.NamedTemporaryFile() as mails:
        environ = {"DATABASE_URL": database, "BENCH_MAILS": mails.name}
        application, kept = "tests.benchmarks.wsgi", ("--keep-alive", "600")
        with gunicorn(application, *kept, workers=WORKERS, threads=THREADS, environ=environ) as port:
            yield Shop(port, Path(mails.name))
