"""A payment that cannot be started: nothing is placed, or an order waits that can be paid later."""

from __future__ import annotations

from typing import Any

import pytest
from django.core import mail
from django.urls import reverse
from oscar.core.loading import get_model
from oscar.test import factories

from oscar_pingpayments import facade
from oscar_pingpayments.models import Exchange, Payment, PaymentOrder, Placing
from tests.shopper import CARD, Shopper, create_product

from .books import assert_books_agree
from .conftest import come_back, rows
from .test_giving_back import create_offer, create_voucher, held

Basket = get_model("basket", "Basket")
Order = get_model("order", "Order")
STAFF = "payments@shop.example"


def contents(basket: Any) -> list[tuple[Any, ...]]:
    """Everything that a payer has put into a basket."""
    lines = [
        (line.product, line.quantity, [row.value for row in line.attributes.all()])
        for line in basket.all_lines()
    ]
    return [*lines, *[voucher.code for voucher in basket.vouchers.all()], basket.total_incl_tax]


def attempts_at(ping: Any) -> int:
    """How often Ping was asked for a payment."""
    return sum(call["operation"] == "initiate_payment" for call in ping.calls())


# S3: no payment order can be made


@pytest.fixture
def sign(db):
    """A product with an option that the payer fills in."""
    product = create_product("Sign")
    product.get_product_class().options.add(factories.OptionFactory(code="text", name="Text", type="text"))
    return product


@pytest.mark.parametrize(
    ("fault", "details", "who"),
    [
        ("down", {}, "guest"),
        ("refuse", {}, "guest"),
        ("silent", {"acts": True}, "guest"),
        ("drop_after", {}, "guest"),
        ("status", {"status": 500}, "customer"),
        ("status", {"status": 503, "body": "<html>down for maintenance"}, "guest"),
        ("status", {"status": 422, "body": {"errors": [{"error": "currency_not_enabled"}]}}, "guest"),
        ("malformed", {"kind": "not_json"}, "customer"),
    ],
    ids=lambda value: str(value),
)
def test_s3_nothing_is_placed_while_ping_makes_no_payment_order(
    product, sign, ping, change, request, fault, details, who
):
    change(TIMEOUT=(1, 0.3))
    create_offer()
    create_voucher()
    shopper = Shopper(user=request.getfixturevalue("customer") if who == "customer" else None)
    shopper.client.post(reverse("basket:add", kwargs={"pk": sign.pk}), {"quantity": 2, "text": "Vimmerby"})
    shopper.has(product, 3).enters_voucher("WELCOME").stands_at_preview()
    before, stock, there = contents(shopper.basket), held(), rows()
    if fault == "down":
        change(BASE_URL="http://127.0.0.1:9/payments")  # where nobody listens
    else:
        ping.misbehave("create_payment_order", fault, times=None, **details)

    response = shopper.places_order()

    assert response.status_code == 200
    assert "Nothing has been ordered and nothing has been charged" in response.content.decode()
    assert "Please try again in a few minutes" in response.content.decode()
    assert "currency_not_enabled" not in response.content.decode()
    assert contents(shopper.basket) == before
    assert held() == stock
    assert rows() | {"Exchange": 0} == there | {"Exchange": 0}
    # Nothing is left to clean up, here or there.
    assert Placing.objects.count() == 0
    assert set(Basket.objects.filter(lines__isnull=False).values_list("status", flat=True)) == {"Open"}
    assert ping.payments() == []
    assert mail.outbox == []

    ping.clear_faults()
    change(**ping.settings(), TIMEOUT=(3, 7))
    come_back(shopper, ping.pay(shopper.places_order()["Location"]))
    assert shopper.payment_order.is_paid
    assert_books_agree(ping)


# S5: Ping refuses the payment


@pytest.mark.parametrize(
    ("refusal", "words"),
    [
        (
            {"error": "unknown_merchant", "property": "order_items[0].merchant_id"},
            "order_items[0].merchant_id: unknown_merchant",
        ),
        ({"error": "invalid_amount", "property": "total_amount"}, "total_amount: invalid_amount"),
        ({"error": "currency_mismatch", "description": "EUR only"}, "currency_mismatch (EUR only)"),
        (None, "Ping refused POST"),
    ],
    ids=lambda value: str(value)[:30],
)
def test_s5_a_refused_payment_leaves_the_order_unpaid_and_tells_staff_in_pings_words(
    shopper, product, ping, heard, change, refusal, words
):
    change(STAFF_EMAILS=[STAFF])
    body = refusal and {"errors": [refusal]}
    ping.misbehave("initiate_payment", "status", status=422, body=body, times=None)

    response = shopper.buys(product)

    page = shopper.client.get(response["Location"]).content.decode()
    assert "The payment could not be started" in page
    assert "Nothing has been charged" in page
    assert "Pay now</button>" in page
    assert "Change my order</button>" in page
    if refusal:
        assert refusal["error"] not in page
    assert shopper.payment.error.startswith(words)
    assert (shopper.payment.live, shopper.payment.pay_url) == (None, "")
    assert shopper.payment_order.attention == "refused"
    assert shopper.payment_order.attention_detail.startswith(words)
    assert [name for name, _ in heard] == ["attention_needed"]
    assert [message.to for message in mail.outbox] == [[STAFF]]
    assert words in mail.outbox[0].body
    assert shopper.order.status == "Pending"


