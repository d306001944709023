"""Ping's calls as methods: typed values in, typed values out, errors that say what may be done next."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from functools import partial
from types import TracebackType
from typing import Self, TypeVar
from uuid import UUID

from .. import __version__
from ..exceptions import ConfigurationError, UnexpectedAnswerError
from .answers import Json, read_json
from .items import OrderItem
from .paging import rows
from .redaction import Recorder
from .refunds import NewRefund, RemoteRefund
from .resources import InitiatedPayment, NewPayment, RemotePayment, RemotePaymentOrder, Tenant
from .transport import Concealed, Request, Transport

T = TypeVar("T")


class PingClient:
    """Ping Payments, as one tenant sees it. Any number of threads may use it at once.

    ``base_url`` ends before ``/api/v1`` and is https (or http on this machine); the time-outs are in
    seconds, and together are the most that one call takes, retries included. ``pay_url_field`` is the
    field of *initiate payment*'s answer that says where the payer goes. ``recorder`` is told of every
    exchange; an exception of its own is logged and changes nothing.

    Every method raises a GatewayError: NotSentError (nothing was sent or taken on; it may be repeated),
    RejectedError with AuthenticationError and NotFoundError (refused; nothing happened), or
    OutcomeUnknownError with UnexpectedAnswerError (it may have happened; read the state back). Reads are
    repeated a few times before they fail, writes only where no connection was opened: creating an order,
    initiating a payment and refunding are not idempotent (documented).

    ``api_secret`` shows in no representation. Give it as ``Concealed`` where tracebacks with local variables
    may be made of a client that cannot be (an address that is none).

    Amounts are in the smallest unit of the currency.
    """

    def __init__(
        self,
        *,
        base_url: str,
        tenant_id: UUID,
        api_secret: str,
        api_version: str,
        connect_timeout: float,
        read_timeout: float,
        pay_url_field: str = "pay_url",
        recorder: Recorder | None = None,
    ) -> None:
        headers = {
            "tenant_id": str(tenant_id),
            "x-api-secret": Concealed(_header("API_SECRET", api_secret)),
            "x-api-version": _header("API_VERSION", api_version),
            "Accept": "application/json",
            "Content-Type": "application/json",
            "User-Agent": f"django-oscar-pingpayments/{__version__}",
        }
        self._transport = Transport(
            base_url=base_url, headers=headers, connect_timeout=connect_timeout, read_timeout=read_timeout
        )
        self._tenant_id = tenant_id
        self._pay_url_field = pay_url_field
        self._recorder = recorder
        self._within = math.inf

    def __repr__(self) -> str:
        return f"<PingClient {self._transport.base_url} tenant {self._tenant_id}>"

    def recording(self, recorder: Recorder | None) -> PingClient:
        """Return a client over the same connections that tells this recorder of its exchanges."""
        other = self._like()
        other._recorder = recorder
        return other

    def within(self, seconds: float) -> PingClient:
        """Return a client over the same connections, each of whose calls takes at most so many seconds."""
        other = self._like()
        other._within = seconds
        return other

    def close(self) -> None:
        """Close the idle connections, which ``recording`` shares. A later call opens new ones."""
        self._transport.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    # The tenant

    def ping(self) -> None:
        """Ask whether Ping is there and takes the credentials. Raises UnexpectedAnswerError if not "pong"."""
        if self._send("GET", "ping").strip(b' "\r\n') != b"pong":
            raise UnexpectedAnswerError("Something answers at BASE_URL, but it is not Ping")

    def get_tenant(self) -> Tenant:
        """Return the shop as Ping knows it, with the payment methods that are enabled for it."""
        return Tenant.from_json(self._call("GET", "tenant"))

    def get_signing_key(self) -> str:
        """Return Ping's public key for callbacks: Ed25519, base64 (documented)."""
        return self._call("GET", "signing_key")["key"].text()

    def generate_signing_key(self, public_key: str) -> str:
        """Replace Ping's signing key and return the new public key.

        The old key signs nothing from then on, so this is for a person to decide.
        """
        return self._call("POST", "signing_key/generate", {"public_key": public_key})["key"].text()

    def poke(self, callback_url: str) -> None:
        """Ask Ping to send a test callback to an address."""
        self._send("POST", "poke", {"callback_url": callback_url})

    # Payment orders

    def create_payment_order(
        self,
        *,
        currency: str,
        split_tree_id: UUID | None = None,
        split_parameters: Mapping[str, object] | None = None,
    ) -> UUID:
        """Make an empty, open payment order and return its id. Without a split tree the tenant's is used."""
        body = {"currency": currency} | _split(split_tree_id, split_parameters)
        return self._call("POST", "payment_orders", body)["id"].uuid()

    def get_payment_order(self, order_id: UUID) -> RemotePaymentOrder:
        """Return the payment order with its payments, as Ping sees them now."""
        return RemotePaymentOrder.from_json(self._call("GET", f"payment_orders/{order_id}"))

    def list_payment_orders(
        self,
        *,
        created_from: datetime | None = None,
        created_to: datetime | None = None,
        status: str | None = None,
        limit: int = 200,
    ) -> Iterator[RemotePaymentOrder]:
        """Yield payment orders, asking for a page of ``limit`` (at most 200) when the last is used up."""
        query = {
            "created_at_from": created_from,
            "created_at_to": created_to,
            "status": status,
            "limit": limit,
        }
        return self._pages("payment_orders", query, RemotePaymentOrder.from_json)

    def update_payment_order(
        self,
        order_id: UUID,
        *,
        split_tree_id: UUID | None = None,
        split_parameters: Mapping[str, object] | None = None,
    ) -> None:
        """Change how the money will be split; what is None stays as it is."""
        self._send("PUT", f"payment_orders/{order_id}", _split(split_tree_id, split_parameters))

    def close_payment_order(self, order_id: UUID) -> None:
        """Take no more payments for the order. Idempotent; every payment must have ended (documented)."""
        self._send("PUT", f"payment_orders/{order_id}/close", {})

    def split_payment_order(self, order_id: UUID, *, fast_forward: bool = False) -> None:
        """Split the money between merchants, which ends refunds (documented). Idempotent."""
        self._send("PUT", f"payment_orders/{order_id}/split", {"fast_forward": fast_forward})

    def settle_payment_order(self, order_id: UUID, *, fast_forward: bool = False) -> None:
        """Release the money to be paid out. Idempotent; not before delivery, Ping advises (documented)."""
        self._send("PUT", f"payment_orders/{order_id}/settle", {"fast_forward": fast_forward})

    # Payments

    def initiate_payment(self, order_id: UUID, payment: NewPayment) -> InitiatedPayment:
        """Make a payment and return where its payer goes. Not idempotent: each call makes one more."""
        answer = self._call("POST", f"payment_orders/{order_id}/payments", payment.to_json())
        return InitiatedPayment.from_json(answer, self._pay_url_field)

    def get_payment(self, order_id: UUID, payment_id: UUID) -> RemotePayment:
        """Return the payment as Ping sees it now."""
        return RemotePayment.from_json(self._call("GET", f"payment_orders/{order_id}/payments/{payment_id}"))

    def list_payments(
        self,
        *,
        initiated_from: datetime | None = None,
        initiated_to: datetime | None = None,
        status: str | None = None,
        method: str | None = None,
        provider: str | None = None,
        payment_order_id: UUID | None = None,
        is_refund_requested: bool | None = None,
        limit: int = 200,
    ) -> Iterator[RemotePayment]:
        """Yield payments, asking for a page of ``limit`` (at most 200) when the last is used up."""
        query = {
            "from_initiated_date_time": initiated_from,
            "to_initiated_date_time": initiated_to,
            "status": status,
            "method": method,
            "provider": provider,
            "payment_order_id": payment_order_id,
            "is_refund_requested": is_refund_requested,
            "limit": limit,
        }
        return self._pages("payments", query, RemotePayment.from_json)

    def update_payment(self, order_id: UUID, payment_id: UUID, order_items: Sequence[OrderItem]) -> None:
        """Replace the items; their sum must stay, and it works until the order is split (documented)."""
        body = {"order_items": [item.to_json() for item in order_items]}
        self._send("PUT", f"payment_orders/{order_id}/payments/{payment_id}", body)

    def stop_payment(self, order_id: UUID, payment_id: UUID) -> None:
        """Ask that a payment can no longer be paid. Whether that works for cards is not documented."""
        self._send("PUT", f"payment_orders/{order_id}/payments/{payment_id}/stop", {})

    def refund_payment(self, order_id: UUID, payment_id: UUID, refund: NewRefund) -> RemoteRefund:
        """Ask for money to be given back, which Ping does later. Not idempotent: each call is one more."""
        path = f"payment_orders/{order_id}/payments/{payment_id}/refund"
        return RemoteRefund.from_json(self._call("POST", path, refund.to_json()))

    def _send(self, method: str, path: str, body: Mapping[str, object] | None = None) -> bytes:
        return self._transport.call(Request.of(method, path, body), self._recorder, within=self._within)

    def _like(self) -> PingClient:
        other = object.__new__(type(self))
        other.__dict__.update(self.__dict__)
        return other

    def _call(self, method: str, path: str, body: Mapping[str, object] | None = None) -> Json:
        return read_json(self._send(method, path, body))

    def _pages(self, path: str, query: Mapping[str, object], read: Callable[[Json], T]) -> Iterator[T]:
        """Yield what is on the pages of a list, each fetched within a budget of its own."""
        return (read(row) for row in rows(partial(self._call, "GET"), self._transport.base_url, path, query))


def _header(key: str, value: str) -> str:
    """Return a header's value. Raises ConfigurationError, without the value, where it cannot be one."""
    if not value or not value.isascii() or not value.isprintable() or value != value.strip():
        raise ConfigurationError(f"{key} is empty, or has spaces around it or characters that no header has")
    return value


def _split(split_tree_id: UUID | None, parameters: Mapping[str, object] | None) -> dict[str, object]:
    body: dict[str, object] = {}
    if split_tree_id is not None:
        body["split_tree_id"] = str(split_tree_id)
    if parameters is not None:
        body["split_parameters"] = dict(parameters)
    return body
