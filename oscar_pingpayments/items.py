"""An order's lines, shipping and surcharges as Ping's order items: never negative, adding up to the total."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Decimal
from enum import StrEnum
from uuid import UUID

from .exceptions import MoneyError

#: Rates in use in the countries whose cards Ping takes; tried first when a rate is worked out.
USUAL_RATES = tuple(
    Decimal(rate) for rate in ("25", "0", "12", "6", "15", "24", "14", "10", "20", "19", "7", "5")
)
HIGHEST_RATE = Decimal(99)  # documented by Ping: a number from 0 to 99

_LABEL_LENGTH = 255


class Kind(StrEnum):
    """What of an order an item stands for; ORDER is all of one whose charges are free."""

    LINE = "line"
    SHIPPING = "shipping"
    SURCHARGE = "surcharge"
    ORDER = "order"


@dataclass(frozen=True, slots=True)
class Charge:
    """Something the payer pays for. Amounts are for the whole quantity, in the smallest unit of money.

    ``line`` is the key of Oscar's order line, where it is one.
    """

    name: str
    incl_tax: int
    excl_tax: int
    quantity: int = 1
    kind: Kind = Kind.LINE
    line: int | None = None


@dataclass(frozen=True, slots=True)
class Item:
    """One of Ping's order items; ``amount`` is the whole quantity's, in the smallest unit, VAT included."""

    name: str
    amount: int
    vat_rate: Decimal
    quantity: int = 1
    kind: Kind = Kind.LINE
    line: int | None = None
    merchant_id: UUID | None = None

    @property
    def label(self) -> str:
        """What Ping is told that it is: the name, and how many."""
        many = f" x {self.quantity}" if self.quantity > 1 else ""
        return f"{self.name[: _LABEL_LENGTH - len(many)]}{many}"


def vat_rate(charge: Charge) -> Decimal:
    """Work out the VAT rate in percent: Oscar keeps amounts with and without tax, but no rate.

    Both amounts were rounded, at worst once for each piece, so among the rates that could have given
    them a usual one wins; else the exact quotient to two decimals, within Ping's 0 to 99.
    """
    if charge.excl_tax <= 0 or charge.incl_tax <= charge.excl_tax:
        return Decimal(0)
    slack = Decimal(charge.quantity + 1)
    quotient = (Decimal(charge.incl_tax) / Decimal(charge.excl_tax) - 1) * 100
    near = [
        rate for rate in USUAL_RATES if abs(charge.excl_tax * (1 + rate / 100) - charge.incl_tax) <= slack
    ]
    if near:
        return min(near, key=lambda rate: abs(rate - quotient))
    return min(quotient.quantize(Decimal("0.01"), ROUND_HALF_EVEN), HIGHEST_RATE)


def order_items(charges: Sequence[Charge], total: int, *, name: str) -> tuple[Item, ...]:
    """Return items whose amounts sum to ``total`` exactly.

    Where the charges do not sum to the total (a discount on the whole order, rounding), the difference is
    spread over them in proportion, by largest remainder. ``name`` is for the single item of an order
    whose charges are all free. Raises MoneyError for a negative charge or total.
    """
    if total < 0 or any(charge.incl_tax < 0 for charge in charges):
        raise MoneyError("An order item cannot be negative")
    weights = [charge.incl_tax for charge in charges]
    if not any(weights):
        return (Item(name, total, Decimal(0), kind=Kind.ORDER),)
    return tuple(
        Item(charge.name, share, vat_rate(charge), charge.quantity, charge.kind, charge.line)
        for charge, share in zip(charges, spread(weights, total), strict=True)
    )


def spread(weights: Sequence[int], total: int) -> list[int]:
    """Divide ``total`` in proportion to the weights, by largest remainder: the shares sum to it exactly.

    Where the total is no more than the sum of the weights, no share is more than its weight. One of the
    weights at least is above nought, and none is below.
    """
    weight = sum(weights)
    shares = [divmod(each * total, weight) for each in weights]
    short = total - sum(share for share, _ in shares)
    by_remainder = sorted(range(len(shares)), key=lambda index: (-shares[index][1], index))
    extra = set(by_remainder[:short])
    return [share + (index in extra) for index, (share, _) in enumerate(shares)]
