"""Pages that are looked at too often, by machines, or by people whom they do not concern."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest
from django.core import mail
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from oscar.core.loading import get_model

from oscar_pingpayments import facade
from oscar_pingpayments.models import Effect, Payment, PaymentOrder
from oscar_pingpayments.urls import urlpatterns
from tests.benchmarks.figures import count_queries
from tests.shopper import Shopper

from .books import assert_books_agree
from .conftest import call_back, nothing_changes, rows
from .test_giving_back import held
from .test_pages import checking, ended, not_paid, paid, run_out, unavailable, waiting

STATES = pytest.mark.parametrize(
    "arrange",
    [waiting, not_paid, unavailable, ended, run_out, checking, paid],
    ids=lambda arrange: arrange.__name__,
)
NAMES = [str(pattern.name) for pattern in urlpatterns]
HREF = re.compile(r"""(?:href|src)=["']([^"'#]+)""")
ADDRESS = re.compile(r"https?://[^\s\"'<>)]+")


def addresses(shopper: Shopper) -> dict[str, str]:
    """Every address of ours that there is about the shopper's order."""
    tokens = {"callback": shopper.payment.token, "return": shopper.payment.token}
    return {
        name: reverse(f"pingpayments:{name}", args=[tokens.get(name, shopper.payment_order.token)])
        for name in NAMES
    }


def seconds_pass() -> None:
    Payment.objects.update(page_asked_at=timezone.now() - timedelta(minutes=1))


# R13: hammered (with real threads: tests/concurrency/test_hammering.py)


def test_r13_five_hundred_open_pages_ask_ping_once_in_a_few_seconds(started, ping):
    started.sees()
    where = addresses(started)
    seconds_pass()
    calls, began = len(ping.calls()), time.monotonic()

    with count_queries() as counted:
        for number in range(500):
            kind = ("state", "state", "state", "state", "return")[number % 5] if number % 25 else "payment"
            assert Client().get(where[kind]).status_code == (303 if kind == "return" else 200)

    windows = 1 + int((time.monotonic() - began) // facade.refreshing.PAGE_INTERVAL.total_seconds())
    assert 1 <= len(ping.calls()) - calls <= windows
    assert len(counted.ours) <= 500 * 2 + 20 * windows  # the page comes from the database, in two statements
    assert_books_agree(ping)


def test_r13_a_page_stays_the_same_for_a_few_seconds_however_often_it_is_looked_at(started, ping):
    assert timedelta(seconds=3) == facade.refreshing.PAGE_INTERVAL
    started.sees()
    ping.pay(started.payment.pay_url)
    assert "Waiting for your payment" in started.sees().content.decode()

    Payment.objects.update(page_asked_at=timezone.now() - timedelta(seconds=2))
    assert "Waiting for your payment" in started.sees().content.decode()
    Payment.objects.update(page_asked_at=timezone.now() - timedelta(seconds=4))

    assert started.sees()["Location"] == reverse("checkout:thank-you")


def test_r13_while_ping_does_not_answer_it_is_not_asked_more_often(started, ping):
    ping.misbehave("get_payment", "status", status=429, times=None)
    calls = len(ping.calls())

    for _ in range(20):
        assert started.sees("state").status_code == 200

    assert len(ping.calls()) - calls == 1
    seconds_pass()
    started.sees("state")
    assert len(ping.calls()) - calls == 2


def test_r13_one_page_asks_at_a_time_however_long_ping_takes(started, ping, at_ping):
    """While one worker waits for Ping, the others answer everybody else from the database."""
    answers: list[Any] = []
    url = addresses(started)["state"]

    def look_meanwhile() -> None:
        """Much later, the first page is still being made."""
        seconds = facade.refreshing.PAGE_INTERVAL + timedelta(seconds=6)
        row = Payment.objects.get()
        Payment.objects.update(page_asked_at=row.page_asked_at - seconds)
        answers.append(Client().get(url).json())

    started.sees()
    seconds_pass()
    calls = len(ping.calls())
    at_ping(look_meanwhile, "GET")

    last = started.client.get(url).json()

    assert answers == [last]
    assert len(ping.calls()) - calls == 1
    assert started.payment.page_asked_at <= timezone.now()  # and from then on the few seconds count
    seconds_pass()
    started.client.get(url)
    assert len(ping.calls()) - calls == 2


# R14: opened by link scanners and prefetchers


@contextmanager
def nothing_is_done(ping: Any) -> Iterator[None]:
    """Assert that nothing is created, cancelled, refunded or sent; asking Ping (a GET) is allowed."""

    def done() -> list[Any]:
        return [
            rows() | {"Exchange": 0},
            held(),
            sorted(get_model("order", "Order").objects.values_list("number", "status")),
            sorted(get_model("basket", "Basket").objects.values_list("pk", "status")),
            sorted(PaymentOrder.objects.values_list("pk", "state", "attempts", "refilled_at", "attention")),
            [remote["status"] for remote in ping.payments()],
            [call for call in ping.calls() if call["method"] != "GET"],
            len(mail.outbox),
        ]

    before = done()
    yield
    assert done() == before


@STATES
def test_r14_no_get_on_any_address_of_ours_does_anything(started, ping, arrange):
    arrange(started, ping)
    started.sees()  # what Ping has said meanwhile is known
    where = addresses(started)

    with nothing_is_done(ping):
        for browser in (started.client, Client()):
            for method in ("get", "head", "options", "trace"):
                for name, address in where.items():
                    seconds_pass()
                    response = getattr(browser, method)(address)
                    allowed = {"return": (303,), "payment": (200, 302), "state": (200,)}.get(name, ())
                    if method in ("options", "trace") or (method, name) == ("head", "state"):
                        allowed = ()
                    assert response.status_code in (allowed or (405,)), (method, name)


@STATES
def test_r14_every_link_in_page_and_mail_may_be_opened_by_anybody(started, ping, change, arrange):
    change(STAFF_EMAILS=["payments@shop.example"])
    arrange(started, ping)
    pages = [
        started.client.get(reverse("pingpayments:payment", args=[started.payment_order.token]), follow=True),
        started.client.get(reverse("basket:summary")),
    ]
    found = {link for page in pages for link in HREF.findall(page.content.decode())}
    found |= {
        address
        for message in mail.outbox
        for address in ADDRESS.findall(str(message.message().as_string()).replace("=\n", ""))
    }
    links = sorted({re.sub(r"^https?://(testserver|example\.com)", "", link) for link in found})
    links = [link for link in links if link.startswith("/") and not link.startswith(("//", "/static/"))]
    assert len(links) >= 4

    with nothing_is_done(ping):
        for browser in (started.client, Client()):
            for link in links:
                seconds_pass()
                assert browser.get(link.replace("&amp;", "&")).status_code < 500, link


@pytest.mark.parametrize("setting", ["REFUND_LATE", "REFUND_DUPLICATES"])
def test_r14_a_get_that_learns_of_money_too_much_gives_nothing_back_by_itself(started, ping, change, setting):
    """The refund that the shop has asked for is a sync's to make."""
    change(**{setting: True})
    first = started.payment
    if setting == "REFUND_LATE":
        ended(started, ping)
    else:
        not_paid(started, ping)
        started.sees()
        started.client.post(addresses(started)["pay"])
        paid(started, ping)
    ping.says(first.ping_id, "COMPLETED")
    seconds_pass()

    Client().get(reverse("pingpayments:return", args=[first.token]))

    assert started.payment_order.amount_paid > 0
    assert Effect.objects.get(name="refund").done_at is None
    assert not [call for call in ping.calls() if call["operation"] == "refund_payment"]
    facade.sync()
    assert len([call for call in ping.calls() if call["operation"] == "refund_payment"]) == 1


def test_r14_a_scanner_that_opens_the_return_of_a_paid_payment_makes_the_shop_ask_and_nothing_more(
    started, ping
):
    """The order is paid because it is; whoever asks first, once."""
    ping.pay(started.payment.pay_url)
    writes = [call for call in ping.calls() if call["method"] != "GET"]

    for _ in range(3):
        Client().get(addresses(started)["return"])

    assert started.payment_order.is_paid
    assert [call for call in ping.calls() if call["method"] != "GET"] == writes
    assert_books_agree(ping)


@pytest.mark.parametrize("method", ["post", "put", "patch", "delete"])
@pytest.mark.parametrize("page", ["payment", "state"])
def test_r14_pages_are_only_looked_at(started, page, method):
    with nothing_changes():
        assert getattr(started.client, method)(addresses(started)[page]).status_code == 405


# R15: shared, bookmarked, indexed


@STATES
def test_r15_no_answer_of_ours_is_kept_listed_or_followed(started, ping, arrange):
    arrange(started, ping)
    where = addresses(started)
    stranger = Client()
    answers = {
        "callback": call_back(started, "{"),
        "callback by GET": stranger.get(where["callback"]),
        "return": stranger.get(where["return"]),
        "return by POST": stranger.post(where["return"]),
        "payment": stranger.get(where["payment"]),
        "own payment": started.sees(),
        "state": stranger.get(where["state"]),
        "pay": stranger.post(where["pay"]),
        "pay by GET": stranger.get(where["pay"]),
        "change": started.client.post(where["change"]),
    }

    for name, answer in answers.items():
        assert answer["Cache-Control"] == "no-store, private", name
        assert answer["X-Robots-Tag"] == "noindex, nofollow", name
        assert answer["Referrer-Policy"] == "same-origin", name
        assert answer["X-Content-Type-Options"] == "nosniff", name
    for name in ("payment", "own payment"):
        if answers[name].status_code == 200:
            assert '<meta name="robots" content="noindex, nofollow">' in answers[name].content.decode()
