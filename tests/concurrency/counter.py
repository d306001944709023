"""Payers by the hundred who are ready to place their order, or stand at PaymentIQ's page.

One payer walks through the whole checkout. The others get copies of that payer's session, with a basket of
their own; and where many are to stand at PaymentIQ's page, two place their orders, and the others' orders are
copies of the second one. So preparing a round takes no longer than the round.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from typing import Any

from django.conf import settings
from django.core import mail
from django.core.signing import Signer
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from oscar.core.loading import get_class, get_model

from oscar_pingpayments import facade
from oscar_pingpayments.models import Payment, PaymentOrder
from oscar_pingpayments.simulator.testing import PingSimulator
from tests.shopper import CARD, Shopper, create_product

from .copies import Pattern

STOCK = 1_000_000
QUANTITY = 2
#: So many orders are placed one by one.
MANY = 4
TOTAL = Decimal("538.20")  # two lanterns at 299.00, less 10 %
DISCOUNT = Decimal("59.80")
CONTEXT = facade.PaymentContext(absolute_url=lambda path: f"https://shop.example{path}")


@dataclass(frozen=True)
class End:
    """How an order ended, in every row that it shows in: compared as a whole."""

    state: str
    status: str
    attention: str
    paid: Decimal
    attempts: tuple[tuple[str, Decimal, bool | None], ...]  # Ping's word, received, live
    sources: tuple[tuple[Decimal, Decimal, Decimal], ...]  # allocated, debited, refunded
    transactions: tuple[tuple[str, Decimal], ...]
    events: tuple[tuple[str, Decimal, tuple[int, ...]], ...]  # with the quantities of its lines
    status_changes: tuple[tuple[str, str], ...]
    effects: tuple[tuple[str, bool], ...]  # with whether it is done
    mails: int
    allocated: int
    voucher_uses: int


NOTHING = Decimal("0.00")
#: Placed, and its payer stands at PaymentIQ's page.
AWAITING = End(
    state="awaiting",
    status="Pending",
    attention="",
    paid=NOTHING,
    attempts=(("", NOTHING, True),),
    sources=((TOTAL, NOTHING, NOTHING),),
    transactions=(),
    events=(),
    status_changes=(),
    effects=(),
    mails=0,
    allocated=QUANTITY,
    voucher_uses=1,
)
PAID = End(
    state="paid",
    status="Being processed",
    attention="",
    paid=TOTAL,
    attempts=(("COMPLETED", TOTAL, None),),
    sources=((TOTAL, TOTAL, NOTHING),),
    transactions=(("Debit", TOTAL),),
    events=(("Paid", TOTAL, (QUANTITY,)),),
    status_changes=(("Pending", "Being processed"),),
    effects=(("confirmation", True), ("order_paid", True)),
    mails=1,
    allocated=QUANTITY,
    voucher_uses=1,
)
CANCELLED = End(
    state="cancelled",
    status="Cancelled",
    attention="",
    paid=NOTHING,
    attempts=(("STOPPED", NOTHING, None),),
    sources=((NOTHING, NOTHING, NOTHING),),
    transactions=(),
    events=(),
    status_changes=(("Pending", "Cancelled"),),
    effects=(("order_cancelled", True),),
    mails=0,
    allocated=0,
    voucher_uses=0,
)


def needing(attention: str, end: End) -> End:
    """Return this end with a person having been told, once, that something must be looked at."""
    told = (("attention", True), ("staff_mail", True))
    return dataclasses.replace(end, attention=attention, effects=tuple(sorted((*end.effects, *told))))


#: Cancelled, and then the money came: nothing of the order is done, the money is recorded, a person is told.
LATE = needing(
    "late",
    dataclasses.replace(
        CANCELLED,
        paid=TOTAL,
        attempts=PAID.attempts,
        sources=PAID.sources,
        transactions=PAID.transactions,
        events=(("Paid", TOTAL, ()),),
    ),
)


class ShopCounter:
    """A product with stock and a voucher for all, and what all orders together hold of them."""

    def __init__(self, ping: PingSimulator) -> None:
        self._ping = ping
        self._pattern: Pattern | None = None
        self.product = create_product(stock=STOCK)
        self.voucher = create_voucher()
        self.held = 0  # orders that hold their stock and their use of the voucher
        payer = Shopper().adds(self.product).goes_to_payment().chooses(CARD)
        self._answers = {key: payer.client.session[key] for key in payer.client.session.keys()}  # noqa: SIM118
        get_model("basket", "Basket").objects.all().delete()

    def browser(
        self, customer: Any = None, *, product: Any = None, voucher: Any = None, quantity: int = QUANTITY
    ) -> Client:
        """Return a payer's browser on the preview page, one click away from an order.

        What is in its basket is this shop's product with its voucher, unless another one is given.
        """
        basket = get_model("basket", "Basket").objects.create(owner=customer)
        basket.strategy = get_class("partner.strategy", "Selector")().strategy()
        basket.add_product(product or self.product, quantity)
        basket.vouchers.add(voucher or self.voucher)
        browser = self.other_browser(customer)
        if customer is None:
            browser.cookies[settings.OSCAR_BASKET_COOKIE_OPEN] = Signer().sign(basket.pk)
        return browser

    def other_browser(self, customer: Any) -> Client:
        """Return another browser of a customer's, on the preview page of the same basket."""
        browser = Client()
        if customer is not None:
            browser.force_login(customer)
        session = browser.session
        session.update(self._answers)
        session.save()
        browser.cookies[settings.SESSION_COOKIE_NAME] = session.session_key
        return browser

    def browsers(self, count: int) -> list[Client]:
        """Return so many of them."""
        return [self.browser() for _ in range(count)]

    def payments(self, count: int) -> list[Payment]:
        """Return so many attempts whose payers stand at PaymentIQ's page; none is asked about by itself."""
        placed: list[Payment] = []
        if self._pattern is None and count > MANY:
            placed.append(self._place())  # and what is made once
            self._pattern = Pattern(self._place, self._ping)
            placed.append(self._pattern.payment)
        if self._pattern is None:
            return [self._place() for _ in range(count)]
        copies = self._pattern.copies(count - len(placed))
        self.held += len(copies)
        rest()
        return placed + copies

    def _place(self) -> Payment:
        ((_, payment),) = self.payers([self.browser()])
        return payment

    def payers(self, browsers: list[Client]) -> list[tuple[Client, Payment]]:
        """Let these browsers place their orders, and return each with its payer's attempt."""
        for browser in browsers:
            answer = place(browser)
            assert "/pay/" in answer["Location"], answer["Location"]
        self.held += len(browsers)
        rest()
        attempts = Payment.objects.select_related("payment_order__order").order_by("-pk")[: len(browsers)]
        return list(zip(browsers, reversed(attempts), strict=True))

    def end(self, payment_order_id: int) -> End:
        """Return how an order ended."""
        payment_order = PaymentOrder.objects.select_related("order").get(pk=payment_order_id)
        order = payment_order.order
        assert order is not None
        sources = list(order.sources.prefetch_related("transactions"))
        return End(
            state=payment_order.state,
            status=order.status,
            attention=payment_order.attention,
            paid=payment_order.amount_paid,
            attempts=tuple(
                payment_order.payments.order_by("number").values_list("status", "amount_received", "live")
            ),
            sources=tuple((row.amount_allocated, row.amount_debited, row.amount_refunded) for row in sources),
            transactions=tuple(
                (row.txn_type, row.amount) for source in sources for row in source.transactions.all()
            ),
            events=tuple(
                (
                    event.event_type.name,
                    event.amount,
                    tuple(event.line_quantities.values_list("quantity", flat=True)),
                )
                for event in order.payment_events.select_related("event_type")
            ),
            status_changes=tuple(order.status_changes.order_by("pk").values_list("old_status", "new_status")),
            effects=tuple(
                sorted((effect.name, effect.done_at is not None) for effect in payment_order.effects.all())
            ),
            mails=sum(payment_order.order_number in message.body for message in mail.outbox),
            allocated=sum(line.num_allocated or 0 for line in order.lines.all()),
            voucher_uses=self.voucher.applications.filter(order=order).count(),
        )

    def assert_holds(self) -> None:
        """Fail unless stock and voucher stand where the orders that hold them put them: each once."""
        record = self.product.stockrecords.get()
        voucher = get_model("voucher", "Voucher").objects.get()
        offer = get_model("offer", "ConditionalOffer").objects.get()
        assert (record.num_in_stock, record.num_allocated or 0) == (STOCK, self.held * QUANTITY)
        assert (voucher.num_orders, voucher.total_discount) == (self.held, self.held * DISCOUNT)
        assert (offer.num_orders, offer.total_discount) == (self.held, self.held * DISCOUNT)
        assert voucher.applications.count() == self.held


