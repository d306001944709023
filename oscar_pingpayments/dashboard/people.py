"""The payer of a payment order, in words for staff."""

from __future__ import annotations

from dataclasses import dataclass

from .. import ledger
from ..models import PaymentOrder


@dataclass(frozen=True, slots=True)
class Payer:
    """Who pays, as Oscar knows them today; "" for what it does not know (any more)."""

    name: str = ""
    email: str = ""

    @classmethod
    def of(cls, payment_order: PaymentOrder) -> Payer:
        """Return the payer of an order that was read with its addresses and its user."""
        order = payment_order.order
        if order is None:
            return cls()
        return cls(ledger.payers_name(order), order.email or "")
