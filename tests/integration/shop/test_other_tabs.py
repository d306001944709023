"""A payer with several tabs, while an order is placed and paid: a basket becomes one order, or none."""

from __future__ import annotations

import copy

import pytest
from django.test import Client
from django.urls import reverse
from oscar.core.loading import get_class, get_model

from oscar_pingpayments.models import PaymentOrder
from tests.shopper import Shopper, create_product

from .books import assert_books_agree
from .conftest import call_back, come_back, nothing_changes

Basket = get_model("basket", "Basket")
Order = get_model("order", "Order")

WHO = pytest.mark.parametrize("who", ["guest", "customer"])


@pytest.fixture
def shopper(shop, request, who) -> Shopper:
    """A guest or a customer."""
    return Shopper(user=request.getfixturevalue("customer") if who == "customer" else None)


def other_tab(shopper: Shopper) -> Client:
    """Another tab of the payer's browser, which was opened before what follows."""
    tab = Client()
    tab.cookies = copy.deepcopy(shopper.client.cookies)
    return tab


def page_of(shopper: Shopper) -> str:
    return reverse("pingpayments:payment", args=[shopper.payment_order.token])


def lines(shopper: Shopper) -> list[tuple[str, int]]:
    return [(line.product.title, line.quantity) for line in shopper.basket.all_lines()]


# S2: the second tab of a basket that was placed


@WHO
@pytest.mark.parametrize("stands", ["waiting", "declined", "paid"])
def test_s2_the_second_tab_ends_at_the_order_of_the_first(shopper, product, ping, stands):
    """Also where order numbers do not come from baskets and would not give it away."""
    lamp = create_product("Lamp", "99.00")
    shopper.has(product).stands_at_preview()
    tab = other_tab(shopper)
    tab.post(reverse("basket:add", kwargs={"pk": lamp.pk}), {"quantity": 1, "action": "add"})
    shopper.places_order()
    if stands == "declined":
        ping.decline(shopper.payment.pay_url)
    elif stands == "paid":
        come_back(shopper, ping.pay(shopper.payment.pay_url))

    with nothing_changes():
        response = tab.post(reverse("checkout:preview"), {"action": "place_order"})
    assert response["Location"] == page_of(shopper)
    page = tab.get(response["Location"], follow=True).content.decode()

    assert "Your order has been placed already." in page
    assert shopper.order.number in page
    told = {
        "waiting": "Waiting for your payment",
        "declined": "declined the payment",
        "paid": "has been paid",
    }
    assert told[stands] in page
    assert (Order.objects.count(), len(ping.orders()), len(ping.payments())) == (1, 1, 1)
    assert {line.product for line in shopper.order.lines.all()} == {product, lamp}
    assert ping.payments()[0]["total_amount"] == 39800
    assert Basket.objects.get(order=shopper.order).status == "Submitted"
    assert_books_agree(ping)


@pytest.mark.parametrize("who", ["customer"])
def test_s2_the_same_basket_in_another_browser_ends_at_the_order_too(shopper, product, ping, customer):
    shopper.has(product).stands_at_preview()
    elsewhere = Shopper(user=customer).stands_at_preview()
    shopper.places_order()

    with nothing_changes():
        response = elsewhere.places_order()

    assert response["Location"] == page_of(shopper)
    assert "Your order has been placed already." in elsewhere.client.get(page_of(shopper)).content.decode()
    assert (Order.objects.count(), len(ping.payments())) == (1, 1)


@WHO
def test_s2_a_basket_is_placed_once_whatever_its_orders_are_called(shopper, product, ping, monkeypatch):
    """A shop with random order numbers: only the basket itself can tell that it was placed."""
    numbers = iter(["A1", "B2"])
    shopper.has(product).stands_at_preview()
    tab = other_tab(shopper)
    tabs, answers = [tab], []

    def order_number(self, basket):
        """One tab has read the basket as open; before it goes on, the other one places it."""
        while tabs:
            answers.append(tabs.pop().post(reverse("checkout:preview"), {"action": "place_order"}))
        return next(numbers)

    monkeypatch.setattr(get_class("order.utils", "OrderNumberGenerator"), "order_number", order_number)

    late = shopper.places_order()

    assert answers[0]["Location"] == late["Location"] == shopper.payment.pay_url
    assert (Order.objects.count(), len(ping.orders()), len(ping.payments())) == (1, 1, 1)


@WHO
def test_s2_after_the_order_ended_an_empty_basket_is_oscars_own_matter(shopper, product, ping):
    shopper.buys(product)
    shopper.client.post(f"{page_of(shopper)}change/")
    get_model("basket", "Line").objects.filter(basket__status="Open").delete()

    with nothing_changes():
        response = shopper.client.post(reverse("checkout:preview"), {"action": "place_order"}, follow=True)

    assert response.redirect_chain[0][0] == reverse("basket:summary")
    assert "You need to add some items" in response.content.decode()
    assert "has been placed already" not in response.content.decode()


