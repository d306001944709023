"""Oscar's dashboard saves an order as it was read: what that overwrites of ours, a person is told."""

from __future__ import annotations

import pytest
from django.db import transaction
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


def test_m12_a_status_that_overwrites_nothing_needs_no_attention(started):
    save_status(Order.objects.get(), "Being processed")
    save_status(factories.create_order(), "Being processed")

    assert list(PaymentOrder.objects.values_list("state", "attention")) == [("awaiting", "")]
