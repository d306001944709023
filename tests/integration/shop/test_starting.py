"""Starting a payment: what Ping is told, what happens when it cannot be told, and when it may not be."""

from __future__ import annotations

from decimal import Decimal

import pytest
from django.urls import reverse
from django.utils import timezone, translation
from oscar.core.loading import get_model
from oscar.test import factories

from oscar_pingpayments import facade, ledger
from oscar_pingpayments.exceptions import NotSentError
from oscar_pingpayments.facade import connection
from oscar_pingpayments.gateway import Address, Payer
from oscar_pingpayments.models import Exchange, Payment, PaymentOrder
from tests.shopper import Shopper, create_product

from .conftest import nothing_changes

Order = get_model("order", "Order")


def pays(shopper):
    return shopper.client.post(reverse("pingpayments:pay", args=[shopper.payment_order.token]))


def context() -> facade.PaymentContext:
    return facade.PaymentContext(absolute_url=lambda path: f"https://shop.example{path}")


# What Ping is told


def test_where_ping_finds_the_shop_is_the_requests_host(started, ping):
    token = started.payment.token

    call = next(call for call in ping.calls() if call["operation"] == "initiate_payment")
    assert call["body"]["status_callback_url"] == f"http://testserver/pingpayments/callback/{token}/"
    back = f"http://testserver/pingpayments/return/{token}/"
    assert call["body"]["provider_method_parameters"]["success_url"] == back
    assert call["body"]["provider_method_parameters"]["error_url"] == back


def test_where_ping_finds_the_shop_can_be_set(shopper, product, ping, change):
    change(PUBLIC_URL="https://shop.example")

    shopper.buys(product)

    call = next(call for call in ping.calls() if call["operation"] == "initiate_payment")
    assert call["body"]["status_callback_url"].startswith("https://shop.example/pingpayments/callback/")
    assert call["body"]["provider_method_parameters"]["error_url"].startswith("https://shop.example/")


@pytest.mark.parametrize(
    ("language", "locale"),
    [("sv", "sv-SE"), ("nb", "nb-NO"), ("en", "en-US"), ("da", "en-US"), ("fi", "en-US"), ("de", "en-US")],
)
def test_the_payment_page_speaks_the_payers_language_or_english(shopper, product, ping, language, locale):
    with translation.override(language):
        shopper.buys(product)

    call = next(call for call in ping.calls() if call["operation"] == "initiate_payment")
    assert call["body"]["provider_method_parameters"]["locale"] == locale


def test_the_payment_page_has_the_shops_colours(shopper, product, ping, change):
    change(CASHIER={"colors": {"background_color": "#ffffff"}})

    shopper.buys(product)

    call = next(call for call in ping.calls() if call["operation"] == "initiate_payment")
    assert call["body"]["provider_method_parameters"]["cashier"] == {
        "colors": {"background_color": "#ffffff"}
    }


def test_a_customer_without_an_address_is_known_by_name(customer, ping, rf):
    customer.first_name, customer.last_name = "Astrid", "Lindqvist"
    customer.save()
    order = factories.create_order(user=customer, shipping_address=None)
    order.shipping_address = None

    assert ledger.payer_of(order) == Payer(name="Astrid Lindqvist", email="astrid@example.org")


def test_of_a_guest_without_an_address_only_the_email_is_known(db):
    order = factories.create_order()
    order.user = None
    order.shipping_address = None
    order.guest_email = "astrid@example.org"

    assert ledger.payer_of(order) == Payer(email="astrid@example.org")


def test_the_billing_address_is_the_payers(started):
    order = started.order
    order.billing_address = get_model("order", "BillingAddress")(
        first_name="Karl",
        last_name="Blom",
        line1="Box 1",
        line2="Floor 2",
        line4="Lund",
        postcode="22100",
        country_id="SE",
    )

    lives = Address(street="Box 1, Floor 2", postal_code="22100", city="Lund", country="SE")
    assert ledger.payer_of(order) == Payer(name="Karl Blom", email="astrid@example.org", address=lives)


def test_several_of_a_product_are_one_item(shopper, ping):
    shopper.has(create_product("Lamp", "33.33"), 3).buys()

    (remote,) = ping.payments()
    assert [(item["name"], item["amount"]) for item in remote["order_items"]] == [("Lamp x 3", 9999)]


