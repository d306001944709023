"""Orders that no card can pay: card is not offered, and who has chosen it already is told before placing."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from django.core import mail
from django.urls import reverse
from oscar.apps.checkout import views
from oscar.apps.checkout.surcharges import FlatCharge
from oscar.core.loading import get_class, get_model

from oscar_pingpayments import facade
from oscar_pingpayments.exceptions import MoneyError
from oscar_pingpayments.models import PaymentOrder
from tests.shopper import CARD, create_product

from .books import assert_books_agree
from .conftest import come_back, nothing_changes

INT64 = "92233720368547758.08"  # in kronor, with its öre one above the largest


@pytest.fixture
def becomes(monkeypatch):
    """Change what the payer's order will cost: another currency, or so much more."""

    def become(more: str = "0", currency: str = "SEK") -> None:
        get_model("basket", "Line").objects.update(price_currency=currency)
        get_model("partner", "StockRecord").objects.update(price_currency=currency)
        charge = FlatCharge(excl_tax=Decimal(more), incl_tax=Decimal(more))
        surcharges: Any = (charge,) if Decimal(more) else ()
        monkeypatch.setattr(
            get_class("checkout.applicator", "SurchargeApplicator"),
            "get_surcharges",
            lambda self, basket, **kwargs: surcharges,
        )

    return become


UNPAYABLE = pytest.mark.parametrize(
    "cost",
    [
        {"currency": "JPY"},
        {"currency": "USD"},
        {"more": "0.005"},
        {"more": "9999999701.00"},  # 10 000 000 000.00 with the lantern
        {"more": INT64},
    ],
    ids=["yen", "dollars", "three decimals", "larger than an order", "above int64"],
)


def test_m8_a_surcharge_below_nought_lowers_what_the_others_come_to(shopper, product, ping, becomes):
    becomes("-10.00")
    shopper.has(product)

    shopper.buys()

    (remote,) = ping.payments()
    assert [(item["name"], item["amount"]) for item in remote["order_items"]] == [("Lantern", 28900)]
    come_back(shopper, ping.pay(shopper.payment.pay_url))
    assert shopper.payment_order.is_paid
    assert_books_agree(ping)


@UNPAYABLE
def test_s8_card_is_not_offered_for_an_order_that_it_cannot_pay(
    shopper, product, ping, change, caplog, becomes, cost
):
    change(OTHER_METHODS={"invoice": "Invoice"})
    shopper.adds(product).goes_to_payment()
    becomes(**cost)

    page = shopper.client.get(reverse("checkout:payment-method"))

    assert [code for code, _ in page.context["form"].fields["method"].choices] == ["invoice"]
    refused = shopper.client.post(reverse("checkout:payment-method"), {"method": CARD})
    assert refused.context["form"].errors
    assert "An order cannot be paid by card" in caplog.text
    assert ping.calls() == []


@UNPAYABLE
def test_s8_who_has_chosen_card_is_told_before_anything_is_placed(shopper, product, ping, becomes, cost):
    shopper.adds(product).goes_to_payment().chooses(CARD)
    becomes(**cost)

    with nothing_changes():
        response = shopper.client.post(reverse("checkout:preview"), {"action": "place_order"}, follow=True)

    assert response.redirect_chain == [(reverse("checkout:payment-method"), 302)]
    page = response.content.decode()
    assert "This order cannot be paid by card. Please choose another way to pay." in page
    assert "This order cannot be paid here" in page  # there is no other way in this shop
    assert shopper.basket.num_items == 1
    assert ping.calls() == []
    assert mail.outbox == []


@UNPAYABLE
def test_s8_a_checkout_without_oscars_conditions_refuses_before_placing_all_the_same(
    shopper, product, ping, monkeypatch, becomes, cost
):
    monkeypatch.setattr(views.PaymentDetailsView, "get_pre_conditions", lambda self, request: [])
    shopper.adds(product).goes_to_payment().chooses(CARD)
    becomes(**cost)

    with nothing_changes():
        response = shopper.places_order()

    assert "This order cannot be paid by card" in response.content.decode()
    assert shopper.basket.num_items == 1
    assert ping.calls() == []


def test_s8_the_largest_order_is_paid(shopper, product, ping, becomes):
    shopper.adds(product).goes_to_payment().chooses(CARD)
    becomes(more="9999999700.99")

    assert shopper.places_order()["Location"] == shopper.payment.pay_url

    assert shopper.payment_order.amount == Decimal("9999999999.99")
    assert [remote["total_amount"] for remote in ping.payments()] == [999_999_999_999]


def test_s8_an_order_of_nothing_is_placed_as_stock_oscar_does(shopper, ping):
    free = create_product("Leaflet", "0.00")

    response = shopper.adds(free).goes_to_payment().places_order()

    assert response["Location"] == reverse("checkout:thank-you")
    assert PaymentOrder.objects.count() == 0
    assert ping.calls() == []
    assert len(mail.outbox) == 1


def test_s8_an_order_of_nothing_that_was_begun_by_card_is_placed_and_mailed(shopper, product, ping):
    """Its price fell to nothing after the choice."""
    shopper.adds(product).goes_to_payment().chooses(CARD)
    product.stockrecords.update(price=0)

    assert shopper.places_order()["Location"] == reverse("checkout:thank-you")

    assert shopper.order.total_incl_tax == 0
    assert len(mail.outbox) == 1
    assert ping.calls() == []


@pytest.mark.parametrize(
    ("total", "currency", "why"),
    [
        ("0.00", "SEK", "Nothing is to be paid"),
        ("10.005", "SEK", "more decimals"),
        ("10.00", "JPY", "currency 'JPY'"),
        ("-1.00", "SEK", "negative"),
        (INT64, "SEK", "larger than Ping can take"),
        ("10000000000.00", "SEK", "larger than an order can have"),
    ],
)
def test_s8_a_total_that_cannot_be_paid_by_card_is_refused(total, currency, why):
    with pytest.raises(MoneyError, match=why):
        facade.check_payable(Decimal(total), currency)
