"""Serving the simulator: Django with settings of its own, connections kept alive, a thread for each."""

from __future__ import annotations

import secrets
import socket
import struct
from pathlib import Path
from typing import Any, cast

import django
from django.conf import settings
from django.core.handlers.wsgi import WSGIHandler
from django.core.servers.basehttp import ThreadedWSGIServer, WSGIRequestHandler

SETTINGS: dict[str, Any] = {
    "ALLOWED_HOSTS": ["127.0.0.1", "localhost", "[::1]"],
    "ROOT_URLCONF": "oscar_pingpayments.simulator.urls",
    # It tells an answer's length, without which a connection is not kept.
    "MIDDLEWARE": ["django.middleware.common.CommonMiddleware"],
    "APPEND_SLASH": False,
    "INSTALLED_APPS": [],
    "TEMPLATES": [
        {
            "BACKEND": "django.template.backends.django.DjangoTemplates",
            "DIRS": [Path(__file__).parent / "templates"],
        }
    ],
    "LOGGING_CONFIG": None,
    "USE_I18N": False,
    "USE_TZ": True,
}


class Handler(WSGIRequestHandler):
    """Tells each request over which connection it came, and how to hang up on it."""

    #: Headers and body leave in two writes: Nagle's algorithm would keep the second one back until the client
    #: has acknowledged the first, which on a kept connection takes it 40 ms.
    disable_nagle_algorithm = True

    def get_environ(self) -> dict[str, Any]:
        """Add what faults and the call log need."""
        tenant = self.headers.get("tenant_id", "")  # Django drops headers with an underscore
        environ: dict[str, Any] = super().get_environ()
        environ["HTTP_TENANT_ID"] = tenant
        environ["simulator.connection"] = f"{self.client_address[0]}:{self.client_address[1]}"
        environ["simulator.hang_up"] = self.hang_up
        return environ

    def hang_up(self) -> None:
        """Reset the connection: the client sees it drop, at once."""
        self.close_connection = True
        connection = cast("socket.socket", self.connection)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        connection.shutdown(socket.SHUT_RDWR)

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing: the call log is in the control interface."""


class Server(ThreadedWSGIServer):
    """A server that ends when it is told to, whoever is still connected."""

    daemon_threads = True
    request_queue_size = 128

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing of clients that went away."""


def make_server(host: str, port: int) -> Server:
    """Return a server that listens; ``port`` 0 takes a free one."""
    from . import callbacks
    from .world import WORLD

    if not settings.configured:
        settings.configure(SECRET_KEY=secrets.token_urlsafe(32), **SETTINGS)
        django.setup()
    WORLD.changed = callbacks.payment_changed
    server = Server((host, port), Handler)
    server.set_app(WSGIHandler())
    return server
