"""Money that goes back: what Ping is asked for, what it answers, and how it lists it afterwards."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from .answers import Json
from .bodies import Body, filled, if_it_makes_sense, moment
from .items import OrderItem


@dataclass(frozen=True, slots=True)
class RefundRecord:
    """A refund as the payment remembers it.

    Ping documents neither an id nor a status there; they are read where they are there and make sense.
    """

    amount: int
    refunded_at: datetime | None
    id: UUID | None = None
    status: str = ""

    @classmethod
    def from_json(cls, json: Json) -> RefundRecord:
        return cls(
            amount=json["amount"].amount(),
            refunded_at=moment(json, "refunded_at"),
            id=if_it_makes_sense(json, "id", Json.uuid),
            status=if_it_makes_sense(json, "status", Json.text) or "",
        )


@dataclass(frozen=True, slots=True)
class NewRefund:
    """Money to give back.

    ``reason`` is one of Ping's words: ``fraudulent``, ``requested_by_customer``, ``other``; the payer sees
    ``message``. For a part of the money ``order_items`` is what the order will look like **after** the
    refund (their sum + ``amount`` = the payment's total so far); for all of it there are none (documented).
    """

    amount: int
    currency: str
    reason: str
    description: str = field(default="", repr=False)
    message: str = field(default="", repr=False)
    order_items: tuple[OrderItem, ...] = ()

    def to_json(self) -> Body:
        required = Body(
            amount=self.amount,
            currency=self.currency,
            reason=self.reason,
            order_items=[item.to_json() for item in self.order_items],
        )
        return Body(required | filled(description=self.description, message=self.message))


@dataclass(frozen=True, slots=True)
class RemoteRefund:
    """A refund that Ping has taken on and does later.

    Which words ``status`` may hold is not documented: it is read where it is there and makes sense.
    """

    id: UUID
    amount: int
    currency: str
    provider: str
    status: str

    @classmethod
    def from_json(cls, json: Json) -> RemoteRefund:
        return cls(
            id=json["id"].uuid(),
            amount=json["amount"].amount(),
            currency=json["currency"].text(),
            provider=if_it_makes_sense(json, "provider", Json.text) or "",
            status=if_it_makes_sense(json, "status", Json.text) or "",
        )