def test_every_call_is_in_the_log_without_the_secret(started):
    exchanges = Exchange.objects.order_by("pk")

    assert [(row.method, row.status_code) for row in exchanges] == [("POST", 200), ("POST", 200)]
    assert exchanges[1].payment_order == started.payment_order
    assert str(exchanges[1]) == f"POST {exchanges[1].path} 200"
    for row in exchanges:
        text = f"{row.path} {row.request_body} {row.response_body} {row.error}"
        for secret in ("simulated-secret", "astrid@example.org", "Lindqvist", "+46701234567", "Storgatan"):
            assert secret not in text


def test_the_connections_are_kept_until_the_settings_change(started, change):
    same = [connection.client_for(None)._transport for _ in range(2)]
    change(API_SECRET="another-secret")

    other = connection.client_for(None)._transport

    assert same[0] is same[1]
    assert other is not same[0]
    assert len(connection._clients) == 1


# When Ping cannot be told


def test_an_attempt_that_ping_had_no_time_for_is_sent_again_as_it_is(shopper, product, ping):
    ping.misbehave("initiate_payment", "status", status=429, times=None)
    response = shopper.buys(product)
    assert "could not be started" in shopper.client.get(response["Location"]).content.decode()
    assert shopper.payment.sent_at is None
    assert (shopper.payment.live, shopper.payment.ask_again_at) == (True, None)
    with pytest.raises(NotSentError):
        facade.start(shopper.payment_order.pk, context())
    assert facade.refresh(shopper.payment.pk, by="test").status == ""

    ping.clear_faults()
    assert pays(shopper)["Location"] == shopper.payment.pay_url

    assert shopper.payment.number == 1
    assert len(ping.payments()) == 1


@pytest.mark.parametrize("state", ["paid", "ended", "expired", "deleted"])
def test_an_order_that_is_not_to_be_paid_is_not_started(started, ping, state):
    payment_order = started.payment_order
    Payment.objects.update(live=None)
    if state == "paid":
        PaymentOrder.objects.update(state="paid", paid_at=timezone.now(), amount_paid=299)
    elif state == "ended":
        PaymentOrder.objects.update(state="cancelled")
    elif state == "expired":
        PaymentOrder.objects.update(expires_at=timezone.now())
    else:
        PaymentOrder.objects.update(order=None)
    calls = len(ping.calls())

    with pytest.raises(facade.NotPayableError, match=payment_order.order_number), nothing_changes():
        facade.start(payment_order.pk, context())

    assert len(ping.calls()) == calls


def test_a_shop_that_is_set_to_another_tenant_meanwhile_starts_no_payment(started, ping, change, caplog):
    ping.decline(started.payment.pay_url)
    facade.refresh(started.payment.pk, by="test")
    change(TENANT_ID="00000000-0000-4000-8000-00000000abcd")

    with nothing_changes():
        response = pays(started)

    assert response["Location"] == reverse("pingpayments:payment", args=[started.payment_order.token])
    assert "A payment could not be started" in caplog.text


def test_an_order_whose_lines_cannot_be_said_in_pings_words_starts_no_payment(started, ping, caplog):
    """Staff have edited it since; its payer gets the page that says to try later, and not an error."""
    ping.decline(started.payment.pay_url)
    facade.refresh(started.payment.pk, by="test")
    started.order.lines.update(line_price_incl_tax=Decimal(-1))

    with nothing_changes():
        response = pays(started)

    assert response["Location"] == reverse("pingpayments:payment", args=[started.payment_order.token])
    assert "A payment could not be started" in caplog.text


def test_rows_name_themselves(started):
    """As staff see them in lists, notes and logs."""
    number = started.order.number

    assert str(started.payment_order) == f"#{number}"
    assert str(started.payment) == f"#{number}/1"


def test_attempts_are_numbered_and_only_one_is_live(started, ping):
    for _ in range(2):
        ping.decline(started.payment.pay_url)
        facade.refresh(started.payment.pk, by="test")
        pays(started)

    attempts = started.payment_order.payments.order_by("number")
    assert [(row.number, row.live) for row in attempts] == [(1, None), (2, None), (3, True)]
    assert started.payment_order.attempts == 3
    assert {remote["payment_order_id"] for remote in ping.payments()} == {str(started.payment_order.ping_id)}


def test_another_payers_order_is_another_payment_order(started, product, ping):
    Shopper(email="karl@example.org").buys(product)

    assert PaymentOrder.objects.values("ping_id").distinct().count() == 2
    assert len(ping.payments()) == 2
