"""What becomes of the money where staff edit, delete or make anonymous what it was for."""

from __future__ import annotations

from decimal import Decimal
from io import StringIO
from typing import Any

import pytest
from django.core import mail
from django.core.management import call_command
from django.urls import reverse
from oscar.core.loading import get_model

from oscar_pingpayments import facade
from oscar_pingpayments.models import Payment
from tests.shopper import Shopper

from .conftest import call_back

Order = get_model("order", "Order")


def shown(shopper: Any) -> str:
    """What ``pingpayments_order`` says of the order."""
    out = StringIO()
    call_command("pingpayments_order", shopper.order.number, stdout=out, no_color=True)
    return out.getvalue()


def notes(shopper: Any) -> list[str]:
    return [note.message for note in shopper.order.notes.order_by("pk")]


@pytest.fixture
def edited(started):
    """A payer at PaymentIQ's page, whose order staff have made cheaper: its line, and its total."""
    line = started.order.lines.get()
    line.line_price_incl_tax = line.line_price_excl_tax = Decimal("100.00")
    line.save()
    Order.objects.update(total_incl_tax=100, total_excl_tax=100)
    return started


def test_m7_what_was_asked_of_ping_is_what_counts_when_staff_have_edited_the_lines(edited, ping):
    ping.decline(edited.payment.pay_url)
    facade.refresh(edited.payment.pk, by="test")

    edited.client.post(reverse("pingpayments:pay", args=[edited.payment_order.token]))

    second = ping.payments()[-1]
    assert second["id"] == str(edited.payment.ping_id)
    assert second["total_amount"] == 29900
    assert [item["amount"] for item in second["order_items"]] == [29900]
    ping.says(edited.payment.ping_id, "COMPLETED")
    facade.refresh(edited.payment.pk, by="test")
    assert (edited.payment_order.state, edited.payment_order.attention) == ("paid", "")
    assert edited.payment_order.amount_paid == Decimal("299.00")
    assert edited.order.sources.get().amount_debited == Decimal("299.00")


def test_m7_the_difference_is_noted_when_the_money_comes_and_shown_to_whoever_looks(
    edited, ping, admin_client
):
    assert "the order comes to 100.00 SEK by now: rounded, or edited since" in shown(edited)
    ping.pay(edited.payment.pay_url)
    call_back(edited)

    assert notes(edited) == [
        "Paid by card.",
        "299.00 SEK was paid, as was asked for; the order comes to 100.00 by now.",
    ]
    assert "asked for 299.00 SEK, paid 299.00" in shown(edited)
    assert "its lines come to 100.00 SEK by now: rounded, or edited since" in shown(edited)
    page = admin_client.get(
        reverse("admin:pingpayments_paymentorder_change", args=[edited.payment_order.pk])
    ).content.decode()
    assert "the order's lines come to" in page.lower().replace("&#x27;", "'")
    assert "100.00" in page


def test_m7_where_nothing_was_edited_nothing_is_said(started, ping):
    ping.pay(started.payment.pay_url)
    call_back(started)

    assert notes(started) == ["Paid by card."]
    assert "edited" not in shown(started)


def test_m7_a_deleted_order_is_compared_with_nothing(started, admin_client):
    payment_order, number = started.payment_order, started.order.number
    started.order.delete()
    out = StringIO()
    call_command("pingpayments_order", number, stdout=out)

    assert "edited" not in out.getvalue()
    url = reverse("admin:pingpayments_paymentorder_change", args=[payment_order.pk])
    assert admin_client.get(url).status_code == 200


# Before the callback


def delete_basket(shopper: Shopper) -> None:
    shopper.order.basket.delete()


def delete_product(shopper: Shopper) -> None:
    product = shopper.order.lines.get().product
    product.stockrecords.all().delete()
    product.delete()


def delete_customer(shopper: Shopper) -> None:
    shopper.user.delete()


def delete_addresses(shopper: Shopper) -> None:
    shopper.order.shipping_address.delete()


@pytest.mark.parametrize("delete", [delete_basket, delete_product, delete_customer, delete_addresses])
def test_m11_an_order_is_paid_though_what_it_refers_to_was_deleted(product, ping, customer, delete):
    shopper = Shopper(user=customer)
    shopper.buys(product)
    delete(shopper)
    ping.pay(shopper.payment.pay_url)

    assert call_back(shopper).status_code == 200

    assert (shopper.payment_order.state, shopper.payment_order.attention) == ("paid", "")
    assert shopper.order.status == "Being processed"
    assert shopper.order.sources.get().amount_debited == Decimal("299.00")
    assert shopper.order.payment_events.get().line_quantities.get().quantity == 1
    letters = 0 if delete is delete_customer else 1  # nobody is left to write to
    assert len(mail.outbox) == letters
    page = shopper.client.get(
        reverse("pingpayments:payment", args=[shopper.payment_order.token]), follow=True
    )
    assert page.status_code == 200


@pytest.mark.parametrize("delete", [delete_basket, delete_product, delete_customer])
def test_m11_an_order_ends_though_what_it_refers_to_was_deleted(product, ping, customer, delete):
    shopper = Shopper(user=customer)
    shopper.buys(product)
    delete(shopper)

    facade.cancel(shopper.payment_order.pk, by="staff")

    assert (shopper.payment_order.state, shopper.payment_order.attention) == ("cancelled", "")
    assert shopper.order.status == "Cancelled"


def test_m11_a_payer_who_was_made_anonymous_is_paid_for_without_a_letter(started, ping):
    Order.objects.update(guest_email="", user=None)
    address = started.order.shipping_address
    for name in ("first_name", "last_name", "line1", "line4", "postcode", "phone_number"):
        setattr(address, name, "")
    address.save()
    ping.pay(started.payment.pay_url)

    assert call_back(started).status_code == 200

    assert (started.payment_order.state, started.payment_order.attention) == ("paid", "")
    assert mail.outbox == []


def test_m11_a_payer_who_was_made_anonymous_may_still_try_again(started, ping):
    """Nothing of what Ping was told at first is needed again."""
    ping.decline(started.payment.pay_url)
    facade.refresh(started.payment.pk, by="test")
    Order.objects.update(guest_email="", user=None, shipping_address=None)

    started.client.post(reverse("pingpayments:pay", args=[started.payment_order.token]))

    assert Payment.objects.count() == 2
    initiate = [call for call in ping.calls() if call["operation"] == "initiate_payment"][-1]
    assert set(initiate["body"]["payer"]) == {"ip_address"}
