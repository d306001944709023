"""Whether simulator and shop agree on every order, to the öre, and what is not as it should be."""

from __future__ import annotations

import dataclasses
from collections import defaultdict
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from django.db.models import Count, Sum
from oscar.core.loading import get_model

from oscar_pingpayments.models import Effect, Payment, PaymentOrder, Placing
from oscar_pingpayments.simulator.testing import PingSimulator
from tests.concurrency.counter import CANCELLED, NOTHING, PAID, STOCK, End, ShopCounter

from .mail import Letter

WAITING = ("INITIATED", "PENDING")
#: What a person is told of because Ping's answers made no sense for a while, and that is no disagreement.
ODD_ANSWERS = {"", "identity", "refused", "unknown_status", "stuck"}
#: How staff are told.
TELLING = ("attention", "staff_mail")
#: What payers are written besides the confirmation: once or, where things went on, not at all.
LETTERS = ("failed_mail", "cancelled_mail")


def kronor(ore: int) -> Decimal:
    """Return an amount of Ping's as the shop writes it."""
    return (Decimal(ore) / 100).quantize(Decimal("0.01"))


class Agreement:
    """Everything that either side knows at the end; ``disagreements`` compares it."""

    def __init__(
        self, ping: PingSimulator, counter: ShopCounter, letters: list[Letter], interrupted: set[str]
    ) -> None:
        self.payment_orders = list(PaymentOrder.objects.select_related("order").order_by("pk"))
        self.at_ping: defaultdict[str, list[dict[str, Any]]] = defaultdict(list)
        for payment in ping.payments():
            self.at_ping[payment["payment_order_id"]].append(payment)
        self.orders_at_ping = {order["id"] for order in ping.orders()}
        self.confirmations = [letter for letter in letters if letter.confirms]
        self._interrupted = interrupted
        self._counter = counter

    @property
    def paid(self) -> list[PaymentOrder]:
        """The orders that are paid."""
        return [payment_order for payment_order in self.payment_orders if payment_order.is_paid]

    @property
    def sent_twice(self) -> int:
        """How many confirmations were sent again because the first sender was killed before noting it."""
        return len(self.confirmations) - len({letter.confirms for letter in self.confirmations})

    def letters(self, payment_order: PaymentOrder) -> list[Letter]:
        """Return the confirmations of one order that have left, in their order."""
        return [each for each in self.confirmations if each.confirms == payment_order.order_number]

    def disagreements(self) -> dict[PaymentOrder | None, list[str]]:
        """Return what is not as it should be, by order; under None what is nobody's or everybody's."""
        found = {each: list(self._about(each)) for each in self.payment_orders}
        found_at_all = {None: list(self._about_all())}
        return {each: words for each, words in (found_at_all | found).items() if words}  # type: ignore[operator]

    # One order

    def _about(self, payment_order: PaymentOrder) -> Iterator[str]:
        theirs = {payment["id"]: payment for payment in self.at_ping[str(payment_order.ping_id)]}
        ours = {str(row.ping_id): row for row in payment_order.payments.all() if row.ping_id is not None}
        for key in theirs.keys() - ours.keys():
            yield f"Ping has payment {key} ({theirs[key]['status']}), of which the shop knows nothing"
        for key in ours.keys() - theirs.keys():
            yield f"the shop has payment {key}, of which Ping knows nothing"
        for key in theirs.keys() & ours.keys():
            yield from self._about_payment(payment_order, ours[key], theirs[key])
        completed = [payment for payment in theirs.values() if payment["status"] == "COMPLETED"]
        end = self._counter.end(payment_order.pk)
        wanted = self._wanted(payment_order, end, completed)
        for field in dataclasses.fields(End):
            is_, should = getattr(end, field.name), getattr(wanted, field.name)
            if is_ != should:
                yield f"{field.name} is {is_}, and should be {should}"
        yield from self._about_attention(end, completed)
        yield from self._about_letters(payment_order)

    def _about_payment(
        self, payment_order: PaymentOrder, ours: Payment, theirs: dict[str, Any]
    ) -> Iterator[str]:
        name = f"attempt {ours.number}"
        received = kronor(theirs["total_amount"]) if theirs["status"] == "COMPLETED" else NOTHING
        if ours.amount_received != received:
            yield f"{name}: the shop has received {ours.amount_received}, Ping {received}"
        if (ours.amount, ours.currency) != (kronor(theirs["total_amount"]), theirs["currency"]):
            yield f"{name}: the shop asks for {ours.amount}, Ping for {kronor(theirs['total_amount'])}"
        is_waiting = theirs["status"] in WAITING
        if ours.status != theirs["status"] and not (is_waiting and ours.status in ("", *WAITING)):
            yield f"{name}: the shop says {ours.status or 'nothing'}, Ping {theirs['status']}"
        if is_waiting and payment_order.is_awaiting:
            yield f"{name} can still be paid"
        if is_waiting and ours.ask_again_at is None:
            yield f"{name} can still be paid at Ping, and the shop does not look after it any more"
        if theirs["refunds"]:
            yield f"{name}: Ping has refunded something"

    def _wanted(self, payment_order: PaymentOrder, end: End, completed: list[dict[str, Any]]) -> End:
        """Return how the order should have ended, by what Ping says of its payments.

        Where there is a choice, it is the shop's: an order that nobody paid was cancelled or has expired;
        money that came after that does not bring it back.
        """
        order = payment_order.order
        assert order is not None
        amounts = sorted(kronor(payment["total_amount"]) for payment in completed)
        lines = tuple(order.lines.values_list("quantity", flat=True))
        is_paid = bool(completed) and end.state == "paid"
        state = end.state if is_paid or end.state in ("cancelled", "expired") else "paid or ended"
        base = PAID if is_paid else CANCELLED
        quantities = [lines] * is_paid + [()] * (len(amounts) - is_paid)
        total = sum(amounts, NOTHING)
        return dataclasses.replace(
            base,
            state=state,
            attention=end.attention,
            paid=total,
            attempts=end.attempts,
            sources=((total, total, NOTHING),),
            transactions=tuple(("Debit", amount) for amount in amounts),
            events=_like(end.events, [("Paid", *both) for both in zip(amounts, quantities, strict=True)]),
            effects=_like(end.effects, self._effects(payment_order, end, base)),
            mails=end.mails,
            allocated=sum(lines) if is_paid else 0,
            voucher_uses=order.discounts.filter(voucher_id__isnull=False).count() if is_paid else 0,
        )

    def _effects(self, payment_order: PaymentOrder, end: End, base: End) -> list[tuple[str, bool]]:
        """What should have left: all that a paid order has, two for each time staff are told, and letters."""
        abouts = set(payment_order.effects.filter(name__in=TELLING).values_list("about", flat=True))
        told = [(name, True) for name in TELLING for _ in abouts]
        return [*base.effects, *told, *(each for each in end.effects if each[0] in LETTERS)]

    def _about_attention(self, end: End, completed: list[dict[str, Any]]) -> Iterator[str]:
        if completed and end.state != "paid":
            wanted = {"late"}
        elif len(completed) > 1:
            wanted = {"duplicate"}
        else:
            wanted = ODD_ANSWERS
        if end.attention not in wanted:
            yield f"attention is {end.attention or 'not asked for'}, and should be {' or '.join(wanted)}"

    def _about_letters(self, payment_order: PaymentOrder) -> Iterator[str]:
        """One confirmation for a paid order; another only where its sender was killed before noting it."""
        sent = self.letters(payment_order)
        if bool(sent) != payment_order.is_paid:
            yield f"{len(sent)} confirmations for an order that is {payment_order.state}"
        for letter in sent[:-1]:
            if letter.request not in self._interrupted:
                yield f"a confirmation was sent again: {letter.request or 'the sync'} was not interrupted"

    # All of them

    def _about_all(self) -> Iterator[str]:
        known = {str(payment_order.ping_id) for payment_order in self.payment_orders}
        for key, payments in self.at_ping.items():
            if key not in known:
                yield f"Ping has {len(payments)} payments in {key}, which the shop does not know"
        for key in known - self.orders_at_ping:
            yield f"the shop has the payment order {key}, which Ping does not know"
        orders = get_model("order", "Order")._default_manager
        for order in orders.filter(ping_payment_order=None):
            yield f"order {order.number} has no payment order"
        for row in orders.values("basket").annotate(orders=Count("pk")).filter(orders__gt=1):
            yield f"{row['orders']} orders were placed from basket {row['basket']}"
        yield from self._about_baskets()
        yield from self._about_goods()
        # That an attempt failed is told a while later, should its payer not have tried again.
        for effect in Effect.objects.filter(done_at=None).exclude(name="failed_mail"):
            yield f"{effect} was not carried out: {effect.error or 'not tried'}"

    def _about_baskets(self) -> Iterator[str]:
        baskets = get_model("basket", "Basket")._default_manager
        for basket in baskets.filter(status="Frozen"):
            yield f"basket {basket.pk} is frozen"
        for basket in baskets.filter(status="Submitted", order=None):
            yield f"basket {basket.pk} is submitted, and no order was placed from it"
        for basket in baskets.exclude(status="Submitted").exclude(order=None):
            yield f"basket {basket.pk} is {basket.status}, and an order was placed from it"
        for placing in Placing.objects.all():
            yield f"basket {placing.basket_id} is still being placed"

    def _about_goods(self) -> Iterator[str]:
        """Stock, voucher and offer are held by the orders that are paid, and by nobody else."""
        counter = self._counter
        orders = [payment_order.order_id for payment_order in self.paid]
        lines = get_model("order", "Line")._default_manager.filter(order__in=orders)
        discounts = get_model("order", "OrderDiscount")._default_manager.filter(order__in=orders)
        sold = lines.aggregate(sum=Sum("quantity", default=0))["sum"]
        reduced = set(discounts.values_list("order", flat=True))
        less = discounts.aggregate(sum=Sum("amount", default=NOTHING))["sum"]
        record = counter.product.stockrecords.get()
        counter.voucher.refresh_from_db()
        offer = counter.voucher.offers.get()
        for what, is_, should in (
            ("stock", record.num_in_stock, STOCK),
            ("allocated stock", record.num_allocated or 0, sold),
            ("orders of the voucher", counter.voucher.num_orders, len(reduced)),
            ("discount of the voucher", counter.voucher.total_discount, less),
            ("applications of the voucher", counter.voucher.applications.count(), len(reduced)),
            ("orders of the offer", offer.num_orders, len(reduced)),
            ("discount of the offer", offer.total_discount, less),
        ):
            if is_ != should:
                yield f"{what}: {is_}, and the paid orders hold {should}"


def _like(is_: tuple[Any, ...], should: list[Any]) -> tuple[Any, ...]:
    """Return what should be, in the order of what is: in which order it happened is nobody's promise."""
    same, left = [], list(should)
    for each in is_:
        if each in left:
            left.remove(each)
            same.append(each)
    return (*same, *left)
