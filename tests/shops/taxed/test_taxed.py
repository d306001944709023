"""VAT, delivery, surcharges, vouchers and offers: what Ping is asked for is the order's total, to the öre."""

from __future__ import annotations

from decimal import Decimal

import pytest
from django.urls import reverse
from oscar.apps.checkout.surcharges import FlatCharge, PercentageCharge
from oscar.core.loading import get_class, get_model

from tests.integration.shop.conftest import nothing_changes
from tests.integration.shop.test_giving_back import create_offer, create_voucher, ends, held
from tests.shopper import CARD, create_product
from tests.shops.journeys import assert_adds_up, assert_paid, assert_wired

PARCEL = ("Parcel", 4900, 25.0)


@pytest.fixture
def lantern():
    """239.20 and 25 % VAT: 299.00."""
    return create_product("Lantern", "239.20")


@pytest.fixture
def book():
    """33.33 and 6 % VAT: 35.33."""
    return create_product("Book", "33.33", product_class="Book")


@pytest.fixture
def surcharges(monkeypatch):
    """Call it with what the shop takes besides."""

    def take(*surcharges) -> None:
        monkeypatch.setattr(get_class("checkout.applicator", "SurchargeApplicator"), "surcharges", surcharges)

    return take


def test_the_shop_is_wired():
    assert_wired()


def test_goods_of_two_rates_and_their_delivery_are_paid(shopper, lantern, book, ping):
    shopper.adds(book, 3).checks_out(lantern)

    assert shopper.order.total_incl_tax == Decimal("453.99")
    assert assert_adds_up(shopper, ping) == [
        ("Book x 3", 10599, 6.0),
        ("Lantern", 29900, 25.0),
        PARCEL,
    ]
    assert_paid(shopper, ping)


def test_a_surcharge_is_an_item_of_its_own(shopper, lantern, ping, surcharges):
    surcharges(FlatCharge(excl_tax=Decimal("8.00"), incl_tax=Decimal("10.00")))

    shopper.checks_out(lantern)

    assert assert_adds_up(shopper, ping) == [
        ("Lantern", 29900, 25.0),
        PARCEL,
        ("Flat surcharge", 1000, 25.0),
    ]
    assert_paid(shopper, ping)


def test_m8_a_surcharge_in_percent_that_comes_out_even_is_paid(shopper, lantern, ping, surcharges):
    surcharges(PercentageCharge(percentage=Decimal(50)))

    shopper.checks_out(lantern)

    assert shopper.order.total_incl_tax == Decimal("522.00")
    assert assert_adds_up(shopper, ping)[-1] == ("Percentage surcharge", 17400, 25.0)
    assert_paid(shopper, ping)


def test_m8_a_surcharge_in_percent_with_more_decimals_is_refused_before_anything_is_placed(
    shopper, lantern, ping, surcharges
):
    """2.53 % of 348.00 is 8.8044: no card can pay that, and it is not rounded in silence."""
    shopper.adds(lantern).goes_to_payment().chooses(CARD)
    surcharges(PercentageCharge(percentage=Decimal("2.53")))

    with nothing_changes():
        response = shopper.client.post(reverse("checkout:preview"), {"action": "place_order"}, follow=True)

    assert response.redirect_chain[-1][0] == reverse("checkout:payment-method")
    assert "This order cannot be paid by card" in response.content.decode()
    assert "This order cannot be paid here" in response.content.decode()
    assert shopper.basket.num_items == 1
    assert ping.calls() == []


def test_m8_discounts_are_in_the_items(shopper, lantern, book, ping):
    create_offer()
    create_voucher()
    shopper.adds(lantern).adds(book, 3).enters_voucher("WELCOME").goes_to_payment().chooses(
        CARD
    ).places_order()

    items = assert_adds_up(shopper, ping)

    assert shopper.order.discounts.count() == 2
    assert shopper.order.total_incl_tax < Decimal("453.99") * Decimal("0.9")
    assert [(name, rate) for name, _, rate in items] == [
        ("Lantern", 25.0),
        ("Book x 3", 6.0),
        ("Parcel", 25.0),
    ]
    assert_paid(shopper, ping)


@pytest.mark.parametrize("ending", ["payer", "staff", "time"])
def test_an_order_that_is_not_paid_gives_everything_back(shopper, lantern, book, ping, ending):
    create_offer()
    create_voucher()
    shopper.adds(lantern).adds(book, 3).enters_voucher("WELCOME").goes_to_payment().chooses(CARD)
    before = held()
    shopper.places_order()
    assert held() != before

    ends(ending, shopper)

    assert held() == before


def test_delivery_for_less_is_given_back_as_well(shopper, lantern, ping):
    everything = get_model("offer", "Range").objects.create(name="Everything", includes_all_products=True)
    get_model("offer", "ConditionalOffer").objects.create(
        name="Delivery for less",
        condition=get_model("offer", "Condition").objects.create(range=everything, type="Count", value=1),
        benefit=get_model("offer", "Benefit").objects.create(type="Shipping absolute", value=20),
    )
    shopper.adds(lantern).goes_to_payment().chooses(CARD)
    before = held()

    shopper.places_order()

    assert shopper.order.shipping_incl_tax == Decimal("29.00")
    assert assert_adds_up(shopper, ping)[-1][:2] == ("Parcel", 2900)
    ends("staff", shopper)
    assert held() == before
