"""The shop's staff: they cancel, move orders by hand, ask Ping, and look at what needs a person."""

from __future__ import annotations

from contextlib import suppress
from decimal import Decimal

from django.db import transaction
from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule
from oscar.core.loading import get_class

from oscar_pingpayments import facade
from oscar_pingpayments.exceptions import GatewayError, MoneyError, PingPaymentsError, RejectedError
from oscar_pingpayments.models import PaymentOrder, Refund

from ..model.owed import MONEY
from ..model.world import World
from .payers import CLICKS, SELDOM, WHICH

KARIN = facade.Person("Karin")
#: With this Ping refuses what makes no sense to it.
UNPROCESSABLE = 422


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
            self.refunds(self.payment_order(which), amount)

    @precondition(World.has_money)
    @rule(which=WHICH, by=st.sampled_from([Decimal("0.01"), Decimal("50.00")]))
    def refund_more_than_is_left(self, which: int, by: Decimal) -> None:
        """Also while some is on its way, and where some went back in the portal that nobody has heard of."""
        payment_order = self.payment_order(which)
        seen = next(each for each in self.look() if each.row.pk == payment_order.pk)
        if seen.payer and seen.payer.told:
            self.keys += 1
            left = Decimal(max(seen.payer.told.left, 0)) / 100
            assert self.refunds(payment_order, left + by) is None

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

    def refunds(self, payment_order: PaymentOrder, amount: Decimal | None) -> Refund | None:
        """Ask for a refund: it is of what was asked for, or it is not made."""

        def refund() -> Refund:
            return facade.refund(payment_order.pk, amount=amount, person=KARIN, key=str(self.keys))

        made, refusal = None, None
        try:
            made = self.alive(refund)
        except RejectedError as error:
            refusal = error.status_code
        except (PingPaymentsError, MoneyError):
            return None
        # Ping is asked how much is left before it is asked for any of it; it may speak of another payment.
        reasons = [about for about, _ in PaymentOrder.objects.get(pk=payment_order.pk).concerns or ()]
        if refusal == UNPROCESSABLE and not any(about.startswith("identity") for about in reasons):
            # A refund that has vanished at Ping is on its way for the shop: then the items are what is wrong.
            refused = Refund.objects.filter(payment__payment_order=payment_order).latest("pk")
            assert "more than is left" not in refused.error
        assert made is None or amount in (None, made.amount)
        return made

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
