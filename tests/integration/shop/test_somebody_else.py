"""Others come to a payer's addresses, by a link or by guessing: they learn little and change nothing."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.sessions.models import Session
from django.test import Client
from django.urls import reverse
from oscar.core.loading import get_model

from oscar_pingpayments.models import PaymentOrder
from tests.shopper import Shopper

from .books import assert_books_agree
from .conftest import nothing_changes
from .test_coming_back import back, page_of, said

PERSONAL = (
    "astrid@example.org",
    "Astrid",
    "Lindqvist",
    "Storgatan",
    "Vimmerby",
    "598 37",
    "Lantern",
    "299.00",
)


# R5: in another browser, logged out, with a session that has expired


@pytest.mark.parametrize("who", ["another browser", "another customer", "logged out", "session expired"])
@pytest.mark.parametrize(
    ("stands", "words"),
    [
        ("COMPLETED", "The payment has arrived."),
        ("DECLINED", "Your bank or card issuer declined the payment."),
        ("PENDING", "We have not heard yet that your payment is done."),
    ],
)
def test_r5_whoever_comes_back_learns_whether_it_is_paid_and_nothing_about_anybody(
    product, ping, request, django_user_model, stands, words, who
):
    is_guest = who == "session expired"
    shopper = Shopper(user=None if is_guest else request.getfixturevalue("customer"))
    shopper.buys(product)
    number = shopper.order.number
    shopper.client.get(reverse("basket:summary"))  # where the shop's own messages to the payer are read
    ping.says(shopper.payment.ping_id, stands)
    browser = shopper.client
    if who == "another browser":
        browser = Client()
    elif who == "another customer":
        browser = Shopper(user=django_user_model.objects.create_user("karl", "karl@example.org")).client
    elif who == "logged out":
        browser.logout()
    else:
        Session.objects.all().delete()

    response = browser.get(back(shopper), follow=True)

    assert response.redirect_chain == [(page_of(shopper), 303)]
    assert response.status_code == 200
    assert words in said(response)
    for secret in (number, *PERSONAL):
        assert secret not in response.content.decode()
    assert "Change my order" not in response.content.decode()
    with nothing_changes():
        assert browser.post(f"{page_of(shopper)}change/").status_code == 404
    assert_books_agree(ping)
    assert shopper.payment_order.is_paid is (stands == "COMPLETED")


def test_r5_a_customer_who_logs_in_again_finds_the_order(product, ping, customer):
    shopper = Shopper(user=customer)
    shopper.buys(product)
    shopper.client.logout()
    ping.pay(shopper.payment.pay_url)
    shopper.client.get(back(shopper))

    shopper.client.force_login(customer)

    own = reverse("customer:order", kwargs={"order_number": shopper.order.number})
    assert shopper.client.get(page_of(shopper))["Location"] == own
    assert shopper.client.get(own).status_code == 200


# R12: somebody else's


@pytest.fixture
def theirs(product, ping) -> PaymentOrder:
    """The order of another payer, who stands at PaymentIQ's page."""
    shopper = Shopper(email="karl@example.org")
    shopper.buys(product)
    return shopper.payment_order


def is_untouched(payment_order: PaymentOrder) -> bool:
    payment_order.refresh_from_db()
    order = get_model("order", "Order").objects.get(pk=payment_order.order_id)
    return (order.status, payment_order.state, payment_order.attempts) == ("Pending", "awaiting", 1)


@pytest.mark.parametrize("name", ["callback", "return", "payment", "state", "pay", "change"])
def test_r12_what_is_no_token_of_this_address_is_a_404_and_changes_nothing_for_anyone(theirs, ping, name):
    payment, calls = theirs.payments.get(), len(ping.calls())
    method = "get" if name in ("return", "payment", "state") else "post"
    other_kind = theirs.token if name in ("callback", "return") else payment.token
    basket = theirs.order.basket_id

    with nothing_changes():
        for key in (theirs.order_number, theirs.pk, payment.pk, basket, theirs.ping_id, payment.ping_id):
            assert_is_unknown(getattr(Client(), method)(reverse(f"pingpayments:{name}", args=[key])), theirs)
        for token in (other_kind, other_kind[:-1], "x" * 43, "\x00", "'; --", "%"):
            url = reverse(f"pingpayments:{name}", args=[token])
            assert_is_unknown(getattr(Client(), method)(url), theirs)

    assert len(ping.calls()) == calls
    assert is_untouched(theirs)


def assert_is_unknown(response: Any, payment_order: PaymentOrder) -> None:
    assert response.status_code == 404
    for secret in (payment_order.order_number, "karl@example.org", *PERSONAL):
        assert secret not in response.content.decode()


@pytest.mark.parametrize("who", ["guest", "customer"])
def test_r12_a_payer_with_an_order_of_their_own_has_no_power_over_another(
    theirs, product, ping, request, who
):
    mine = Shopper(user=request.getfixturevalue("customer") if who == "customer" else None)
    mine.buys(product)
    url = reverse("pingpayments:payment", args=[theirs.token])

    page = mine.client.get(url).content.decode()
    with nothing_changes():
        assert mine.client.post(f"{url}change/").status_code == 404
        assert mine.client.get(reverse("checkout:thank-you"))["Location"] == page_of(mine)

    for secret in (theirs.order_number, "karl@example.org", "Lindqvist", "Vimmerby", "Change my order"):
        assert secret not in page
    assert is_untouched(theirs)
    assert is_untouched(mine.payment_order)


def test_r12_the_page_of_an_order_in_somebody_elses_account_stays_theirs(
    product, customer, django_user_model
):
    """Oscar's own page, with our notice on it."""
    shopper = Shopper(user=customer)
    shopper.buys(product)
    url = reverse("customer:order", kwargs={"order_number": shopper.order.number})

    assert Client().get(url).status_code == 302  # to the login
    karl = Shopper(user=django_user_model.objects.create_user("karl", "karl@example.org"))
    assert karl.client.get(url).status_code == 404
