"""An order with a bit of everything, paid, for the tests of giving its money back."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from oscar_pingpayments import facade
from oscar_pingpayments.models import Refund
from tests.shopper import Shopper

LANTERNS, BOOK, SHIPPING, SURCHARGE = 89700, 10000, 4900, 1000
TOTAL = Decimal("1056.00")


class Buyer(Shopper):
    """A payer of three lanterns at 299.00, a book at 100.00, delivery for 49.00 and a fee of 10.00."""

    @property
    def lanterns(self) -> Any:
        """Their order line of three lanterns."""
        return self.order.lines.get(title="Lantern")

    @property
    def book(self) -> Any:
        """Their order line of one book."""
        return self.order.lines.get(title="Book")

    def refund(self, **wanted: Any) -> Refund:
        """Let the shop's own code give money back."""
        return facade.refund(self.payment_order.pk, **wanted)


def asked(ping: Any) -> list[dict[str, Any]]:
    """Return the refunds that Ping was asked for."""
    return [call["body"] for call in ping.calls() if call["operation"] == "refund_payment"]


def items_told(body: dict[str, Any]) -> list[tuple[str, int]]:
    """Return what remains of the order, as Ping was told with a refund."""
    return [(item["name"], item["amount"]) for item in body["order_items"]]


def carried_out(shopper: Shopper, ping: Any) -> None:
    """Let Ping carry out the refunds that wait, and the shop hear of it."""
    ping.finish_refunds()
    facade.refresh(shopper.payment.pk, by="test")


def sums(shopper: Shopper) -> tuple[Decimal, Decimal, Decimal]:
    """Return what Oscar's source, its transactions and our row say has gone back."""
    source = shopper.order.sources.get()
    listed = sum(row.amount for row in source.transactions.filter(txn_type="Refund"))
    return source.amount_refunded, Decimal(listed), shopper.payment_order.amount_refunded


def refunded_events(shopper: Shopper) -> list[tuple[Decimal, dict[str, int]]]:
    """Return Oscar's payment events "Refunded", oldest first, with the pieces that they are about."""
    events = shopper.order.payment_events.filter(event_type__name="Refunded").order_by("pk")
    return [
        (event.amount, {row.line.title: row.quantity for row in event.line_quantities.all()})
        for event in events
    ]
