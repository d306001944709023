"""The lines of what is paid for, as they are sent to Ping and as Ping answers with them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from uuid import UUID

from .answers import Json
from .bodies import elements, members


@dataclass(frozen=True, slots=True)
class OrderItem:
    """A line of what is paid for.

    ``amount`` is the whole line's, VAT included; ``vat_rate`` is in percent, from 0 to 99. ``merchant_id``
    is None only in answers, for money that goes to a liquidity account instead (seen in Ping's SDKs).
    """

    name: str
    amount: int
    vat_rate: Decimal | int
    merchant_id: UUID | None
    metadata: Mapping[str, object] = field(default_factory=dict)
    tags: Sequence[str] = ()

    def to_json(self) -> dict[str, object]:
        return {
            "name": self.name,
            "amount": self.amount,
            # A rate is no money, and the shortest text of its float is the decimal that it came from.
            "vat_rate": int(self.vat_rate) if self.vat_rate == int(self.vat_rate) else float(self.vat_rate),
            "merchant_id": str(self.merchant_id),
            "metadata": dict(self.metadata),
            "tags": list(self.tags),
        }

    @classmethod
    def from_json(cls, json: Json) -> OrderItem:
        return cls(
            name=json["name"].text(),
            amount=json["amount"].amount(),
            vat_rate=json["vat_rate"].number(),
            merchant_id=merchant_id.uuid() if (merchant_id := json.get("merchant_id")) else None,
            metadata=members(json, "metadata"),
            tags=tuple(tag.text() for tag in elements(json, "tags")),
        )
