"""A payment fails: its payer is told why, and tries again, pays in another way, or changes the order."""

from __future__ import annotations

from decimal import Decimal

import pytest
from django.core import mail
from django.urls import reverse
from oscar.core.loading import get_model

from oscar_pingpayments import facade
from oscar_pingpayments.models import Payment, PaymentOrder
from tests.shopper import CARD, Shopper

from .books import assert_books_agree, confirmations
from .conftest import call_back, come_back
from .test_pages import Buttons

Order = get_model("order", "Order")
STAFF = "payments@shop.example"


def page_of(shopper: Shopper) -> str:
    return reverse("pingpayments:payment", args=[shopper.payment_order.token])


def tries_again(shopper: Shopper) -> Payment:
    """Press the button, and return the attempt that one is sent to."""
    response = shopper.client.post(f"{page_of(shopper)}pay/")
    assert (response.status_code, response["Location"]) == (303, shopper.payment.pay_url)
    return shopper.payment


# R8: told why, and the ways out


@pytest.mark.parametrize(
    ("fails", "words"),
    [
        ("decline", "Your bank or card issuer declined the payment."),
        ("abort", "You left the payment page before the payment was finished."),
        ("EXPIRED", "The payment page was open for too long and has closed."),
        ("CRASHED", "Something went wrong on the payment page."),
        ("STOPPED", "The payment was stopped."),
        ("DENIED", "Your bank or card issuer declined the payment."),
    ],
)
@pytest.mark.parametrize("heard_by", ["return", "callback"])
def test_r8_every_failure_is_told_in_plain_words_with_three_ways_out(
    started, ping, change, fails, words, heard_by
):
    change(OTHER_METHODS={"invoice": "Invoice"})
    if fails.isupper():
        ping.says(started.payment.ping_id, fails)
        back = reverse("pingpayments:return", args=[started.payment.token])
    else:
        back = getattr(ping, fails)(started.payment.pay_url)
    if heard_by == "callback":
        call_back(started)

    page = started.client.get(back.replace("http://testserver", ""), follow=True)

    assert page.redirect_chain == [(page_of(started), 303)]
    assert words in page.content.decode()
    assert "Nothing has been charged. Your order is kept for you until " in page.content.decode()
    assert Buttons(page.content.decode()).labels == {"Try again", "Pay in another way", "Change my order"}
    assert started.order.status == "Pending"
    assert started.order.lines.get().num_allocated == 1
    assert mail.outbox == []
    assert_books_agree(ping)


@pytest.mark.parametrize("way", ["try again", "another way", "change"])
def test_r8_each_way_out_leads_to_an_order_that_is_paid_or_placed(started, product, ping, change, way):
    change(OTHER_METHODS={"invoice": "Invoice"})
    come_back(started, ping.decline(started.payment.pay_url))
    first, basket = started.order, started.order.basket_id

    if way == "try again":
        come_back(started, ping.pay(tries_again(started).pay_url))
        assert (started.order, started.payment.number) == (first, 2)
        assert started.payment_order.is_paid
    else:
        fields = {"next": "method"} if way == "another way" else {}
        answer = started.client.post(f"{page_of(started)}change/", fields)
        where = "checkout:payment-method" if way == "another way" else "basket:summary"
        assert answer["Location"] == reverse(where)
        assert (
            "Your order was cancelled. Everything is back in your basket."
            in started.client.get(answer["Location"]).content.decode()
        )
        first.refresh_from_db()
        assert first.status == "Cancelled"
        assert started.basket.pk != basket
        assert [(line.product, line.quantity) for line in started.basket.all_lines()] == [(product, 1)]
        method = "invoice" if way == "another way" else CARD
        answer = started.chooses(method).places_order()
        if way == "another way":
            assert answer["Location"] == reverse("checkout:thank-you")
            assert PaymentOrder.objects.count() == 1
        else:
            come_back(started, ping.pay(answer["Location"]))
            assert started.payment_order.is_paid
        assert started.order != first
    assert len(confirmations(started.order)) == 1
    assert product.stockrecords.get().num_allocated == 1
    assert_books_agree(ping)


def test_r8_a_page_that_closed_when_the_time_to_pay_was_over_gives_everything_back(started, ping, product):
    ping.expire(started.payment.ping_id)
    PaymentOrder.objects.update(expires_at="2026-01-01T00:00Z")

    page = started.sees().content.decode()

    assert "The time to pay has run out" in page
    assert Buttons(page).labels == {"Put everything back in my basket"}
    started.client.post(f"{page_of(started)}change/")
    assert started.order.status == "Cancelled"
    assert [(line.product, line.quantity) for line in started.basket.all_lines()] == [(product, 1)]
    assert_books_agree(ping)


