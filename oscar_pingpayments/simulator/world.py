"""What the simulator knows, in memory: payment orders, payments, faults to make, calls it has had."""

from __future__ import annotations

import copy
import secrets
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

Json = dict[str, Any]

WAITING = ("INITIATED", "PENDING")
FINAL = ("COMPLETED", "DECLINED", "ABORTED", "EXPIRED", "CRASHED", "STOPPED")


def now() -> str:
    """Return the time as Ping writes it."""
    return _written(datetime.now(UTC))


def _written(moment: datetime) -> str:
    return moment.isoformat().replace("+00:00", "Z")


def _put_off(known: Any, later: timedelta) -> Any:
    """Return the same with every time in it so much later."""
    if isinstance(known, dict):
        return {
            name: _put_off_time(value, later) if name.endswith("_at") and value else _put_off(value, later)
            for name, value in known.items()
        }
    return [_put_off(value, later) for value in known] if isinstance(known, list) else known


def _put_off_time(written: str, later: timedelta) -> str:
    return _written(datetime.fromisoformat(written) + later)


@dataclass
class Payment:
    """One payment. ``answer`` is what Ping's GET says of it, and nothing else."""

    answer: Json
    parameters: Json
    callback_url: str | None
    code: str = field(default_factory=lambda: secrets.token_urlsafe(6))
    expires: datetime = field(default_factory=lambda: datetime.now(UTC) + timedelta(minutes=30))
    card: str = ""
    #: Statuses that the next GETs will find, one after the other.
    coming: list[str] = field(default_factory=list)
    pending_refunds: list[Json] = field(default_factory=list)

    @property
    def id(self) -> str:
        """Ping's id."""
        return str(self.answer["id"])

    @property
    def status(self) -> str:
        """Ping's word."""
        return str(self.answer["status"])

    @property
    def is_waiting(self) -> bool:
        """Whether it may still be paid."""
        return self.status in WAITING

    @property
    def refunded(self) -> int:
        """What has been given back or is on its way."""
        done = sum(refund["amount"] for refund in self.answer["refunds"] or [] if refund["refunded_at"])
        return int(done + sum(refund["amount"] for refund in self.pending_refunds))


@dataclass
class Order:
    """One payment order."""

    id: str
    currency: str
    split_tree_id: str | None
    split_parameters: Json
    status: str = "OPEN"
    #: Asked to close while a payment was open: it closes when all have ended (``Manners.close_waits``).
    is_closing: bool = False
    created_at: str = field(default_factory=now)
    payments: list[Payment] = field(default_factory=list)

    @property
    def has_open_payment(self) -> bool:
        """Whether one of its payments may still be paid."""
        return any(payment.is_waiting for payment in self.payments)


@dataclass
class Fault:
    """A misbehaviour that was asked for: of which operation, how, and how often (None: until reset)."""

    operation: str
    mode: str
    times: int | None
    parameters: Json


@dataclass
class Call:
    """A call that has been made to the API."""

    operation: str
    method: str
    path: str
    connection: str
    headers: Json
    body: Any
    status: int | None = None
    #: What was answered, where that is JSON and was asked for (``manners(keep_answers=True)``).
    answer: Any = None


@dataclass
class Callback:
    """A callback that is to be made, has been made, or was kept back."""

    url: str
    body: Json
    number: int
    payment_id: str | None = None
    attempts: list[int | str] = field(default_factory=list)


@dataclass
class Manners:
    """How the simulator behaves until told otherwise."""

    #: "hold": kept until delivered by hand; "send": sent at once; "drop": lost.
    callbacks: str = "hold"
    copies: int = 1
    delay: float = 0.0
    sign: bool = False
    #: How the page sends the payer back: "get", "post" or "none"; what it adds to the address.
    come_back: str = "get"
    query: Json = field(default_factory=dict)
    stop_refused: bool = False
    #: Closing while a payment is open: refused, or done when it has ended (both documented).
    close_waits: bool = False
    #: "complete": carried out soon after they were accepted; "wait": when told.
    refunds: str = "complete"
    #: Whether a payment's refunds show those that wait: without a time, and with a status (not documented).
    lists_waiting_refunds: bool = False
    #: The tenant's address for calls about refunds.
    refund_callback_url: str | None = None
    #: Whether the calls that are noted have Ping's answers with them.
    keep_answers: bool = False
    methods: list[Json] = field(
        default_factory=lambda: [
            {"provider": "payment_iq", "method": "card"},
            {"provider": "dummy", "method": "dummy"},
        ]
    )


