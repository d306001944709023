"""Connections that keep their time-outs, for all of an answer and all addresses, and are not used when stale.

urllib3's time-outs are for one socket operation each: a server that sends a byte every few seconds, or a
name with many addresses that do not answer, would hold a worker for as long as it likes.
"""

from __future__ import annotations

import io
import socket
import time
from http.client import HTTPResponse
from typing import Any, Final

from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.util.connection import create_connection

#: Seconds that an idle connection is trusted. Less than the idle time-out of any common server (five
#: seconds is the shortest): one that closes the connection in the moment a payment is written on it leaves
#: nobody knowing whether it was read. A firewall that forgets idle connections does the same in silence.
IDLE: Final = 4.0


class ConnectionNotOpenedError(Exception):
    """No connection: not a byte of the request has left. ``__cause__`` says why.

    On purpose no OSError: urllib3 and requests would turn it into what they also raise when a request
    was sent and its answer lost.
    """


class _OneDeadline(io.RawIOBase):
    """A socket's bytes, until one moment that all reads have in common."""

    def __init__(self, raw: io.RawIOBase, sock: socket.socket, deadline: float) -> None:
        self._raw = raw
        self._sock = sock
        self._deadline = deadline

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        left = self._deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError("The answer took too long")
        self._sock.settimeout(left)
        return self._raw.readinto(buffer)

    def close(self) -> None:
        self._raw.close()
        super().close()


class Response(HTTPResponse):
    """An answer whose status, headers and body must all come within one read time-out."""

    def __init__(self, sock: socket.socket, *args: Any, **kwargs: Any) -> None:
        super().__init__(sock, *args, **kwargs)
        deadline = time.monotonic() + (sock.gettimeout() or 0)
        self.fp = io.BufferedReader(_OneDeadline(self.fp.detach(), sock, deadline))


class _Connection(HTTPConnection):
    response_class = Response
    _answered_at = 0.0

    def connect(self) -> None:
        try:
            super().connect()
        except Exception as error:
            raise ConnectionNotOpenedError from error

    def getresponse(self) -> Any:
        response = super().getresponse()
        self._answered_at = time.monotonic()
        return response

    @property
    def is_connected(self) -> bool:
        return time.monotonic() - self._answered_at < IDLE and super().is_connected

    def _new_conn(self) -> socket.socket:
        # The one private name used here: urllib3 offers no other way to try a name's addresses one after
        # another within a common time. A test notices if it is not called any more.
        addresses = socket.getaddrinfo(self.host, self.port, type=socket.SOCK_STREAM)
        deadline = time.monotonic() + (self.timeout or 0)
        failure = OSError("The name has no address")
        for tried, (*_, address) in enumerate(addresses):
            share = (deadline - time.monotonic()) / (len(addresses) - tried)
            try:
                return create_connection(
                    (str(address[0]), self.port), max(share, 0.001), socket_options=self.socket_options
                )
            except OSError as error:
                failure = error
        raise failure


class _SecureConnection(_Connection, HTTPSConnection):
    pass


class _Pool(HTTPConnectionPool):
    ConnectionCls = _Connection


class _SecurePool(HTTPSConnectionPool):
    ConnectionCls = _SecureConnection


class Adapter(HTTPAdapter):
    """Gives a ``requests`` session these connections; nothing is ever retried here."""

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, **kwargs)
        self.poolmanager.pool_classes_by_scheme = {"http": _Pool, "https": _SecurePool}
