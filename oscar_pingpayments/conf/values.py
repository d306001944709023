"""The settings as the rest of the package sees them: typed, complete and read-only."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from types import MappingProxyType
from typing import Any, Final, Literal
from uuid import UUID

from ..hosts import is_loopback, split_url

Environment = Literal["sandbox", "production"]

#: Where Ping answers, by environment (documented by Ping, and in the source of its SDK).
BASE_URLS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "sandbox": "https://sandbox.pingpayments.com/payments",
        "production": "https://production.pingpayments.com/payments",
    }
)

#: What Ping's newest SDK sends with every call.
API_VERSION: Final = "2025-12-09"

#: The payment page speaks Swedish, Norwegian and English; in any other language it is English.
FALLBACK_LOCALE: Final = "en-US"
LOCALES: Final[Mapping[str, str]] = MappingProxyType(
    {"sv": "sv-SE", "nb": "nb-NO", "no": "nb-NO", "nn": "nb-NO", "en": "en-US"}
)


class Secret:
    """A string that is not shown: ``str()`` and ``repr()`` give asterisks, ``reveal()`` the truth."""

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        """Return the secret itself, for the header that carries it and nothing else."""
        return self._value

    def __str__(self) -> str:
        return "**********"

    __repr__ = __str__

    def __eq__(self, other: object) -> bool:
        return self._value == other._value if isinstance(other, Secret) else NotImplemented

    def __hash__(self) -> int:
        return hash(self._value)


@dataclass(frozen=True, slots=True)
class Timeout:
    """How long one call to Ping may take, in seconds."""

    connect: float = 3.0
    read: float = 7.0


@dataclass(frozen=True, slots=True)
class OrderStatuses:
    """The shop's own words for an order's four stations."""

    awaiting: str = "Pending"
    paid: str = "Being processed"
    cancelled: str = "Cancelled"
    refunded: str = "Refunded"


@dataclass(frozen=True, slots=True)
class CallbackSignature:
    """How Ping signs its callbacks to this tenant: Ping documents neither the header nor the encoding.

    ``keys`` are base64 Ed25519 public keys; any of them may have signed, so that keys can be rotated.
    """

    header: str
    keys: tuple[str, ...]
    encoding: Literal["base64", "hex"] = "base64"


@dataclass(frozen=True, slots=True)
class SyncPace:
    """How hard a sync works: payments asked about at the same time, and how many a second at most."""

    concurrency: int = 4
    per_second: int = 20


@dataclass(frozen=True, slots=True)
class AttemptLimits:
    """How often one may try to pay: attempts of one order, and declined ones of one address in an hour."""

    per_order: int = 10
    declined_per_address: int = 20


@dataclass(frozen=True, slots=True)
class Emails:
    """Which e-mails the payer gets by itself."""

    confirmation: bool = True
    failed: bool = True
    cancelled: bool = True
    refunded: bool = True


@dataclass(frozen=True, slots=True)
class SettleRule:
    """How far a paid order's payment order is brought by itself, and how long after what.

    ``shipping_event`` is the name or the code of the shop's shipping event type that means delivered to the
    carrier; an order is shipped when all its lines are, but for pieces that were refunded.
    """

    when: Literal["never", "paid", "shipped"] = "never"
    days: int = 0
    upto: Literal["close", "split", "settle"] = "close"
    fast_forward: bool = False
    shipping_event: str = "Shipped"


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """The ``PINGPAYMENTS`` setting, parsed. Each field is the key of the same name in lower case."""

    tenant_id: UUID
    api_secret: Secret
    merchant_id: UUID
    environment: Environment = "sandbox"
    base_url: str = BASE_URLS["sandbox"]
    api_version: str = API_VERSION
    provider: str = "payment_iq"
    method: str = "card"
    pay_url_field: str = "pay_url"
    split_tree_id: UUID | None = None
    public_url: str | None = None
    payment_window: timedelta = timedelta(minutes=60)
    order_status: OrderStatuses = field(default_factory=OrderStatuses)
    locales: Mapping[str, str] = field(default_factory=lambda: LOCALES)
    cashier: Mapping[str, Any] = field(default_factory=dict)
    pay_hosts: tuple[str, ...] = (".pingpayments.com",)
    timeout: Timeout = field(default_factory=Timeout)
    auto_wire: bool = True
    other_methods: Mapping[str, Any] = field(default_factory=dict)
    skip_single_method: bool = False
    callback_signature: CallbackSignature | None = None
    log_days: int = 90
    sync: SyncPace = field(default_factory=SyncPace)
    attempts: AttemptLimits = field(default_factory=AttemptLimits)
    emails: Emails = field(default_factory=Emails)
    staff_emails: tuple[str, ...] = ()
    refund_duplicates: bool = False
    refund_late: bool = False
    reinstate_late: bool = False
    restock_refunded: bool = False
    settle: SettleRule = field(default_factory=SettleRule)

    def locale_for(self, language: str) -> str:
        """Return Ping's locale for a Django language code: its own, its language's, or English."""
        code = language.lower().replace("_", "-")
        return self.locales.get(code) or self.locales.get(code.partition("-")[0], FALLBACK_LOCALE)

    def may_send_payer_to(self, url: str) -> bool:
        """Whether a payer may be redirected to this address: https, to a host in ``PAY_HOSTS``.

        Only where Ping itself is a simulator on this machine may the page be there too, without https.
        """
        parts = split_url(url)
        if parts is None:
            return False
        scheme, host = parts
        if scheme == "https" and any(_matches(host, pattern) for pattern in self.pay_hosts):
            return True
        return (scheme, host) == split_url(self.base_url) and is_loopback(host)


def _matches(host: str, pattern: str) -> bool:
    """Whether a host is the pattern or, where the pattern starts with a dot, the domain or below it."""
    return host == pattern.removeprefix(".") or (pattern.startswith(".") and host.endswith(pattern))