class World:
    """Everything, behind one lock. Use ``with world.lock`` around what belongs together."""

    def __init__(self) -> None:
        self.lock = threading.RLock()
        self.changed: Callable[[Payment], None] = lambda payment: None
        self.released = threading.Event()
        self.memories: list[tuple[Any, datetime]] = []
        self.reset()

    def reset(self) -> None:
        """Forget everything but what was to be remembered; whoever waits in a silent answer is let go."""
        with self.lock:
            self.released.set()
            self.released = threading.Event()
            self.orders: dict[str, Order] = {}
            self.payments: dict[str, Payment] = {}
            self.faults: list[Fault] = []
            self.calls: list[Call] = []
            self.callbacks: list[Callback] = []
            self.made_callbacks: list[Callback] = []
            self.manners = Manners()
            self.origin = ""

    def remember(self) -> int:
        """Keep what is known now; return the number of this memory."""
        with self.lock:
            kept = (self.orders, self.payments, self.calls, self.callbacks, self.made_callbacks, self.manners)
            self.memories.append((copy.deepcopy(kept), datetime.now(UTC)))
            return len(self.memories) - 1

    def recall(self, memory: int) -> None:
        """Know what was known then, as if it had happened just now."""
        with self.lock:
            kept, then = self.memories[memory]
            self.reset()
            self.orders, self.payments, self.calls, self.callbacks, self.made_callbacks, self.manners = (
                copy.deepcopy(kept)
            )
            later = datetime.now(UTC) - then
            for order in self.orders.values():
                order.created_at = _put_off_time(order.created_at, later)
            for payment in self.payments.values():
                payment.expires += later
                payment.answer = _put_off(payment.answer, later)

    def add_order(self, currency: str, split_tree_id: str | None, split_parameters: Json) -> Order:
        """Make a payment order."""
        order = Order(str(uuid4()), currency, split_tree_id, split_parameters)
        with self.lock:
            self.orders[order.id] = order
        return order

    def add_payment(self, order: Order, body: Json) -> Payment:
        """Make a payment in an order, INITIATED."""
        answer: Json = {
            "id": str(uuid4()),
            "payment_order_id": order.id,
            "status": "INITIATED",
            "currency": body["currency"],
            "total_amount": body["total_amount"],
            "provider": body["provider"],
            "method": body["method"],
            "metadata": body.get("metadata") or {},
            "order_items": body["order_items"],
            "payer": body.get("payer"),
            "status_history": None,
            "refund": None,
            "refunds": None,
        }
        payment = Payment(answer, body["provider_method_parameters"], body.get("status_callback_url"))
        with self.lock:
            order.payments.append(payment)
            self.payments[payment.id] = payment
            self._record(payment, "INITIATED", None)
        return payment

    def set_status(self, payment: Payment, status: str, provider_data: Json | None = None) -> None:
        """Move a payment, remember it in its history and let the callback out."""
        self.note_status(payment, status, provider_data)
        self.changed(payment)

    def note_status(self, payment: Payment, status: str, provider_data: Json | None = None) -> None:
        """Move a payment and remember it in its history; nobody is called."""
        with self.lock:
            payment.answer["status"] = status
            self._record(payment, status, provider_data)
            order = self.orders[payment.answer["payment_order_id"]]
            if order.is_closing and not order.has_open_payment:
                order.status, order.is_closing = "CLOSED", False

    def by_code(self, code: str) -> Payment | None:
        """Return the payment whose page has this code."""
        with self.lock:
            return next((payment for payment in self.payments.values() if payment.code == code), None)

    def take_fault(self, operation: str) -> Fault | None:
        """Return the fault that this call shall have, and use it up."""
        with self.lock:
            for fault in self.faults:
                if fault.operation in (operation, "*") and fault.times != 0:
                    if fault.times is not None:
                        fault.times -= 1
                    return fault
        return None

    @contextmanager
    def holding(self) -> Iterator[World]:
        """Hold the lock."""
        with self.lock:
            yield self

    def _record(self, payment: Payment, status: str, provider_data: Json | None) -> None:
        funds = {"received": None, "received_total": payment.answer["total_amount"]}
        entry = {
            "id": str(uuid4()),
            "status": status,
            "occurred_at": now(),
            "details": None if provider_data is None else {"provider_data": provider_data},
            "funds": funds if status == "COMPLETED" else None,
        }
        payment.answer["status_history"] = [*(payment.answer["status_history"] or []), entry]


#: The one world of this process.
WORLD = World()
