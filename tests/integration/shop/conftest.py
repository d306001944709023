"""A stock Oscar shop in front of the Ping simulator: real HTTP to Ping, Django's client as the browser."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.db import transaction
from django.db.models.signals import post_save
from django.urls import reverse
from oscar.apps.checkout.surcharges import FlatCharge
from oscar.apps.shipping.methods import FixedPrice
from oscar.core.loading import get_class, get_model

from oscar_pingpayments import facade, signals
from oscar_pingpayments.facade import Person
from oscar_pingpayments.gateway import transport
from oscar_pingpayments.models import Exchange, Payment
from tests.laid_down import lay_down
from tests.shopper import Shopper, create_product

from .refunding import Buyer


@pytest.fixture(autouse=True)
def shop(db, ping, settings, monkeypatch):
    """The shop's settings, pointing at the simulator of this test run, which is asked again at once."""
    settings.PINGPAYMENTS = {**settings.PINGPAYMENTS, **ping.settings()}
    monkeypatch.setattr(transport, "FIRST_PAUSE", 0.01)
    return settings


@pytest.fixture
def product():
    return create_product()


@pytest.fixture
def shopper(shop):
    return Shopper()


@pytest.fixture
def customer(django_user_model):
    return django_user_model.objects.create_user("astrid", "astrid@example.org", "password")


@pytest.fixture
def started(request, shopper, product, ping):
    """A payer who has placed an order for one lantern and stands at PaymentIQ's page."""
    lay_down(request, ping, shopper, lambda: shopper.buys(product))
    return shopper


@pytest.fixture
def several(request, ping, product):
    """Let so many payers stand at PaymentIQ's page; return their attempts, oldest first."""

    def several(count: int) -> list[Payment]:
        def buy() -> None:
            for number in range(count):
                Shopper(email=f"payer{number}@example.org").buys(product)

        lay_down(request, ping, Shopper(), buy, count)
        return list(Payment.objects.order_by("pk"))

    return several


@pytest.fixture
def paid(request, started, ping):
    """A payer whose order of 299.00 is paid."""

    def pays() -> None:
        ping.pay(started.payment.pay_url)
        call_back(started)

    lay_down(request, ping, started, pays)
    return started


@pytest.fixture
def declined(request, started, ping):
    """A payer whose first attempt was declined."""

    def is_declined() -> None:
        ping.decline(started.payment.pay_url)
        call_back(started, '{"status": "DECLINED"}')

    lay_down(request, ping, started, is_declined)
    return started


@pytest.fixture(autouse=True)
def commits(monkeypatch):
    """Let what waits for a commit happen when an outermost atomic block of the shop's ends.

    A test's own transaction is never committed, so Django would keep it all back; what the block is
    nested in belongs to the test.
    """
    leave = transaction.Atomic.__exit__

    def leave_and_commit(self, *error):
        leave(self, *error)
        connection = transaction.get_connection(self.using)
        if connection.in_atomic_block and all(block._from_testcase for block in connection.atomic_blocks):
            waiting, connection.run_on_commit = connection.run_on_commit, []
            for _, function, _ in waiting:
                function()

    monkeypatch.setattr(transaction.Atomic, "__exit__", leave_and_commit)


@pytest.fixture
def heard():
    """What our signals said: a list of (name, keyword arguments)."""
    said: list[tuple[str, dict[str, Any]]] = []
    names = [
        "payment_started",
        "order_paid",
        "payment_failed",
        "order_cancelled",
        "attention_needed",
        "refund_done",
    ]
    receivers = []
    for name in names:

        def receiver(sender, signal, name=name, **facts):
            said.append((name, facts))

        getattr(signals, name).connect(receiver)
        receivers.append((name, receiver))
    yield said
    for name, receiver in receivers:
        getattr(signals, name).disconnect(receiver)


class Clock:
    """The shop's clock, which a test puts forward or back; Ping's is another."""

    def __init__(self) -> None:
        self.ahead = timedelta()

    def passes(self, **time: float) -> None:
        """Let so much time pass."""
        self.ahead += timedelta(**time)

    def now(self) -> datetime:
        """The time, as the shop sees it."""
        return datetime.now(UTC) + self.ahead


@pytest.fixture
def clock(monkeypatch):
    """The clock that Django and we read."""
    clock = Clock()
    monkeypatch.setattr("django.utils.timezone.now", clock.now)
    return clock


