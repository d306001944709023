"""A server on loopback and a client that waits for it for tenths of a second."""

from __future__ import annotations

from uuid import UUID

import pytest

from oscar_pingpayments.gateway import Exchange, PingClient

from .wire import Wire

CONNECT, READ = 0.4, 0.8
SECRET = "sEcReT-of-the-tenant"


@pytest.fixture
def wire():
    with Wire() as wire:
        yield wire


@pytest.fixture
def exchanges() -> list[Exchange]:
    return []


@pytest.fixture
def connect(exchanges):
    """Make a client of an address; its exchanges are in ``exchanges``."""
    clients = []

    def connect(base_url: str, **changes: object) -> PingClient:
        settings = {
            "tenant_id": UUID("0b6b9d1e-6a51-4f5b-8f0e-0c6a0a4f7d01"),
            "api_secret": SECRET,
            "api_version": "2025-12-09",
            "connect_timeout": CONNECT,
            "read_timeout": READ,
            "recorder": exchanges.append,
        }
        clients.append(PingClient(base_url=base_url, **(settings | changes)))
        return clients[-1]

    yield connect
    for client in clients:
        client.close()


@pytest.fixture
def client(wire, connect) -> PingClient:
    return connect(wire.url)
