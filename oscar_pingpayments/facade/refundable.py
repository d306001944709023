"""What can be refunded of an order: of which payment, which lines, and why nothing, where nothing can."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from .. import conf, ledger
from ..items import Item, Kind
from ..ledger import Remaining
from ..models import Payment, PaymentOrder, Refund
from ..money import from_minor
from ..remains import pieces
from ..statuses import takes_refunds


@dataclass(frozen=True, slots=True)
class RefundableItem:
    """A line of the order, its shipping or a surcharge: what was paid for it, and what is left of that."""

    of: Remaining
    position: int

    @property
    def kind(self) -> Kind:
        """Which of these it is."""
        return self._sent.kind

    @property
    def name(self) -> str:
        """What it is."""
        return self._sent.name

    @property
    def line_id(self) -> int | None:
        """The key of Oscar's order line, where it is one."""
        return self._sent.line

    @property
    def quantity(self) -> int:
        """How many were paid for."""
        return self._sent.quantity

    @property
    def quantity_left(self) -> int:
        """Of how many the money can still go back."""
        return self.of.items[self.position].quantity

    @property
    def paid(self) -> Decimal:
        """What was paid for all of it."""
        return from_minor(self._sent.amount, self.of.payment.currency)

    @property
    def left(self) -> Decimal:
        """What can still go back for it."""
        return from_minor(self.of.items[self.position].amount, self.of.payment.currency)

    def gives(self, quantity: int) -> Decimal:
        """Return what so many of those that are left give back."""
        part = pieces(self.of.items, self.position, quantity)
        return from_minor(part.amount, self.of.payment.currency)

    @property
    def _sent(self) -> Item:
        return self.of.sent[self.position]


@dataclass(frozen=True, slots=True)
class RefundablePayment:
    """An attempt that brought money: what came, went back, is on its way back, and can still go.

    ``pays`` says that it is the one that paid the order; with another, lines and stock are not touched.
    """

    payment: Payment
    pays: bool
    paid: Decimal
    refunded: Decimal
    reserved: Decimal
    left: Decimal
    items: tuple[RefundableItem, ...]
    refunds: tuple[Refund, ...]

    @property
    def lines(self) -> tuple[RefundableItem, ...]:
        """The order's lines."""
        return tuple(item for item in self.items if item.kind is Kind.LINE)

    @property
    def shipping(self) -> RefundableItem | None:
        """Shipping, where it was paid for."""
        return next((item for item in self.items if item.kind is Kind.SHIPPING), None)

    @property
    def surcharges(self) -> tuple[RefundableItem, ...]:
        """Surcharges, where there were some."""
        return tuple(item for item in self.items if item.kind is Kind.SURCHARGE)


@dataclass(frozen=True, slots=True)
class Refundable:
    """What can be refunded of an order, as of now.

    ``why_not`` is empty where something can be. ``seen`` goes with the refund that is asked for after this
    was shown, so that nobody refunds twice what two have seen. ``restock`` is the shop's default.
    """

    payment_order: PaymentOrder
    payments: tuple[RefundablePayment, ...]
    why_not: Promise | str
    seen: int
    restock: bool

    @property
    def paying(self) -> RefundablePayment | None:
        """The attempt that paid the order."""
        return next((each for each in self.payments if each.pays), None)


def refundable(payment_order: PaymentOrder) -> Refundable:
    """Return what can be refunded of an order, from our own rows: Ping is not asked."""
    attempts = list(payment_order.payments.prefetch_related("refunds").order_by("number"))
    for payment in attempts:
        payment.payment_order = payment_order
    pays = ledger.paying(payment_order, attempts)
    payments = tuple(
        _payment(ledger.remaining(payment, payment_order.order), pays=payment == pays)
        for payment in attempts
        if payment.amount_received
    )
    return Refundable(
        payment_order=payment_order,
        payments=payments,
        why_not=_why_not(payment_order, payments),
        seen=sum(len(payment.refunds.all()) for payment in attempts),
        restock=conf.get_settings().restock_refunded,
    )


def _payment(left: Remaining, *, pays: bool) -> RefundablePayment:
    return RefundablePayment(
        payment=left.payment,
        pays=pays,
        paid=left.paid,
        refunded=left.refunded,
        reserved=left.reserved,
        left=left.left,
        items=tuple(RefundableItem(left, position) for position in range(len(left.items))),
        refunds=left.refunds,
    )


def _why_not(payment_order: PaymentOrder, payments: tuple[RefundablePayment, ...]) -> Promise | str:
    if not payments:
        return _("No money has come.")
    if not takes_refunds(payment_order.status):
        return _("Ping takes no refunds any more: the payment order is “%(status)s”.") % {
            "status": payment_order.get_status_display()
        }
    if any(payment.left for payment in payments):
        return ""
    if any(payment.reserved for payment in payments):
        return _("All of it went back, or is on its way.")
    return _("All of it went back.")