@pytest.fixture
def at_ping():
    """Do something, once, when Ping has answered a POST (or a GET), before the shop does anything with it."""
    left: list[tuple[Callable[[], Any], str]] = []

    def hear(sender, instance, **facts):
        if left and instance.method == left[-1][1]:
            left.pop()[0]()

    def arrange(does: Callable[[], Any], method: str = "POST") -> None:
        left.append((does, method))

    post_save.connect(hear, sender=Exchange)
    yield arrange
    post_save.disconnect(hear, sender=Exchange)


class Killed(BaseException):
    """The process is gone: nothing catches this."""


def die() -> None:
    raise Killed


@pytest.fixture
def staff(django_user_model) -> Person:
    """A member of staff."""
    user = django_user_model.objects.create_user("berit", "berit@example.org", is_staff=True)
    return Person("Berit", user.pk)


@pytest.fixture
def buyer(request, shop, ping, monkeypatch) -> Buyer:
    """A payer whose order of 1056.00 is placed. Ping carries refunds out when the test says so."""
    ping.manners(refunds="wait")
    monkeypatch.setattr(
        get_class("shipping.repository", "Repository"),
        "methods",
        (FixedPrice(Decimal("49.00"), Decimal("49.00")),),
    )
    fee = FlatCharge(excl_tax=Decimal("10.00"), incl_tax=Decimal("10.00"))
    applicator = get_class("checkout.applicator", "SurchargeApplicator")
    monkeypatch.setattr(applicator, "get_surcharges", lambda self, basket, **facts: (fee,))
    shopper = Buyer()

    def buys() -> None:
        shopper.has(create_product(), 3)
        shopper.buys(create_product(title="Book", price="100.00"))

    lay_down(request, ping, shopper, buys)
    return shopper


@pytest.fixture
def bought(request, buyer, ping) -> Buyer:
    """The payer has paid."""

    def pays() -> None:
        ping.pay(buyer.payment.pay_url)
        facade.refresh(buyer.payment.pk, by="test")

    lay_down(request, ping, buyer, pays)
    return buyer


@pytest.fixture
def in_between():
    """Do something once in the instant after a call to Ping was answered, before the answer is written down.

    ``in_between("POST", "/refund", something)``: the method, and how the path ends.
    """
    receivers = []

    def once(method: str, path: str, do: Callable[[], object]) -> None:
        def receiver(sender: object, instance: Exchange, created: bool, **facts: object) -> None:
            if receiver in receivers and instance.method == method and instance.path.endswith(path):
                receivers.remove(receiver)
                do()

        receivers.append(receiver)
        post_save.connect(receiver, sender=Exchange, weak=False)
        connected.append(receiver)

    connected: list[Any] = []
    yield once
    for receiver in connected:
        post_save.disconnect(receiver, sender=Exchange)
    assert receivers == [], "it was never called"


def call_back(shopper: Shopper, body: str | bytes = '{"status": "COMPLETED"}', **headers: str) -> Any:
    """Make Ping's call for the shopper's last attempt, and return the shop's answer."""
    return shopper.client.post(
        reverse("pingpayments:callback", args=[shopper.payment.token]),
        body,
        content_type="application/json",
        headers=headers,
    )


def come_back(shopper: Shopper, url: str) -> Any:
    """Follow PaymentIQ's redirect to the shop, and return the answer after the shop's own redirects."""
    parts = urlsplit(url)
    return shopper.client.get(f"{parts.path}?{parts.query}", follow=True)


def rows() -> dict[str, int]:
    """How many rows of every kind that money touches there are: for tests in which nothing may change."""
    counted = [
        ("order", "Order"),
        ("order", "OrderNote"),
        ("order", "PaymentEvent"),
        ("payment", "Source"),
        ("payment", "Transaction"),
        ("pingpayments", "PaymentOrder"),
        ("pingpayments", "Payment"),
        ("pingpayments", "Refund"),
        ("pingpayments", "Effect"),
        ("pingpayments", "Callback"),
        ("pingpayments", "Exchange"),
    ]
    return {model: get_model(app, model).objects.count() for app, model in counted}


@contextmanager
def nothing_changes() -> Iterator[None]:
    """Assert that no row of ours or Oscar's comes or goes."""
    before = rows()
    yield
    assert rows() == before
