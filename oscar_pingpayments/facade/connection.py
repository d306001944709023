"""The one connection pool to Ping of this process, and the record of what is said over it."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from typing import Any

from .. import conf
from ..exceptions import ConfigurationError
from ..gateway import Concealed, PingClient
from ..gateway import Exchange as Said
from ..models import Exchange, PaymentOrder

_lock = threading.Lock()
_clients: dict[tuple[object, ...], PingClient] = {}


def here(through: str = "") -> dict[str, Any]:
    """Return what the payment orders have in common that the shop's credentials are for, to filter by.

    ``through`` is how one gets there from other rows: "payment_order__".
    """
    settings = conf.get_settings()
    return {f"{through}environment": settings.environment, f"{through}tenant_id": settings.tenant_id}


def belongs_here(payment_order: PaymentOrder) -> bool:
    """Whether the shop's credentials are those with which this payment order was made.

    Those of another tenant or environment may be in the same database: they are another shop's to look after.
    """
    return all(getattr(payment_order, name) == value for name, value in here().items())


def client_for(payment_order: PaymentOrder | None) -> PingClient:
    """Return the client with the shop's credentials, recording under this payment order.

    Raises ConfigurationError where the payment order was made with another tenant or environment than
    the shop is set to now: a sandbox id must never be looked up in production, nor the other way round.
    """
    settings = conf.get_settings()
    if payment_order is not None and not belongs_here(payment_order):
        raise ConfigurationError(
            f"Order {payment_order.order_number} belongs to tenant {payment_order.tenant_id} in Ping's "
            f"{payment_order.environment} environment; the shop is set to {settings.tenant_id} in "
            f"{settings.environment}."
        )
    return _client(settings).recording(_recorder(payment_order))


def _client(settings: conf.Settings) -> PingClient:
    # By process, because a connection must not be shared across a fork; by settings, because tests and
    # a rotated secret change them.
    key = (
        os.getpid(),
        settings.base_url,
        settings.tenant_id,
        settings.api_secret,
        settings.api_version,
        settings.timeout,
        settings.pay_url_field,
    )
    with _lock:
        if key not in _clients:
            for client in _clients.values():
                client.close()
            _clients.clear()
            _clients[key] = PingClient(
                base_url=settings.base_url,
                tenant_id=settings.tenant_id,
                api_secret=Concealed(settings.api_secret.reveal()),
                api_version=settings.api_version,
                connect_timeout=settings.timeout.connect,
                read_timeout=settings.timeout.read,
                pay_url_field=settings.pay_url_field,
            )
        return _clients[key]


def _recorder(payment_order: PaymentOrder | None) -> Callable[[Said], None]:
    def record(said: Said) -> None:
        Exchange.objects.create(
            payment_order=payment_order,
            method=said.method,
            path=said.path[:255],
            status_code=said.status_code,
            milliseconds=said.milliseconds,
            request_id=said.request_id[:128],
            request_body=said.request_body,
            response_body=said.response_body,
            error=said.error[:255],
        )

    return record
