"""Card after card: how often one may try to pay, and who is told."""

from __future__ import annotations

from contextlib import contextmanager
from datetime import timedelta

import pytest
from django.core import mail
from django.db import connection
from django.urls import reverse
from django.utils import timezone
from oscar.core.loading import get_model

from oscar_pingpayments.facade import alerts, limits
from oscar_pingpayments.models import Payment
from tests.shopper import CARD, Shopper

from .books import assert_books_agree
from .conftest import call_back, nothing_changes

Order = get_model("order", "Order")
SOMEWHERE = "81.2.69.160"
STAFF = "payments@shop.example"


def declined(shopper, ping) -> None:
    ping.decline(shopper.payment.pay_url)
    call_back(shopper)


@contextmanager
def nothing_at(ping):
    """Assert that Ping gets no payment."""
    before = len(ping.payments())
    yield
    assert len(ping.payments()) == before


def tries_again(shopper, follow: bool = False):
    return shopper.client.post(
        reverse("pingpayments:pay", args=[shopper.payment_order.token]),
        REMOTE_ADDR=shopper.network_address,
        follow=follow,
    )


@pytest.fixture
def carder(product, ping, change):
    """Somebody at an address on the internet, whose card was declined once."""
    change(ATTEMPTS={"per_order": 3, "declined_per_address": 2}, STAFF_EMAILS=[STAFF])
    shopper = Shopper()
    shopper.network_address = SOMEWHERE
    shopper.client.defaults["REMOTE_ADDR"] = SOMEWHERE
    shopper.buys(product)
    declined(shopper, ping)
    return shopper


@pytest.mark.parametrize("others", [{}, {"invoice": "Invoice"}], ids=["card alone", "beside others"])
def test_s14_an_order_is_tried_so_often_and_no_more(started, ping, change, others):
    change(ATTEMPTS={"per_order": 2}, STAFF_EMAILS=[STAFF], OTHER_METHODS=others)
    started.network_address = "127.0.0.1"
    declined(started, ping)
    tries_again(started)
    declined(started, ping)

    with nothing_at(ping):
        page = tries_again(started, follow=True).content.decode()

    assert "There were too many attempts to pay that failed" in page
    assert ("lease choose another way to pay" in page) is bool(others)
    assert ("Please contact us, or change your order." in page) is (not others)
    assert "Try again</button>" not in page
    assert ("Pay in another way" in page) is bool(others)
    assert "Change my order" in page
    assert started.payment_order.attention == "too_many"
    assert started.payment_order.attention_detail == "It was tried 2 times."
    assert [message.to for message in mail.outbox] == [[STAFF]]
    assert started.order.status == "Pending"


def test_s14_who_orders_anew_after_each_limit_is_stopped_all_the_same(product, ping, change):
    """Dozens of stolen cards: a few for each order, and so many from one address. Nothing of it is paid."""
    change(ATTEMPTS={"per_order": 3, "declined_per_address": 7}, STAFF_EMAILS=[STAFF])
    shopper = Shopper()
    shopper.network_address = shopper.client.defaults["REMOTE_ADDR"] = SOMEWHERE
    shopper.buys(product)

    for _ in range(30):
        if shopper.payment.live:
            declined(shopper, ping)
        elif tries_again(shopper)["Location"] != shopper.payment.pay_url:
            shopper.client.post(reverse("pingpayments:change", args=[shopper.payment_order.token]))
            shopper.chooses(CARD).places_order()

    assert [remote["status"] for remote in ping.payments()] == ["DECLINED"] * 7
    assert sorted(Order.objects.values_list("status", flat=True)) == ["Cancelled"] * 3
    assert shopper.basket.num_items == 1
    assert product.stockrecords.get().num_allocated == 0
    subjects = {message.subject.rpartition(": ")[2] for message in mail.outbox}
    assert subjects == {"Too many attempts to pay", "Somebody tries card after card"}
    assert len(mail.outbox) == 2  # each once an hour
    assert_books_agree(ping)


