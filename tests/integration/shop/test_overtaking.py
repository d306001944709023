"""Oscar's dashboard saves an order as it was read: what that overwrites of ours, a person is told."""

from __future__ import annotations

import pytest
from django.db import transaction
from django.urls import reverse
from oscar.core.loading import get_class, get_model
from oscar.test import factories

from oscar_pingpayments import facade
from oscar_pingpayments.models import PaymentOrder

from .conftest import call_back

Order = get_model("order", "Order")


def save_status(order, status):
    """Do what Oscar's order page does once it has read the order."""
    with transaction.atomic():
        get_class("order.processing", "EventHandler")().handle_order_status_change(order, status)


def test_m12_a_cancellation_that_overwrites_the_payment_needs_attention(started, ping):
    read_by_staff = Order.objects.get()
    ping.pay(started.payment.pay_url)
    call_back(started)

    save_status(read_by_staff, "Cancelled")

    payment_order = started.payment_order
    assert (payment_order.order.status, payment_order.state) == ("Cancelled", "paid")
    assert payment_order.attention == "order"
    assert payment_order.attention_detail == (
        "The order was set to “Cancelled” in the instant in which its payment became “Paid”."
    )


@pytest.mark.parametrize("state", ["cancelled", "expired"])
def test_m12_a_status_that_overwrites_the_end_of_an_unpaid_order_needs_attention(started, ping, state):
    read_by_staff = Order.objects.get()
    PaymentOrder.objects.update(expires_at="2026-01-01T00:00Z")
    end = facade.cancel if state == "cancelled" else facade.expire
    end(started.payment_order.pk, by="test")

    save_status(read_by_staff, "Being processed")

    payment_order = started.payment_order
    assert (payment_order.order.status, payment_order.state) == ("Being processed", state)
    assert payment_order.attention == "order"


def test_m12_staff_who_knew_that_the_order_was_paid_are_not_told_about_it(started, ping):
    ping.pay(started.payment.pay_url)
    call_back(started)

    save_status(Order.objects.get(), "Cancelled")

    assert started.payment_order.attention == ""


def test_m12_an_order_that_is_set_to_paid_in_the_instant_in_which_it_is_paid_needs_attention(started, ping):
    """It may have been paid by bank transfer as well."""
    read_by_staff = Order.objects.get()
    ping.pay(started.payment.pay_url)
    call_back(started)

    save_status(read_by_staff, "Being processed")

    assert (started.payment_order.state, started.payment_order.attention) == ("paid", "order")


def test_m12_an_order_that_staff_have_moved_on_is_not_to_be_paid_by_card_any_more(declined, ping):
    """Paid by bank transfer, say."""
    save_status(declined.order, "Being processed")
    calls = len(ping.calls())

    answer = declined.client.post(reverse("pingpayments:pay", args=[declined.payment_order.token]))

    assert len(ping.calls()) == calls
    assert declined.payment_order.attempts == 1
    page = declined.client.get(answer["Location"]).content.decode()
    assert "We are handling your order" in page
    assert "It is not to be paid by card any more." in page
    assert "Try again" not in page
    assert "waiting for your payment" not in declined.client.get(reverse("basket:summary")).content.decode()


def test_m12_an_order_whose_next_step_leads_to_paid_may_still_be_paid(declined, settings, monkeypatch):
    steps = {"Pending": ("On hold", "Being processed"), "On hold": ("Being processed",)}
    monkeypatch.setattr(Order, "pipeline", Order.pipeline | steps)
    save_status(declined.order, "On hold")

    answer = declined.client.post(reverse("pingpayments:pay", args=[declined.payment_order.token]))

    assert answer["Location"] == declined.payment.pay_url
    assert declined.payment_order.attempts == 2


def test_m12_the_card_page_of_an_order_that_staff_move_on_is_closed(started, ping):
    save_status(started.order, "Being processed")

    assert [remote["status"] for remote in ping.payments()] == ["STOPPED"]
    assert started.payment_order.is_awaiting
    assert "It is not to be paid by card any more." in started.sees().content.decode()


def test_o16_staff_may_move_on_an_order_of_another_tenant(started, ping, change, caplog):
    change(TENANT_ID="99999999-9999-4999-8999-999999999999")
    calls = len(ping.calls())

    save_status(started.order, "Being processed")

    assert started.order.status == "Being processed"
    assert len(ping.calls()) == calls
    assert "could not be stopped" in caplog.text


def test_m12_money_that_comes_for_an_order_that_staff_have_moved_on_needs_attention(started, ping):
    ping.manners(stop_refused=True)
    save_status(started.order, "Being processed")

    ping.pay(started.payment.pay_url)
    call_back(started)

    payment_order = started.payment_order
    assert (payment_order.state, payment_order.attention) == ("paid", "order")
    assert payment_order.attention_detail == (
        "The order was “Being processed” before the card was paid: was it paid in another way, too?"
    )
    assert started.order.status_changes.count() == 1


def test_m12_staff_who_cancel_what_has_just_expired_need_not_be_told(started):
    read_by_staff = Order.objects.get()
    PaymentOrder.objects.update(expires_at="2026-01-01T00:00Z")
    facade.expire(started.payment_order.pk)

    save_status(read_by_staff, "Cancelled")

    assert (started.payment_order.state, started.payment_order.attention) == ("expired", "")


def test_m12_a_status_that_overwrites_nothing_needs_no_attention(started):
    save_status(Order.objects.get(), "Being processed")
    save_status(factories.create_order(), "Being processed")

    assert list(PaymentOrder.objects.values_list("state", "attention")) == [("awaiting", "")]