# R9: the second time


@pytest.mark.parametrize("heard_by", ["return", "callback"])
def test_r9_who_is_declined_and_tries_again_pays_once_and_the_first_attempt_is_kept(
    heard, started, ping, heard_by
):
    first = started.payment
    come_back(started, ping.decline(first.pay_url))
    assert started.order.status == "Pending"
    again = tries_again(started)
    assert (again.number, again.pay_url == first.pay_url) == (2, False)
    back = ping.pay(again.pay_url)

    come_back(started, back) if heard_by == "return" else call_back(started)

    assert started.order.status == "Being processed"
    kept = started.payment_order.payments.order_by("number")
    assert [(row.number, row.status, row.amount_received, row.live) for row in kept] == [
        (1, "DECLINED", 0, None),
        (2, "COMPLETED", Decimal("299.00"), None),
    ]
    assert [entry["status"] for entry in kept[0].history] == ["DECLINED"]
    assert kept[0].reason == "Insufficient funds"
    assert [name for name, _ in heard] == [
        "payment_started",
        "payment_failed",
        "payment_started",
        "order_paid",
    ]
    assert {remote["payment_order_id"] for remote in ping.payments()} == {str(started.payment_order.ping_id)}
    assert started.order.sources.get().amount_debited == Decimal("299.00")
    assert Order.objects.count() == 1
    assert_books_agree(ping)

    # What is said about the first one now, and the first one's return, change nothing.
    facade.refresh(first.pk, by="test")
    url = reverse("pingpayments:return", args=[first.token])
    assert started.client.get(url, follow=True).redirect_chain[-1][0] == reverse("checkout:thank-you")
    assert_books_agree(ping)


# R10: both pages are paid (with real threads: tests/concurrency/test_double_payments.py)


@pytest.fixture
def two(started, ping, change) -> list[Payment]:
    """The old attempt, whose page the payer still has open, and the new one."""
    change(STAFF_EMAILS=[STAFF])
    ping.manners(stop_refused=True)
    old = started.payment
    come_back(started, ping.decline(old.pay_url))
    return [old, tries_again(started)]


@pytest.mark.parametrize("first", [0, 1], ids=["the old one first", "the new one first"])
@pytest.mark.parametrize("hears", ["each at once", "both later"])
def test_r10_who_pays_on_both_pages_has_paid_the_order_once_and_a_person_is_told(
    two, started, ping, heard, first, hears
):
    order = [two[first], two[1 - first]]

    if hears == "each at once":
        for payment in order:
            ping.says(payment.ping_id, "COMPLETED")
            facade.refresh(payment.pk, by="callback")
    else:
        for payment in order:
            ping.says(payment.ping_id, "COMPLETED")
        Payment.objects.update(page_asked_at=None)  # some seconds have passed
        for payment in order:
            started.client.get(reverse("pingpayments:return", args=[payment.token]))

    payment_order = started.payment_order
    assert (payment_order.state, payment_order.attention) == ("paid", "duplicate")
    assert payment_order.attention_detail == f"Attempt {order[1].number} was paid too."
    assert payment_order.amount_paid == Decimal("598.00")
    assert [name for name, _ in heard].count("order_paid") == 1
    staff = [message for message in mail.outbox if message.to == [STAFF]]
    assert len(staff) == 1
    assert "Paid twice" in staff[0].subject
    # The payer's order is paid, whichever page they come back from.
    for payment in two:
        page = started.client.get(reverse("pingpayments:return", args=[payment.token]), follow=True)
        assert page.redirect_chain[-1][0] == reverse("checkout:thank-you")
    assert_books_agree(ping)


def test_r10_once_the_old_page_is_paid_the_new_one_is_stopped(started, ping):
    old = started.payment
    come_back(started, ping.decline(old.pay_url))
    tries_again(started)
    ping.says(old.ping_id, "COMPLETED")

    call_back(started)  # about the new one, which says nothing new
    facade.refresh(old.pk, by="callback")

    assert [remote["status"] for remote in ping.payments()] == ["COMPLETED", "STOPPED"]
    assert (started.payment_order.state, started.payment_order.attention) == ("paid", "")
    assert started.client.post(f"{page_of(started)}pay/")["Location"] == page_of(started)
    assert len(ping.payments()) == 2
    assert_books_agree(ping)


# S1: trying again in two tabs (with real threads: tests/concurrency/test_placing_races.py)


def test_s1_a_second_tab_gets_the_same_page(started, ping):
    first = started.payment.pay_url

    response = started.client.post(f"{page_of(started)}pay/")

    assert response["Location"] == first
    assert len(ping.payments()) == 1
