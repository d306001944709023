"""A server of bare sockets that answers as it is told: properly, badly, slowly, or not at all."""

from __future__ import annotations

import contextlib
import json
import socket
import ssl
import struct
import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

Step = Callable[["Peer"], None]


class HangUpError(Exception):
    """The server closes this connection."""


@dataclass
class Received:
    method: str
    path: str
    headers: dict[str, str]
    body: bytes
    connection: int


class Peer:
    """One connection, as the server has it."""

    def __init__(self, sock: socket.socket, stopping: threading.Event) -> None:
        self.sock = sock
        self.stopping = stopping
        self._file = sock.makefile("rb")

    def send(self, data: bytes) -> None:
        self.sock.sendall(data)

    def read(self, connection: int) -> Received:
        start = self._file.readline().decode("latin-1").split()
        if len(start) < 2:  # nothing came, or what is no HTTP: a TLS greeting may have a line break anywhere
            raise HangUpError
        headers = {}
        while line := self._file.readline().decode("latin-1").strip():
            name, _, value = line.partition(":")
            headers[name.lower()] = value.strip()
        body = self._file.read(int(headers.get("content-length", 0)))
        return Received(start[0], start[1], headers, body, connection)

    def close(self) -> None:
        self._file.close()
        with contextlib.suppress(OSError):
            self.sock.shutdown(socket.SHUT_RDWR)
        self.sock.close()


def message(status: str, body: bytes = b"", *headers: str) -> bytes:
    lines = [f"HTTP/1.1 {status}", *headers]
    if not status.startswith("204"):
        lines.append(f"Content-Length: {len(body)}")
    return "\r\n".join([*lines, "", ""]).encode() + body


def reply(status: str = "200 OK", body: bytes = b"", *headers: str) -> Step:
    return lambda peer: peer.send(message(status, body, *headers))


def reply_json(value: object, status: str = "200 OK", *headers: str) -> Step:
    return reply(status, json.dumps(value).encode(), "Content-Type: application/json", *headers)


def raw(data: bytes) -> Step:
    def step(peer: Peer) -> None:
        peer.send(data)
        raise HangUpError

    return step


def drop(peer: Peer) -> None:
    """Close after the request, without a word."""
    raise HangUpError


def reset(peer: Peer) -> None:
    """Close after the request with a RST."""
    peer.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    peer._file.close()
    peer.sock.close()
    raise HangUpError


def silent(peer: Peer) -> None:
    """Say nothing until the client gives up."""
    with contextlib.suppress(OSError):
        peer.sock.recv(1)
    raise HangUpError


def trickle(data: bytes, every: float = 0.02) -> Step:
    """Send a byte at a time, for as long as somebody listens; then begin again."""

    def step(peer: Peer) -> None:
        while True:
            for byte in data:
                if peer.stopping.wait(every):
                    raise HangUpError
                try:
                    peer.send(bytes([byte]))
                except OSError as error:
                    raise HangUpError from error

    return step


def then_close(step: Step) -> Step:
    """Answer properly, and close the connection that the client will want to use again."""

    def both(peer: Peer) -> None:
        step(peer)
        raise HangUpError

    return both


class Wire:
    """Listens on loopback; takes one step from ``steps`` for each request, the last one for ever."""

    def __init__(self, tls: ssl.SSLContext | None = None) -> None:
        self.received: list[Received] = []
        self.connections = 0
        self.closed = threading.Semaphore(0)
        self._steps: deque[Step] = deque([reply_json({})])
        self._tls = tls
        self._stopping = threading.Event()
        self._peers: list[Peer] = []
        self._lock = threading.Lock()
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.port = self._listener.getsockname()[1]
        self._threads = [threading.Thread(target=self._listen, daemon=True)]
        self._threads[0].start()

    def __enter__(self) -> Wire:
        return self

    def __exit__(self, *_error: object) -> None:
        self.stop()

    @property
    def url(self) -> str:
        return f"{'https' if self._tls else 'http'}://127.0.0.1:{self.port}/payments"

    def answers(self, *steps: Step) -> None:
        self._steps = deque(steps)

    def stop(self) -> None:
        self._stopping.set()
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for peer in self._peers:
            with contextlib.suppress(OSError):
                peer.sock.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join(5)

    def _listen(self) -> None:
        while True:
            try:
                sock, _ = self._listener.accept()
            except OSError:
                return
            self.connections += 1
            thread = threading.Thread(target=self._serve, args=(sock, self.connections), daemon=True)
            self._threads.append(thread)
            thread.start()

    def _serve(self, sock: socket.socket, connection: int) -> None:
        try:
            if self._tls:
                sock = self._tls.wrap_socket(sock, server_side=True)
        except OSError:
            sock.close()
            return
        peer = Peer(sock, self._stopping)
        self._peers.append(peer)
        with contextlib.suppress(HangUpError, OSError):
            while True:
                request = peer.read(connection)
                with self._lock:
                    self.received.append(request)
                    step = self._steps.popleft() if len(self._steps) > 1 else self._steps[0]
                step(peer)
        peer.close()
        self.closed.release()