def test_s5_a_refused_payment_is_sent_again_only_where_its_payer_asks(shopper, product, ping):
    ping.misbehave("initiate_payment", "status", status=422, times=2)
    shopper.buys(product)
    assert attempts_at(ping) == 1

    for _ in range(3):
        shopper.sees()
        shopper.sees("state")
        Payment.objects.update(page_asked_at=None)
        facade.sync()
    assert attempts_at(ping) == 1

    url = reverse("pingpayments:pay", args=[shopper.payment_order.token])
    assert shopper.client.post(url)["Location"] == shopper.sees().request["PATH_INFO"]
    assert attempts_at(ping) == 2
    come_back(shopper, ping.pay(shopper.client.post(url)["Location"]))
    assert attempts_at(ping) == 3
    assert (shopper.payment_order.state, shopper.payment_order.attention) == ("paid", "")
    assert_books_agree(ping)


# S6: credentials, and an order that is closed at Ping (who is told how often: test_attention.py)


@pytest.mark.parametrize("status", [401, 403])
def test_s6_credentials_that_are_refused_for_a_placed_order_are_one_alert_about_the_shop(
    product, ping, change, status
):
    change(STAFF_EMAILS=[STAFF])
    ping.misbehave("initiate_payment", "status", status=status, times=None)

    for number in range(3):
        shopper = Shopper(email=f"payer{number}@example.org")
        response = shopper.buys(product)
        page = shopper.client.get(response["Location"]).content.decode()
        assert "The payment could not be started" in page
        assert "credentials" not in page

    assert [message.subject for message in mail.outbox] == [
        "Ping refuses the shop's credentials: no card is taken"
    ]
    assert set(PaymentOrder.objects.values_list("attention", flat=True)) == {""}
    assert set(Order.objects.values_list("status", flat=True)) == {"Pending"}
    assert "does not accept the credentials" in shopper.payment.error
    ping.clear_faults()
    again = shopper.client.post(reverse("pingpayments:pay", args=[shopper.payment_order.token]))
    come_back(shopper, ping.pay(again["Location"]))
    assert shopper.payment_order.is_paid


def test_s6_credentials_that_are_refused_place_nothing_and_are_not_told_to_the_payer(
    shopper, product, ping, change, caplog
):
    change(API_SECRET="mistyped", STAFF_EMAILS=[STAFF])

    page = shopper.buys(product).content.decode()

    assert "Nothing has been ordered and nothing has been charged" in page
    assert "credentials" not in page
    assert "mistyped" not in page + caplog.text + mail.outbox[0].body
    assert len(mail.outbox) == 1
    assert Order.objects.count() == 0
    assert shopper.basket.num_items == 1


def test_s6_an_order_that_is_closed_at_ping_is_told_once_and_its_payer_may_order_anew(started, ping, change):
    """Somebody closed it in Ping's own portal; each further attempt is refused."""
    change(STAFF_EMAILS=[STAFF])
    ping.decline(started.payment.pay_url)
    started.sees()
    closed = {"errors": [{"error": "payment_order_closed"}]}
    ping.misbehave("initiate_payment", "status", status=403, body=closed, times=3)
    url = reverse("pingpayments:pay", args=[started.payment_order.token])

    for _ in range(3):
        page = started.client.post(url, follow=True).content.decode()
        assert "The payment could not be started" in page
        assert "Nothing has been charged" in page

    assert [message.to for message in mail.outbox] == [[STAFF]]
    assert "payment_order_closed" in mail.outbox[0].body
    assert started.payment_order.attention == "refused"
    first = started.order
    started.client.post(url.replace("/pay/", "/change/"))
    come_back(started, ping.pay(started.chooses(CARD).places_order()["Location"]))
    assert started.order != first
    assert started.payment_order.is_paid
    assert_books_agree(ping)


# S7: Ping's answer leads nowhere


@pytest.mark.parametrize(
    "kind",
    [
        "not_json",
        "empty",
        "truncated",
        "missing_pay_url",
        "javascript_pay_url",
        "http_pay_url",
        "foreign_host",
    ],
)
def test_s7_a_payer_is_sent_to_no_page_but_the_providers(shopper, product, ping, change, kind):
    change(STAFF_EMAILS=[STAFF])
    ping.misbehave("initiate_payment", "malformed", kind=kind)

    response = shopper.buys(product)

    ours = reverse("pingpayments:payment", args=[shopper.payment_order.token])
    assert response["Location"] == ours
    page = shopper.client.get(ours)
    assert page.status_code == 200
    for word in ("javascript:", "evil.example", "http://piq", "/pay/x"):
        assert word not in page.content.decode()
    assert "The payment could not be started" in page.content.decode()
    assert (shopper.payment.pay_url, shopper.payment.live) == ("", None)
    assert shopper.payment.error != ""
    assert shopper.payment_order.attention == "refused"
    assert shopper.order.status == "Pending"
    assert [message.to for message in mail.outbox] == [[STAFF]]
    assert attempts_at(ping) == 1
    answer = Exchange.objects.order_by("-pk").first().response_body
    assert "javascript" not in answer

    again = shopper.client.post(reverse("pingpayments:pay", args=[shopper.payment_order.token]))
    come_back(shopper, ping.pay(again["Location"]))
    assert (shopper.payment_order.state, shopper.payment_order.attention) == ("paid", "")
    assert_books_agree(ping)
