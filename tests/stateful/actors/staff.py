"""The shop's staff: they cancel, move orders by hand, ask Ping, and look at what needs a person."""

from __future__ import annotations

from contextlib import suppress
from decimal import Decimal

from django.db import transaction
from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule
from oscar.core.loading import get_class

from oscar_pingpayments import facade
from oscar_pingpayments.exceptions import GatewayError, MoneyError, PingPaymentsError
from oscar_pingpayments.models import PaymentOrder

from ..model.owed import MONEY
from ..model.world import World
from .payers import CLICKS, SELDOM, WHICH

KARIN = facade.Person("Karin")


class Staff(World):
    @precondition(World.has_orders)
    @rule(which=WHICH, how=st.sampled_from(["facade", "Oscar", "Oscar", "another status"]))
    def cancel_or_move_by_hand(self, which: int, how: str) -> None:
        """By our own hand, or in Oscar's dashboard, where the order may be moved anywhere else as well."""
        payment_order = self.payment_order(which)
        if how == "facade":
            self.cancels(payment_order)
        else:
            statuses = payment_order.order.available_statuses()
            found = [status for status in statuses if (status == "Cancelled") == (how == "Oscar")]
            if found:
                self.moves(payment_order, found[0])

    @precondition(World.has_attempts)
    @rule(which=WHICH, dies=SELDOM)
    def ask_ping(self, which: int, dies: bool) -> None:
        payment = self.attempt(which)
        self.will_die = dies
        with suppress(GatewayError):
            self.alive(lambda: facade.refresh(payment.pk, by="staff"))

    @precondition(World.has_money)
    @rule(which=WHICH, amount=st.sampled_from([None, Decimal("10.00"), Decimal("99.90")]), clicks=CLICKS)
    def refund(self, which: int, amount: Decimal | None, clicks: int) -> None:
        """All that is left, or an amount; the same one twice where the button is clicked twice."""
        self.keys += 1
        for _ in range(clicks):
            with suppress(PingPaymentsError, MoneyError):
                self.alive(
                    lambda: facade.refund(
                        self.payment_order(which).pk, amount=amount, person=KARIN, key=str(self.keys)
                    )
                )

    @precondition(lambda self: PaymentOrder.objects.exclude(attention="").exists())
    @rule(which=WHICH, late=SELDOM)
    def look_at_what_needs_a_person(self, which: int, late: bool) -> None:
        """What they looked at may have become something else meanwhile: then it is not dealt with."""
        waiting = list(PaymentOrder.objects.exclude(attention="").order_by("pk"))
        payment_order = waiting[-1 - which % len(waiting)]
        seen = next(reason for reason in sorted(MONEY) if reason != payment_order.attention)
        seen = seen if late else payment_order.attention
        resolved = facade.resolve(payment_order.pk, person=KARIN, note="Looked at", reason=seen)
        assert resolved == (seen == payment_order.attention)
        if resolved:
            self.owed.is_looked_at(payment_order.pk)

    def cancels(self, payment_order: PaymentOrder) -> None:
        try:
            self.alive(lambda: facade.cancel(payment_order.pk, by="staff", person=KARIN))
        except (GatewayError, facade.StillPayableError):
            assert PaymentOrder.objects.get(pk=payment_order.pk).is_awaiting

    def moves(self, payment_order: PaymentOrder, status: str) -> None:
        if status != "Cancelled" or not payment_order.is_awaiting:
            self.set_by_hand.add(payment_order.pk)
        handler = get_class("order.processing", "EventHandler")()

        def move() -> None:
            with transaction.atomic():
                handler.handle_order_status_change(payment_order.order, status)

        self.alive(move)
