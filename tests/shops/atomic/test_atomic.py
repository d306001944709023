"""With ATOMIC_REQUESTS, what is about money survives a page that fails; all else is undone as ever."""

from __future__ import annotations

import pytest
from django.core import mail
from django.db import connection
from django.db.models.signals import post_save
from django.test import Client
from django.urls import reverse
from oscar.core.loading import get_model

from oscar_pingpayments.models import Exchange, PaymentOrder
from tests.integration.shop.conftest import call_back
from tests.shopper import CARD
from tests.shops.journeys import assert_paid, assert_wired

Order = get_model("order", "Order")


def places_and_fails(shopper):
    shopper.client.raise_request_exception = False
    return shopper.client.post(
        reverse("checkout:preview"), {"action": "place_order"}, headers={"X-Fail": "yes"}
    )


def test_the_shop_is_wired_and_atomic():
    assert_wired()
    assert connection.settings_dict["ATOMIC_REQUESTS"] is True


def test_an_order_is_paid_by_card(shopper, product, ping):
    assert shopper.checks_out(product)["Location"] == shopper.payment.pay_url

    assert_paid(shopper, ping)


def test_the_callback_alone_makes_the_order_paid(shopper, product, ping):
    shopper.checks_out(product)
    ping.pay(shopper.payment.pay_url)

    assert call_back(shopper).status_code == 200

    assert shopper.order.status == "Being processed"
    assert len(mail.outbox) == 1


def test_s11_what_is_about_money_survives_a_page_that_fails_after_the_payment_was_started(
    shopper, product, ping
):
    shopper.adds(product).goes_to_payment().chooses(CARD)

    assert places_and_fails(shopper).status_code == 500

    assert shopper.order.status == "Pending"
    assert shopper.order.basket.status == "Submitted"
    assert str(shopper.payment.ping_id) == ping.payments()[0]["id"]
    assert Exchange.objects.count() == 2
    ping.pay(shopper.payment.pay_url)
    assert call_back(shopper).status_code == 200
    assert shopper.order.status == "Being processed"


@pytest.fixture
def transactions():
    """The request's own transactions that are open whenever Ping has been asked."""
    found: list[int] = []

    def hear(**facts):
        found.append(sum(not block._from_testcase for block in connection.atomic_blocks))

    post_save.connect(hear, sender=Exchange)
    yield found
    post_save.disconnect(hear, sender=Exchange)


@pytest.mark.parametrize("page", ["return", "payment", "state", "pay", "change", "callback"])
def test_s11_no_transaction_is_open_while_an_address_of_ours_asks_ping(
    shopper, product, ping, transactions, page
):
    shopper.checks_out(product)
    token = shopper.payment.token if page in ("return", "callback") else shopper.payment_order.token
    url = reverse(f"pingpayments:{page}", args=[token])
    if page == "pay":
        ping.decline(shopper.payment.pay_url)
        call_back(shopper)
    asked = len(transactions)

    if page in ("pay", "change", "callback"):
        shopper.client.post(url, {}, content_type="application/json")
    else:
        shopper.client.get(url)

    assert len(transactions) > asked >= 2
    assert set(transactions) == {0}


def test_s11_what_ping_said_survives_a_template_of_the_shops_that_fails(
    shopper, product, ping, settings, tmp_path
):
    page = tmp_path / "oscar_pingpayments" / "payment" / "paid.html"
    page.parent.mkdir(parents=True)
    page.write_text("{% extends 'no/such/layout.html' %}")
    settings.TEMPLATES = [{**settings.TEMPLATES[0], "DIRS": [tmp_path]}]
    shopper.checks_out(product)
    ping.pay(shopper.payment.pay_url)
    stranger = Client(raise_request_exception=False)

    response = stranger.get(reverse("pingpayments:payment", args=[shopper.payment_order.token]))

    assert response.status_code == 500
    assert shopper.payment_order.is_paid
    assert shopper.order.status == "Being processed"
    assert shopper.order.sources.get().amount_debited == shopper.order.total_incl_tax
    assert len(mail.outbox) == 1


def test_s11_a_basket_that_was_taken_is_not_given_away_by_a_page_that_fails(shopper, product, ping):
    """Nothing was placed, and the page that says so fails: the basket is the payer's again all the same."""
    shopper.adds(product).goes_to_payment().chooses(CARD)
    ping.misbehave("create_payment_order", "status", status=503)

    assert places_and_fails(shopper).status_code == 500

    shopper.client.raise_request_exception = True
    assert Order.objects.count() == 0
    assert get_model("basket", "Basket").objects.get().status == "Open"
    assert shopper.basket.num_items == 1


def test_another_methods_order_is_undone_by_a_page_that_fails(shopper, product, ping):
    shopper.adds(product).goes_to_payment().chooses("invoice")

    assert places_and_fails(shopper).status_code == 500

    assert Order.objects.count() == 0
    assert get_model("basket", "Basket").objects.get().status == "Open"
    assert PaymentOrder.objects.count() == 0
    assert product.stockrecords.get().num_allocated is None
    shopper.client.raise_request_exception = True
    assert shopper.places_order()["Location"] == reverse("checkout:thank-you")
    assert len(mail.outbox) == 2  # what has been mailed cannot be undone: this is stock Oscar


def test_an_unpaid_order_is_changed_in_one_piece(shopper, product, ping):
    shopper.checks_out(product)

    shopper.client.post(reverse("pingpayments:change", args=[shopper.payment_order.token]))

    assert shopper.order.status == "Cancelled"
    assert shopper.basket.num_items == 1
