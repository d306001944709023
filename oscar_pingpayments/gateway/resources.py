"""What is sent to Ping and what Ping answers, as values: amounts are in the smallest unit of the currency.

Status fields hold Ping's own words: what they mean is not decided here. What says who the payer is, and
addresses that carry a token, stay out of every repr.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from .answers import Json
from .bodies import Body, elements, filled, members, moment
from .items import OrderItem
from .refunds import RefundRecord


@dataclass(frozen=True, slots=True)
class Address:
    """Where the payer lives; ``country`` is an ISO 3166 code of two letters. What is empty is not sent."""

    street: str = field(default="", repr=False)
    postal_code: str = field(default="", repr=False)
    city: str = field(default="", repr=False)
    county: str = field(default="", repr=False)
    country: str = field(default="", repr=False)

    def to_json(self) -> Body:
        return filled(
            street=self.street,
            postal_code=self.postal_code,
            city=self.city,
            county=self.county,
            country=self.country,
        )


@dataclass(frozen=True, slots=True)
class Payer:
    """Who pays. Ping asks for as much of it as there is (documented); what is empty is not sent."""

    name: str = field(default="", repr=False)
    email: str = field(default="", repr=False)
    phone_number: str = field(default="", repr=False)
    ip_address: str = field(default="", repr=False)
    address: Address | None = field(default=None, repr=False)

    def to_json(self) -> Body:
        return filled(
            name=self.name,
            email=self.email,
            phone_number=self.phone_number,
            ip_address=self.ip_address,
            address=self.address.to_json() if self.address else None,
        )


@dataclass(frozen=True, slots=True)
class NewPayment:
    """One attempt to be paid. The items' amounts sum to ``total_amount``, else Ping refuses (documented)."""

    currency: str
    total_amount: int
    provider: str
    method: str
    order_items: tuple[OrderItem, ...]
    payer: Payer | None = None
    provider_method_parameters: Mapping[str, object] = field(default_factory=dict, repr=False)
    metadata: Mapping[str, str] = field(default_factory=dict)
    status_callback_url: str | None = field(default=None, repr=False)

    def to_json(self) -> Body:
        required = Body(
            currency=self.currency,
            total_amount=self.total_amount,
            provider=self.provider,
            method=self.method,
            order_items=[item.to_json() for item in self.order_items],
            provider_method_parameters=dict(self.provider_method_parameters),
        )
        optional = filled(
            payer=self.payer.to_json() if self.payer else None,
            metadata=dict(self.metadata),
            status_callback_url=self.status_callback_url,
        )
        return Body(required | optional)


@dataclass(frozen=True, slots=True)
class InitiatedPayment:
    """A payment that waits for its payer at ``pay_url``, which Ping never repeats: keep it."""

    id: UUID
    pay_url: str = field(repr=False)

    @classmethod
    def from_json(cls, json: Json, pay_url_field: str) -> InitiatedPayment:
        return cls(
            id=json["id"].uuid(),
            pay_url=json["provider_method_response"][pay_url_field].text(),
        )


@dataclass(frozen=True, slots=True)
class StatusChange:
    """One line of a payment's history at Ping. ``details`` is as the provider gave it: never log it."""

    status: str
    occurred_at: datetime | None
    details: Mapping[str, object] = field(default_factory=dict, repr=False)

    @classmethod
    def from_json(cls, json: Json) -> StatusChange:
        return cls(
            status=json["status"].text(),
            occurred_at=moment(json, "occurred_at"),
            details=members(json, "details"),
        )


@dataclass(frozen=True, slots=True)
class RemotePayment:
    """A payment as Ping sees it now. ``lists_refunds`` says that its refunds are all there are."""

    id: UUID
    payment_order_id: UUID
    status: str
    currency: str
    total_amount: int
    provider: str
    method: str
    metadata: Mapping[str, object]
    order_items: tuple[OrderItem, ...]
    status_history: tuple[StatusChange, ...]
    refunds: tuple[RefundRecord, ...]
    lists_refunds: bool = False

    @classmethod
    def from_json(cls, json: Json) -> RemotePayment:
        only, listed = json.get("refund"), elements(json, "refunds")
        return cls(
            id=json["id"].uuid(),
            payment_order_id=json["payment_order_id"].uuid(),
            status=json["status"].text(),
            currency=json["currency"].text(),
            total_amount=json["total_amount"].amount(),
            provider=json["provider"].text(),
            method=json["method"].text(),
            metadata=members(json, "metadata"),
            order_items=tuple(OrderItem.from_json(item) for item in elements(json, "order_items")),
            status_history=tuple(
                StatusChange.from_json(change) for change in elements(json, "status_history")
            ),
            # Both are documented and neither says which is to stay: the list, else the one.
            refunds=tuple(RefundRecord.from_json(refund) for refund in listed or ([only] if only else [])),
            lists_refunds=bool(listed) or (json.get("refunds") is not None and not only),
        )


@dataclass(frozen=True, slots=True)
class RemotePaymentOrder:
    """A payment order as Ping sees it now.

    Its status (OPEN, CLOSED, SPLIT, SETTLED) does not say whether it is paid: an unpaid one stays OPEN.
    """

    id: UUID
    status: str
    currency: str
    created_at: datetime | None
    payments: tuple[RemotePayment, ...]

    @classmethod
    def from_json(cls, json: Json) -> RemotePaymentOrder:
        return cls(
            id=json["id"].uuid(),
            status=json["status"].text(),
            currency=json["currency"].text(),
            created_at=moment(json, "created_at"),
            payments=tuple(RemotePayment.from_json(payment) for payment in elements(json, "payments")),
        )


@dataclass(frozen=True, slots=True)
class Tenant:
    """The shop as Ping knows it; ``payment_provider_methods`` are the (provider, method) pairs it may use.

    ``addresses`` are those that are set on it, under whatever names: they are not documented.
    """

    id: UUID
    name: str
    payment_provider_methods: tuple[tuple[str, str], ...]
    callback_signing_key: str | None = field(default=None, repr=False)
    addresses: tuple[str, ...] = field(default=(), repr=False)

    @classmethod
    def from_json(cls, json: Json) -> Tenant:
        return cls(
            id=json["id"].uuid(),
            name=json["name"].text(),
            payment_provider_methods=tuple(
                (pair["provider"].text(), pair["method"].text())
                for pair in elements(json, "payment_provider_methods")
            ),
            callback_signing_key=key.text() if (key := json.get("callback_signing_key")) else None,
            addresses=tuple(
                value
                for value in json.members().values()
                if isinstance(value, str) and value.startswith(("https://", "http://"))
            ),
        )
