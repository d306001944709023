"""A shop that prefers to write the wiring down is paid by card like the others."""

from __future__ import annotations

import pytest
from django.apps import apps
from django.core import mail
from django.urls import NoReverseMatch, reverse
from oscar.apps.dashboard.orders.views import OrderDetailView

from oscar_pingpayments.models import PaymentOrder
from tests.shopper import CARD
from tests.shops.journeys import assert_paid, assert_wired
from tests.shops.written_down.checkout import views


def test_the_shop_is_wired_by_itself_alone():
    assert_wired()
    checkout = apps.get_app_config("checkout")
    assert checkout.payment_details_view is views.PaymentDetailsView
    assert checkout.payment_method_view is views.PaymentMethodView
    assert checkout.thankyou_view is views.ThankYouView


def test_an_order_is_paid_by_card(shopper, product, ping):
    shopper.adds(product).goes_to_payment()
    page = shopper.client.get(reverse("checkout:payment-method"))
    assert [code for code, _ in page.context["form"].fields["method"].choices] == [CARD, "invoice"]

    response = shopper.chooses(CARD).places_order()

    assert response["Location"] == shopper.payment.pay_url
    unpaid = shopper.client.get(reverse("checkout:thank-you"))
    assert unpaid["Location"] == reverse("pingpayments:payment", args=[shopper.payment_order.token])
    assert_paid(shopper, ping)


def test_another_method_is_placed_as_stock_oscar_does(shopper, product, ping):
    response = shopper.checks_out(product, method="invoice")

    assert response["Location"] == reverse("checkout:thank-you")
    assert len(mail.outbox) == 1
    assert PaymentOrder.objects.count() == 0
    assert ping.calls() == []


def test_pages_that_the_shop_did_not_write_down_are_stock(shopper, product):
    shopper.checks_out(product)

    page = shopper.client.get(reverse("basket:summary")).content.decode()

    assert "is waiting for your payment" not in page


def test_without_our_dashboard_oscars_is_as_it_was(shopper, product, admin_client):
    shopper.checks_out(product)
    page = admin_client.get(reverse("dashboard:index")).content.decode()
    assert "Card payments" not in page
    order = admin_client.get(reverse("dashboard:order-detail", args=[shopper.order.number]))

    assert order.status_code == 200
    assert "What happened, and what can be done" not in order.content.decode()
    with pytest.raises(NoReverseMatch):
        reverse("dashboard:payments-list")
    assert apps.get_app_config("orders_dashboard").order_detail_view is OrderDetailView
