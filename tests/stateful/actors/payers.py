"""The payers, and strangers with their addresses: they order, pay, give up, come back, try again, change."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.urls import reverse
from django.utils.timezone import now
from hypothesis import strategies as st
from hypothesis.stateful import initialize, precondition, rule

from oscar_pingpayments import facade
from oscar_pingpayments.models import Payment, PaymentOrder
from tests.shopper import CARD

from ..model.goods import CODES, what_is_in
from ..model.world import MOST_ATTEMPTS, World
from .faults import NO_ANSWER

WHICH = st.integers(0, 3)  # counted from the newest
ENDS = st.sampled_from(["COMPLETED", "COMPLETED", "DECLINED", "ABORTED", "EXPIRED", "CRASHED"])
LINES = st.lists(st.tuples(st.integers(0, 2), st.integers(1, 3)), min_size=1, max_size=3)
VOUCHERS = st.sampled_from(["", *CODES])
CLICKS = st.sampled_from([1, 1, 2])
SELDOM = st.sampled_from([False, False, False, True])
#: Mostly Ping answers.
ANSWERS = st.one_of(*[st.none()] * 3, st.sampled_from(NO_ANSWER))
QUERIES = {"none": "", "lie": "?status=COMPLETED&paid=1", "huge": f"?{'x' * 3000}"}
MOST_ORDERS = 5
SECOND_CLICK = timedelta(seconds=30)


class Payers(World):
    """Astrid, a guest, and Karl, who has an account."""

    @initialize(first=LINES, second=LINES, code=VOUCHERS, other=VOUCHERS)
    def first_orders(
        self, first: list[tuple[int, int]], second: list[tuple[int, int]], code: str, other: str
    ) -> None:
        """Nothing happens in a shop without orders."""
        self.orders(True, first, code)
        self.orders(False, second, other)

    @precondition(lambda self: PaymentOrder.objects.count() < MOST_ORDERS)
    @rule(
        guest=st.booleans(),
        lines=LINES,
        code=VOUCHERS,
        clicks=CLICKS,
        dies=SELDOM,
        answer=ANSWERS,
    )
    def order(
        self,
        guest: bool,
        lines: list[tuple[int, int]],
        code: str,
        clicks: int,
        dies: bool,
        answer: tuple[str, dict[str, Any]] | None,
    ) -> None:
        """Fill a basket and place the order; click twice; the process may die while Ping is asked."""
        self.ping_answers(answer)
        self.orders(guest, lines, code, clicks=clicks, dies=dies)

    def orders(
        self, guest: bool, lines: list[tuple[int, int]], code: str, *, clicks: int = 1, dies: bool = False
    ) -> None:
        shopper = self.astrid if guest else self.karl
        for number, quantity in lines:
            data = {"quantity": quantity, "action": "add"} | ({"text": "Vimmerby"} if number == 2 else {})
            shopper.client.post(reverse("basket:add", args=[self.goods.products[number].pk]), data)
        if code:
            shopper.enters_voucher(code)
        shopper.goes_to_payment().chooses(CARD)
        before, orders = self.goods.counters(), PaymentOrder.objects.count()
        self.will_die = dies
        answers: list[Any] = [self.alive(shopper.places_order) for _ in range(clicks)]
        placed = list(PaymentOrder.objects.order_by("pk"))[orders:]
        assert len(placed) <= 1
        for payment_order in placed:
            self.took[payment_order.pk] = self.goods.counters()
            self.took[payment_order.pk].subtract(before)
            first, second = answers[0], answers[-1]
            if first and second and first.status_code == 302:
                page = reverse("pingpayments:payment", args=[payment_order.token])
                assert second.url in (first.url, page), (first.url, second.url)
        if not placed:
            assert self.goods.counters() == before

    @precondition(World.has_attempts)
    @rule(which=WHICH, end=ENDS)
    def end_at_the_payment_page(self, which: int, end: str) -> None:
        """Also in an old tab of an attempt that was given up, and with another card after a failure."""
        self.ends_at_ping(self.attempt(which), end)

    @precondition(World.has_attempts)
    @rule(which=WHICH, posts=st.booleans(), query=st.sampled_from(sorted(QUERIES)), stranger=SELDOM)
    def come_back(self, which: int, posts: bool, query: str, stranger: bool) -> None:
        """Return from PaymentIQ's page, by GET or POST, with whatever is in the address, in any browser.

        And look at the page that says how it stands.
        """
        self.comes_back(self.attempt(which), posts=posts, query=query, stranger=stranger)

    @precondition(World.has_orders)
    @rule(which=WHICH, stranger=SELDOM, dies=SELDOM, answer=ANSWERS)
    def try_again(
        self, which: int, stranger: bool, dies: bool, answer: tuple[str, dict[str, Any]] | None
    ) -> None:
        self.ping_answers(answer)
        self.will_die = dies
        self.tries_again(self.payment_order(which), stranger=stranger)

    @precondition(World.has_attempts)
    @rule(which=WHICH)
    def pay_and_come_back(self, which: int) -> None:
        payment = self.attempt(which)
        self.ends_at_ping(payment, "COMPLETED")
        self.comes_back(payment)

    @precondition(World.has_attempts)
    @rule(which=WHICH, end=st.sampled_from(["DECLINED", "ABORTED"]), answer=ANSWERS)
    def fail_and_try_again(self, which: int, end: str, answer: tuple[str, dict[str, Any]] | None) -> None:
        payment = self.attempt(which)
        self.ends_at_ping(payment, end)
        self.comes_back(payment)
        self.ping_answers(answer)
        self.tries_again(payment.payment_order)

    @precondition(World.has_attempts)
    @rule(which=WHICH, end=st.sampled_from(["DECLINED", "EXPIRED"]), first=st.booleans(), heard=st.booleans())
    def pay_on_two_pages(self, which: int, end: str, first: bool, heard: bool) -> None:
        """Try again after a failure, and pay on the new page and on the old one; come back from one."""
        payment = self.attempt(which)
        self.ends_at_ping(payment, end)
        self.comes_back(payment)
        self.tries_again(payment.payment_order)
        both = [payment, self.attempt(0)]
        for page in both if first else both[::-1]:
            self.ends_at_ping(page, "COMPLETED")
            if heard or page is payment:
                self.comes_back(page)

    @precondition(World.has_attempts)
    @rule(which=WHICH, changes=st.booleans(), heard=st.booleans())
    def pay_when_the_order_has_ended(self, which: int, changes: bool, heard: bool) -> None:
        """Cancel it in one tab, or let its time run out, and pay in another."""
        payment = self.attempt(which)
        if changes:
            self.changes_the_order(payment.payment_order)
        else:
            PaymentOrder.objects.filter(pk=payment.payment_order_id).update(expires_at=now())
            self.alive(facade.sync)
        self.ends_at_ping(payment, "COMPLETED")
        if heard:
            self.comes_back(payment)

    @precondition(World.has_orders)
    @rule(which=WHICH, stranger=SELDOM, clicks=CLICKS)
    def change_the_order(self, which: int, stranger: bool, clicks: int) -> None:
        """Want everything back in a basket: the order ends, unless it was paid meanwhile."""
        payment_order = self.payment_order(which)
        if stranger:
            url = reverse("pingpayments:change", args=[payment_order.token])
            assert self.client(payment_order, stranger=True).post(url).status_code == 404
        else:
            self.changes_the_order(payment_order, clicks=clicks)

    def changes_the_order(self, payment_order: PaymentOrder, *, clicks: int = 1) -> None:
        shopper = self.who_placed(payment_order)
        url = reverse("pingpayments:change", args=[payment_order.token])
        wanted, held = what_is_in(payment_order.order.basket), what_is_in(shopper.basket)
        for _ in range(clicks):
            answer = self.alive(lambda: shopper.client.post(url))
            assert answer is None or answer.status_code in (303, 404)
        after = PaymentOrder.objects.get(pk=payment_order.pk)
        if answer is None:
            return
        if answer.status_code == 404 or after.refilled_at == payment_order.refilled_at:
            # A guest without a basket who comes again so soon is taken for the second of two clicks.
            soon = payment_order.refilled_at and payment_order.refilled_at > now() - SECOND_CLICK
            assert what_is_in(shopper.basket) in ((held, wanted) if soon and not held else (held,))
            return
        assert (after.state, after.amount_paid) in (("cancelled", 0), ("expired", 0))
        assert what_is_in(shopper.basket) == {
            line: max(wanted.get(line, held.get(line)), held.get(line, wanted.get(line)))  # type: ignore[type-var]
            for line in {**held, **wanted}
        }
        assert set(payment_order.order.basket.vouchers.all()) <= set(shopper.basket.vouchers.all())
        assert payment_order.order.basket.status == "Submitted"

    def ping_answers(self, how: tuple[str, dict[str, Any]] | None) -> None:
        """Let the next attempt get an answer, or none that can be used."""
        if how is not None:
            mode, parameters = how
            self.ping.misbehave("initiate_payment", mode, **parameters)

    def ends_at_ping(self, payment: Payment, end: str) -> None:
        """Let the payment page come to an end."""
        remote = self.at_ping(payment)
        if remote and remote["status"] != "COMPLETED":
            self.ping.says(remote["id"], end)

    def comes_back(
        self, payment: Payment, *, posts: bool = False, query: str = "none", stranger: bool = False
    ) -> None:
        Payment.objects.update(page_asked_at=None)  # some seconds have passed
        client = self.client(payment.payment_order, stranger=stranger)
        url = reverse("pingpayments:return", args=[payment.token]) + QUERIES[query]
        answer = self.alive(lambda: client.post(url, {"status": "COMPLETED"}) if posts else client.get(url))
        assert answer is None or answer.status_code == 303
        page = answer and self.alive(lambda: client.get(answer.url))
        assert page is None or page.status_code in (200, 302)

    def tries_again(self, payment_order: PaymentOrder, *, stranger: bool = False) -> None:
        """Press the button; nobody is sent to a payment page for an order that needs no money."""
        before = PaymentOrder.objects.get(pk=payment_order.pk)
        client = self.client(payment_order, stranger=stranger)
        url = reverse("pingpayments:pay", args=[payment_order.token])
        too_many = before.is_awaiting and not before.amount_paid and before.attempts >= MOST_ATTEMPTS
        live = before.payments.filter(live=True).exists()
        answer: Any = self.alive(lambda: client.post(url))
        if answer is None:
            return
        assert answer.status_code == 303
        if not before.is_awaiting or before.amount_paid:
            assert not answer.url.startswith(self.ping.url)
        if too_many and not live and self.may_be_paid(before):
            self.owed.arises(before.pk, "too_many")

    def may_be_paid(self, payment_order: PaymentOrder) -> bool:
        """Whether nothing but the number of attempts keeps an order from being paid."""
        has_money = any(
            told.money for told in self.told.payments.values() if told.order == str(payment_order.ping_id)
        )
        cancelled = payment_order.order.status == "Cancelled"
        return not has_money and not cancelled and payment_order.expires_at > now()
