"""Ping Payments over HTTP, for anyone: no Django, no Oscar, no rows."""

from __future__ import annotations

from .client import PingClient
from .items import OrderItem
from .redaction import Exchange, Recorder
from .refunds import NewRefund, RefundRecord, RemoteRefund
from .resources import (
    Address,
    InitiatedPayment,
    NewPayment,
    Payer,
    RemotePayment,
    RemotePaymentOrder,
    StatusChange,
    Tenant,
)
from .signatures import verify_ed25519
from .transport import Concealed

__all__ = [
    "Address",
    "Concealed",
    "Exchange",
    "InitiatedPayment",
    "NewPayment",
    "NewRefund",
    "OrderItem",
    "Payer",
    "PingClient",
    "Recorder",
    "RefundRecord",
    "RemotePayment",
    "RemotePaymentOrder",
    "RemoteRefund",
    "StatusChange",
    "Tenant",
    "verify_ed25519",
]