def test_an_attempt_that_is_open_is_always_returned_to(started, ping, change):
    change(ATTEMPTS={"per_order": 1})
    started.network_address = "127.0.0.1"

    assert tries_again(started)["Location"] == started.payment.pay_url


def test_s14_an_address_may_fail_so_often_within_an_hour(carder, ping):
    tries_again(carder)
    declined(carder, ping)

    with nothing_at(ping):
        page = tries_again(carder, follow=True).content.decode()

    assert "There were too many attempts to pay that failed" in page
    assert "Try again</button>" in page  # in an hour
    assert [message.subject for message in mail.outbox] == ["Somebody tries card after card"]
    assert carder.payment_order.attention == ""


def test_s14_another_order_from_that_address_is_not_even_placed(carder, ping, product):
    tries_again(carder)
    declined(carder, ping)
    again = Shopper(email="another@example.org")
    again.client.defaults["REMOTE_ADDR"] = SOMEWHERE

    with nothing_changes():
        page = again.buys(product).content.decode()

    assert "There were too many attempts to pay that failed" in page
    assert again.basket.num_items == 1
    assert len(mail.outbox) == 1  # once an hour


def test_s14_after_an_hour_it_is_forgotten(carder, ping):
    tries_again(carder)
    declined(carder, ping)
    Payment.objects.update(created_at=timezone.now() - limits.WINDOW - timedelta(seconds=1))

    assert tries_again(carder)["Location"] == carder.payment.pay_url


def test_s14_other_addresses_notice_nothing(carder, ping, product):
    tries_again(carder)
    declined(carder, ping)
    neighbour = Shopper(email="neighbour@example.org")
    neighbour.client.defaults["REMOTE_ADDR"] = "81.2.69.161"

    assert neighbour.buys(product)["Location"] == neighbour.payment.pay_url


def test_pages_that_are_left_count_for_nothing(product, ping, change):
    """Many payers may be behind one address, and most of those who do not pay were never declined."""
    change(ATTEMPTS={"declined_per_address": 1})
    for number in range(3):
        shopper = Shopper(email=f"{number}@example.org")
        shopper.client.defaults["REMOTE_ADDR"] = SOMEWHERE
        assert shopper.buys(product)["Location"] == shopper.payment.pay_url
        ping.abort(shopper.payment.pay_url)
        call_back(shopper)


def test_the_address_itself_is_not_kept(carder):
    kept = carder.payment.payer_address

    assert kept == limits.digest(SOMEWHERE)
    assert len(kept) == 64
    assert SOMEWHERE not in kept


@pytest.mark.parametrize("address", ["", "unknown", "127.0.0.1", "10.1.2.3", "fe80::1", "::1", "192.168.0.7"])
def test_an_address_that_tells_nobody_apart_counts_for_nothing(address):
    assert limits.digest(address) == ""


def test_a_household_is_one_address():
    assert limits.digest("2001:4860:4860::8888") == limits.digest("2001:4860:4860::1")
    assert limits.digest("2001:4860:4860::8888") != limits.digest("2001:4860:4861::8888")


def test_what_was_too_many_is_forgotten_when_the_order_is_paid(started, ping, change):
    change(ATTEMPTS={"per_order": 1})
    started.network_address = "127.0.0.1"
    declined(started, ping)
    tries_again(started)
    assert started.payment_order.attention == "too_many"

    ping.says(started.payment.ping_id, "COMPLETED")
    call_back(started)

    assert (started.payment_order.state, started.payment_order.attention) == ("paid", "")


def test_s14_staff_are_told_when_no_row_is_locked_any_more(carder, change, monkeypatch):
    change(STAFF_EMAILS=[STAFF], ATTEMPTS={"declined_per_address": 1})
    blocks = []
    send = alerts._send

    def watch(*facts):
        blocks.append([block for block in connection.atomic_blocks if not block._from_testcase])
        return send(*facts)

    monkeypatch.setattr(alerts, "_send", watch)

    tries_again(carder)

    assert blocks == [[]]