# S15: a new basket while the order is being paid


@WHO
@pytest.mark.parametrize("hears", ["return", "callback", "declined", "change"])
def test_s15_a_basket_that_is_filled_meanwhile_is_left_alone(shopper, product, ping, hears, who):
    lamp = create_product("Lamp", "99.00")
    shopper.has(product, 2).buys()
    order = shopper.order
    shopper.has(lamp, 3)
    assert lines(shopper) == [("Lamp", 3)]
    mine = shopper.basket.pk

    if hears == "return":
        come_back(shopper, ping.pay(shopper.payment.pay_url))
    elif hears == "callback":
        ping.pay(shopper.payment.pay_url)
        call_back(shopper)
    elif hears == "declined":
        come_back(shopper, ping.decline(shopper.payment.pay_url))
    else:
        shopper.client.post(f"{page_of(shopper)}change/")

    assert shopper.basket.pk == mine != order.basket_id
    assert lines(shopper) == [("Lamp", 3)] + [("Lantern", 2)] * (hears == "change")
    assert [(line.product, line.quantity) for line in order.lines.all()] == [(product, 2)]
    assert ping.payments()[0]["total_amount"] == 59800
    assert PaymentOrder.objects.count() == 1
    assert_books_agree(ping)

    # And it can be bought as if there had been nothing.
    come_back(shopper, ping.pay(shopper.buys()["Location"]))
    assert shopper.order != order
    assert shopper.payment_order.is_paid
    assert_books_agree(ping)


# R7: the back button from PaymentIQ's page


@WHO
def test_r7_the_basket_page_offers_to_finish_paying_and_to_cancel(shopper, product, ping):
    shopper.buys(product)

    notice = shopper.client.get(reverse("basket:summary")).content.decode()

    assert f"Order {shopper.order.number} is waiting for your payment" in notice
    assert "Finish paying or cancel it" in notice
    assert f'href="{page_of(shopper)}"' in notice
    page = shopper.client.get(page_of(shopper)).content.decode()
    assert f'action="{page_of(shopper)}pay/"' in page
    assert f'action="{page_of(shopper)}change/"' in page
    assert shopper.client.post(f"{page_of(shopper)}pay/")["Location"] == shopper.payment.pay_url
    assert len(ping.payments()) == 1
    shopper.client.post(f"{page_of(shopper)}change/")
    assert (shopper.order.status, lines(shopper)) == ("Cancelled", [("Lantern", 1)])
    assert "is waiting for your payment" not in shopper.client.get(reverse("basket:summary")).content.decode()
    assert_books_agree(ping)


@pytest.mark.parametrize("who", ["customer"])
def test_r7_a_customers_account_offers_it_in_any_browser(shopper, product, ping, customer):
    shopper.buys(product)
    elsewhere = Shopper(user=customer)

    for url in (
        reverse("customer:order-list"),
        reverse("customer:order", kwargs={"order_number": shopper.order.number}),
        reverse("basket:summary"),
    ):
        notice = elsewhere.client.get(url).content.decode()
        assert f"Order {shopper.order.number} is waiting for your payment" in notice
        assert f'href="{page_of(shopper)}"' in notice
    assert "is waiting" not in Shopper().client.get(reverse("basket:summary")).content.decode()
    assert elsewhere.client.post(f"{page_of(shopper)}pay/")["Location"] == shopper.payment.pay_url
    elsewhere.client.post(f"{page_of(shopper)}change/")
    assert shopper.order.status == "Cancelled"


@pytest.mark.parametrize("who", ["customer"])
def test_r7_every_order_that_waits_is_named(shopper, product, ping):
    shopper.buys(product)
    first = page_of(shopper)
    shopper.buys(product)

    notice = shopper.client.get(reverse("customer:order-list")).content.decode()

    assert notice.index(f'href="{page_of(shopper)}"') < notice.index(f'href="{first}"')


@pytest.mark.parametrize("who", ["guest"])
def test_r7_a_guest_is_told_on_the_page_of_the_order(shopper, product, ping):
    shopper.buys(product)
    order = shopper.order
    which = {"order_number": order.number, "hash": order.verification_hash()}
    form = reverse("customer:anon-order-form", kwargs=which)

    page = shopper.client.post(form, {"email": "astrid@example.org"}, follow=True)

    assert page.redirect_chain[-1][0] == reverse("customer:anon-order", kwargs=which)
    assert f"Order {order.number} is waiting for your payment" in page.content.decode()


@WHO
def test_r7_the_thanks_of_an_unpaid_order_are_its_payment_page(shopper, product):
    shopper.buys(product)

    assert shopper.client.get(reverse("checkout:thank-you"))["Location"] == page_of(shopper)