def rest() -> None:
    """Let no payment be due: a round makes its own so."""
    Payment.objects.update(ask_again_at=timezone.now() + timedelta(days=1))


def make_due(*payments: Payment) -> None:
    """Let these payments be due now."""
    Payment.objects.filter(pk__in=[row.pk for row in payments]).update(ask_again_at=timezone.now())


def run_out(payment: Payment) -> None:
    """Let the time to pay this payment's order be over."""
    PaymentOrder.objects.filter(pk=payment.payment_order_id).update(expires_at="2026-01-01T00:00Z")


def place(browser: Client) -> Any:
    """Press the button of the preview page, and return the answer."""
    return browser.post(reverse("checkout:preview"), {"action": "place_order"})


def copy_of(browser: Client) -> Client:
    """Return another tab of a browser: the same cookies, and a request of its own."""
    tab = Client()
    for name, morsel in browser.cookies.items():
        tab.cookies[name] = morsel.value
    return tab


def call_back(payment: Payment) -> int:
    """Make Ping's call for an attempt, and return the shop's answer."""
    url = reverse("pingpayments:callback", args=[payment.token])
    browser = Client(raise_request_exception=False)
    return browser.post(url, '{"status": "COMPLETED"}', content_type="application/json").status_code


def come_back(payment: Payment) -> int:
    """Follow PaymentIQ's redirect to the shop, and return the shop's answer."""
    return Client().get(reverse("pingpayments:return", args=[payment.token])).status_code


def create_voucher() -> Any:
    """Return a voucher that everybody may use: 10 % off. There is one offer in the shop."""
    everything = get_model("offer", "Range").objects.create(name="Everything", includes_all_products=True)
    offer = get_model("offer", "ConditionalOffer").objects.create(
        name="Welcome",
        offer_type="Voucher",
        exclusive=False,
        condition=get_model("offer", "Condition").objects.create(range=everything, type="Count", value=1),
        benefit=get_model("offer", "Benefit").objects.create(range=everything, type="Percentage", value=10),
    )
    voucher = get_model("voucher", "Voucher").objects.create(
        name="Welcome",
        code="WELCOME",
        usage="Multi-use",
        start_datetime=timezone.now() - timedelta(days=1),
        end_datetime=timezone.now() + timedelta(days=1),
    )
    voucher.offers.add(offer)
    return voucher
