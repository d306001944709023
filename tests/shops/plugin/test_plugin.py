"""Two payment plugins in one checkout, each for its own method, with the shop's own choice between them."""

from __future__ import annotations

import pytest
from django.core import mail
from django.urls import reverse
from oscar.core.loading import get_model

from oscar_pingpayments.models import PaymentOrder
from tests.shopper import CARD, Shopper
from tests.shops.journeys import assert_paid, assert_wired

Order = get_model("order", "Order")


@pytest.fixture
def bartering(shopper, product):
    """A payer who has chosen to pay with a cow."""
    return shopper.adds(product).goes_to_payment().chooses("barter")


def brings(shopper: Shopper, cow: str):
    return shopper.client.post(reverse("checkout:preview"), {"action": "place_order", "cow": cow})


def test_the_shop_is_wired():
    assert_wired()


def test_the_shops_own_choice_is_asked(shopper, product):
    shopper.adds(product).goes_to_payment()

    assert shopper.client.get(reverse("checkout:payment-method")).content == b"Card or cow?"


def test_card_is_paid_by_card(shopper, product, ping):
    response = shopper.checks_out(product)

    assert response["Location"] == shopper.payment.pay_url
    assert_paid(shopper, ping)
    assert [source.source_type.code for source in shopper.order.sources.all()] == [CARD]


def test_the_preview_names_card_and_nothing_for_the_other_plugin(shopper, product):
    shopper.adds(product).goes_to_payment()
    preview = reverse("checkout:preview")

    assert "enter your card" in shopper.chooses(CARD).client.get(preview).content.decode()
    assert "enter your card" not in shopper.chooses("barter").client.get(preview).content.decode()


def test_barter_is_placed_by_the_other_plugin(bartering, ping):
    response = brings(bartering, "fat")

    order = bartering.order
    assert response["Location"] == reverse("checkout:thank-you")
    assert bartering.client.get(response["Location"]).context["order"] == order
    assert [source.source_type.name for source in order.sources.all()] == ["Barter"]
    assert [event.event_type.name for event in order.payment_events.all()] == ["Bartered"]
    assert order.basket.status == "Submitted"
    assert len(mail.outbox) == 1
    assert PaymentOrder.objects.count() == 0
    assert ping.calls() == []


def test_a_payer_whom_the_other_plugin_sends_away_goes_there(bartering, ping):
    response = brings(bartering, "at the market")

    assert response["Location"] == "https://market.example/"
    assert get_model("basket", "Basket").objects.get().status == "Frozen"
    assert Order.objects.count() == 0
    assert ping.calls() == []


def test_what_the_other_plugin_refuses_is_said_on_its_own_page(bartering, ping):
    response = brings(bartering, "thin")

    assert response.template_name == ["oscar/checkout/payment_details.html"]
    assert response.context["error"] == "Your cow is too thin"
    assert bartering.basket.num_items == 1
    assert Order.objects.count() == 0
    assert ping.calls() == []


def test_a_payer_who_gives_up_the_card_may_pay_with_a_cow(shopper, product, ping):
    shopper.checks_out(product)
    by_card = shopper.order

    shopper.client.post(
        reverse("pingpayments:change", args=[shopper.payment_order.token]), {"next": "method"}
    )
    brings(shopper.chooses("barter"), "fat")

    by_card.refresh_from_db()
    assert by_card.status == "Cancelled"
    assert shopper.order.sources.get().source_type.name == "Barter"
    assert product.stockrecords.get().num_allocated == 1


def test_without_a_choice_no_order_is_ours(shopper, product, ping):
    shopper.adds(product).goes_to_payment()

    page = shopper.client.get(reverse("checkout:preview"))

    assert "enter your card" not in page.content.decode()
    assert ping.calls() == []
