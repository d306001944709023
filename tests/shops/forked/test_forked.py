"""A shop with a checkout of its own keeps all of it, and is paid by card."""

from __future__ import annotations

from decimal import Decimal

import pytest
from django.contrib.auth.models import Permission
from django.test import Client
from django.urls import reverse

from tests.shopper import CARD, Shopper, create_product
from tests.shops.journeys import assert_adds_up, assert_paid, assert_wired


@pytest.fixture
def shopper(shop, django_user_model):
    return Shopper(user=django_user_model.objects.create_user("astrid", "astrid@example.org", "password"))


def test_the_shop_is_wired():
    assert_wired()


@pytest.mark.parametrize("step", ["payment-method", "payment-details", "preview"])
def test_who_is_not_logged_in_is_asked_to(step, ping):
    url = reverse(f"checkout:{step}")
    client = Shopper().client

    for response in (client.get(url), client.post(url, {"action": "place_order"})):
        assert response.status_code == 302
        assert response["Location"].startswith("/accounts/login/?next=")
    assert ping.calls() == []


def test_card_is_offered_though_the_tax_is_not_known_yet(shopper, product):
    shopper.adds(product).goes_to_payment()

    page = shopper.client.get(reverse("checkout:payment-method"))

    assert [code for code, _ in page.context["form"].fields["method"].choices] == [CARD]
    assert page.context["step_of_the_shop"] == "payment"


def test_the_shops_own_preview_shows_the_chosen_method(shopper, product):
    shopper.adds(product).goes_to_payment().chooses(CARD)

    page = shopper.client.get(reverse("checkout:preview")).content.decode()

    assert "The shop's own preview" in page
    assert "you come to a secure page where you enter your card" in page


def test_an_order_with_tax_of_the_checkout_is_paid(shopper, product, ping):
    shopper.adds(create_product("Lamp", "33.33"), 3)

    response = shopper.checks_out(product)

    assert response["Location"] == shopper.payment.pay_url
    assert shopper.order.total_excl_tax == Decimal("398.99")
    assert shopper.order.total_incl_tax == Decimal("498.73")
    assert assert_adds_up(shopper, ping) == [("Lamp x 3", 12498, 25.0), ("Lantern", 37375, 25.0)]
    assert_paid(shopper, ping)


def test_the_shops_own_ending_of_the_checkout_and_thanks_are_kept(shopper, product, ping):
    shopper.checks_out(product)
    assert [note.message for note in shopper.order.notes.all()] == ["Pack it well"]

    assert_paid(shopper, ping)

    page = shopper.client.get(reverse("checkout:thank-you")).content.decode()
    assert "The shop's own thanks" in page


def test_an_order_that_is_changed_is_placed_again_with_its_tax(shopper, product, ping):
    shopper.checks_out(product)

    shopper.client.post(reverse("pingpayments:change", args=[shopper.payment_order.token]))
    shopper.chooses(CARD).places_order()

    assert shopper.order.total_incl_tax == Decimal("373.75")
    assert_paid(shopper, ping)


# The dashboard


@pytest.fixture
def staff(django_user_model):
    """The browser of somebody who may see orders, which is enough in this shop."""
    user = django_user_model.objects.create_user("bosse", "bosse@shop.se", "password", is_staff=True)
    user.user_permissions.add(Permission.objects.get(codename="view_order"))
    client = Client()
    client.force_login(user)
    return client


def test_the_shops_own_dashboard_has_the_payments_in_it(shopper, product, ping, staff):
    shopper.checks_out(product)

    assert staff.get(reverse("dashboard:weather")).content == b"Fine"
    page = staff.get(reverse("dashboard:payments-list")).content.decode()
    assert shopper.order.number in page
    assert 'href="/en/dashboard/payments/"' in staff.get(reverse("dashboard:index")).content.decode()


def test_the_shops_own_page_of_an_order_has_the_payment_on_it(shopper, product, ping, staff):
    shopper.checks_out(product)

    page = staff.get(reverse("dashboard:order-detail", args=[shopper.order.number])).content.decode()

    assert f"The shop's own page of order {shopper.order.number}" in page
    assert page.index("The shop's own panel") < page.index("What happened, and what can be done")


def test_what_the_shop_asks_for_is_asked_for(shopper, product, ping, staff):
    shopper.checks_out(product)
    payment_order = shopper.payment_order

    assert staff.get(reverse("dashboard:payments-refresh", args=[payment_order.pk])).status_code == 200
    assert staff.get(reverse("dashboard:payments-cancel", args=[payment_order.pk])).status_code == 403
