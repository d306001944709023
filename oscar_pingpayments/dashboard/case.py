"""One payment order as staff look at it: its rows, read in a constant number of statements."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from decimal import Decimal

from django.shortcuts import get_object_or_404

from ..models import Callback, Effect, Exchange, Payment, PaymentOrder, Refund, StaffAction
from ..statuses import OPEN, TAKING
from .people import Payer

#: So many of the newest entries of each log are shown.
LOG = 50


@dataclass(frozen=True, slots=True)
class Case:
    """A payment order with its attempts and refunds, oldest first: what decides which actions apply."""

    payment_order: PaymentOrder
    payments: list[Payment]
    refunds: list[Refund]

    @classmethod
    def read(cls, pk: int) -> Case:
        """Read a payment order. Raises Http404."""
        rows = PaymentOrder.objects.select_related(
            "order__user", "order__billing_address", "order__shipping_address"
        )
        payment_order = get_object_or_404(rows, pk=pk)
        payments = list(payment_order.payments.order_by("number"))
        refunds = Refund.objects.filter(payment__payment_order=payment_order)
        by_key = {payment.pk: payment for payment in payments}
        for payment in payments:
            payment.payment_order = payment_order
        found = list(refunds.select_related("created_by").order_by("pk"))
        for refund in found:
            refund.payment = by_key[refund.payment_id]
        return cls(payment_order, payments, found)

    @classmethod
    def prefetched(cls, payment_order: PaymentOrder) -> Case:
        """Return the case of a payment order that was read with its payments and their refunds."""
        payments = sorted(payment_order.payments.all(), key=lambda payment: payment.number)
        refunds = sorted(
            (refund for payment in payments for refund in payment.refunds.all()), key=lambda refund: refund.pk
        )
        return cls(payment_order, payments, refunds)

    @property
    def payer(self) -> Payer:
        """Who pays."""
        return Payer.of(self.payment_order)

    @property
    def live(self) -> Payment | None:
        """The attempt that may still be paid."""
        return next((payment for payment in self.payments if payment.live), None)

    @property
    def kept(self) -> Decimal:
        """What was paid and not given back."""
        return self.payment_order.amount_paid - self.payment_order.amount_refunded

    @property
    def going_back(self) -> Decimal:
        """What is on its way back, or may be."""
        return sum((refund.amount for refund in self.refunds if refund.state in OPEN), Decimal(0))

    @property
    def left(self) -> Decimal:
        """What can still be given back: what was paid, but for what went back or may be on its way."""
        taken = sum((refund.amount for refund in self.refunds if refund.state in TAKING), Decimal(0))
        return max(self.payment_order.amount_paid - taken, Decimal(0))

    @property
    def version(self) -> str:
        """A word that changes with everything that somebody decides by who is shown the case."""
        order = self.payment_order
        facts = [order.state, order.status, order.amount_paid, order.amount_refunded]
        facts += [order.attention, order.attention_detail]
        facts += [f"{payment.number}={payment.status}{payment.live}" for payment in self.payments]
        facts += [f"{refund.pk}={refund.state}" for refund in self.refunds]
        return hashlib.sha256("/".join(str(fact) for fact in facts).encode()).hexdigest()[:32]


@dataclass(frozen=True, slots=True)
class Record:
    """What else there is about a case, for its own page: the trail, what left the shop, and the two logs."""

    actions: list[StaffAction] = field(default_factory=list)
    effects: list[Effect] = field(default_factory=list)
    callbacks: list[Callback] = field(default_factory=list)
    exchanges: list[Exchange] = field(default_factory=list)

    @classmethod
    def read(cls, case: Case) -> Record:
        """Read what there is about a case; of the logs the newest."""
        payment_order = case.payment_order
        callbacks = Callback.objects.filter(payment__in=[payment.pk for payment in case.payments])
        return cls(
            actions=list(payment_order.staff_actions.order_by("pk")),
            effects=list(payment_order.effects.order_by("pk")),
            callbacks=list(callbacks.select_related("payment").order_by("-at", "-pk")[:LOG]),
            exchanges=list(payment_order.exchanges.order_by("-pk")[:LOG]),
        )
