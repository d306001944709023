"""Our mixins stand in front of whatever views the shop has, once, and only where they are wanted."""

from __future__ import annotations

import pytest
from django.apps import apps
from django.urls import path, reverse
from django.urls.conf import include
from django.views.generic import TemplateView
from oscar.apps.checkout.views import PaymentDetailsView, PaymentMethodView, ThankYouView

from oscar_pingpayments import checkout
from oscar_pingpayments.checkout import PaymentDetailsMixin, PaymentMethodMixin, ThankYouMixin, wire
from oscar_pingpayments.checkout.methods import is_card
from oscar_pingpayments.models import PaymentOrder
from tests.shopper import CARD, Shopper

from .conftest import call_back

# A shop without pages for its customers: see the last test.
urlpatterns = [path("pingpayments/", include("oscar_pingpayments.urls"))]


class OwnChooser(PaymentMethodView):
    """A shop's own choice of the method."""

    def get(self, request, *args, **kwargs):
        return TemplateView.get(self, request, *args, **kwargs)


@pytest.fixture
def config(monkeypatch):
    """The checkout's config as Oscar leaves it."""
    config = apps.get_app_config("checkout")
    monkeypatch.setattr(config, "payment_details_view", PaymentDetailsView)
    monkeypatch.setattr(config, "payment_method_view", PaymentMethodView)
    monkeypatch.setattr(config, "thankyou_view", ThankYouView)
    return config


def test_the_mixins_stand_in_front_of_the_shops_views(config):
    wire()

    assert config.payment_details_view.__bases__ == (PaymentDetailsMixin, PaymentDetailsView)
    assert config.payment_method_view.__bases__ == (PaymentMethodMixin, PaymentMethodView)
    assert config.thankyou_view.__bases__ == (ThankYouMixin, ThankYouView)
    assert config.payment_details_view.__name__ == "PaymentDetailsView"
    assert config.payment_details_view.__module__ == PaymentDetailsView.__module__


def test_wiring_twice_changes_nothing(config):
    wire()
    views = config.payment_details_view, config.payment_method_view, config.thankyou_view

    wire()

    assert (config.payment_details_view, config.payment_method_view, config.thankyou_view) == views


def test_a_shop_with_a_choice_of_its_own_keeps_it(config):
    config.payment_method_view = OwnChooser

    wire()

    assert config.payment_method_view is OwnChooser


def test_a_shop_that_writes_the_wiring_down_is_left_alone(config, change):
    change(AUTO_WIRE=False)

    apps.get_app_config("pingpayments").ready()

    assert config.payment_details_view is PaymentDetailsView
    assert config.payment_method_view is PaymentMethodView


def test_a_shop_that_wants_the_wiring_gets_it(config):
    apps.get_app_config("pingpayments").ready()

    assert issubclass(config.payment_details_view, PaymentDetailsMixin)


def test_an_app_of_oscars_that_the_shop_does_not_have_is_passed_over(config, monkeypatch):
    others = {label: app for label, app in apps.app_configs.items() if label != "customer"}
    monkeypatch.setattr(apps, "app_configs", others)

    wire()

    assert issubclass(config.payment_details_view, PaymentDetailsMixin)


@pytest.mark.parametrize(
    ("chooser", "others", "chosen", "by_card"),
    [
        ("ours", {}, None, True),
        ("ours", {"invoice": "Invoice"}, None, False),
        ("ours", {}, CARD, True),
        ("ours", {}, "barter", False),
        ("oscars", {}, None, True),
        ("the shop's", {}, None, False),
        ("the shop's", {}, CARD, True),
    ],
)
def test_no_choice_means_card_only_where_nothing_else_could_be_chosen(
    config, change, chooser, others, chosen, by_card
):
    ours = type("PaymentMethodView", (PaymentMethodMixin, PaymentMethodView), {})
    config.payment_method_view = {"ours": ours, "oscars": PaymentMethodView, "the shop's": OwnChooser}[
        chooser
    ]
    change(OTHER_METHODS=others)

    assert is_card(chosen) is by_card


def test_what_a_shop_may_write_down_is_named():
    assert {PaymentDetailsMixin, PaymentMethodMixin, ThankYouMixin} <= {
        getattr(checkout, name) for name in checkout.__all__
    }


def test_a_shop_without_pages_for_customers_sends_the_confirmation_without_a_link(
    started, ping, settings, mailoutbox
):
    ping.pay(started.payment.pay_url)
    settings.ROOT_URLCONF = __name__

    assert call_back(started).status_code == 200

    assert [message.to for message in mailoutbox] == [["astrid@example.org"]]
    assert "http" not in mailoutbox[0].body
    assert started.order.status == "Being processed"


def test_a_customers_confirmation_links_to_their_account(customer, product, ping, mailoutbox):
    shopper = Shopper(user=customer)
    shopper.buys(product)
    ping.pay(shopper.payment.pay_url)
    call_back(shopper)

    url = reverse("customer:order", kwargs={"order_number": shopper.order.number})
    assert f"//example.com{url}" in mailoutbox[0].body


def test_an_order_without_an_address_to_write_to_is_paid_without_a_mail(started, ping, mailoutbox):
    order = started.order
    order.guest_email = ""
    order.save()
    ping.pay(started.payment.pay_url)
    call_back(started)

    assert mailoutbox == []
    assert PaymentOrder.objects.get().effects.filter(done_at=None).count() == 0
