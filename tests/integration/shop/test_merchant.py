"""O9: Ping does not pay out to the merchant that the shop names: it is missing there, or not approved."""

from __future__ import annotations

from django.core import mail

from oscar_pingpayments.management.inspection import inspect

STAFF = "payments@shop.example"
REFUSAL = {"errors": [{"error": "merchant_not_active", "property": "order_items.0.merchant_id"}]}


def test_o9_a_merchant_that_ping_does_not_approve_charges_nobody_and_staff_are_told(
    shopper, product, ping, change
):
    change(STAFF_EMAILS=[STAFF])
    ping.misbehave("initiate_payment", "status", status=422, body=REFUSAL)

    shopper.buys(product)

    page = shopper.sees().content.decode()
    assert "Nothing has been charged" in page
    assert "Change my order" in page
    assert "merchant" not in page
    assert (shopper.order.status, shopper.payment_order.state) == ("Pending", "awaiting")
    assert shopper.payment_order.attention == "refused"
    assert shopper.payment.error == "order_items.0.merchant_id: merchant_not_active"
    assert ping.payments() == []
    (told,) = [message for message in mail.outbox if message.to == [STAFF]]
    assert "merchant_not_active" in told.body


def test_o9_when_the_merchant_is_mended_the_payer_pays_the_same_order(shopper, product, ping):
    ping.misbehave("initiate_payment", "status", status=422, body=REFUSAL)
    shopper.buys(product)

    shopper.client.post(f"{shopper.sees().request['PATH_INFO']}pay/")
    ping.pay(shopper.payment.pay_url)
    shopper.sees()

    assert (shopper.order.status, shopper.payment_order.attention) == ("Being processed", "")
    assert len(ping.payments()) == 1


def test_o9_a_shop_without_a_merchant_is_told_before_anybody_orders(shop, change):
    change(MERCHANT_ID=None)

    sentences = [finding.sentence for finding in inspect(public_url=None, patience=0) if finding.how == "bad"]

    assert any("MERCHANT_ID" in sentence and "who gets the money" in sentence for sentence in sentences)
