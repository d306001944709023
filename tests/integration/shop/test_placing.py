"""While an order is placed Ping is asked: what others do meanwhile, and what a process leaves that dies."""

from __future__ import annotations

import copy
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from oscar.apps.checkout.signals import post_checkout
from oscar.core.loading import get_model

from oscar_pingpayments import facade
from oscar_pingpayments.models import PaymentOrder, Placing
from tests.shopper import CARD, Shopper, create_product

from .books import assert_books_agree
from .conftest import Killed, come_back, die
from .test_giving_back import create_voucher, held

Basket = get_model("basket", "Basket")
Order = get_model("order", "Order")


def ready(*, user: Any = None, product: Any = None, voucher: str = "") -> Shopper:
    """A payer who has only to place the order."""
    shopper = Shopper(user=user, email="" if user else "guest@example.org")
    shopper.adds(product or create_product())
    if voucher:
        shopper.enters_voucher(voucher)
    return shopper.goes_to_payment().chooses(CARD)


def clicks(shopper: Shopper) -> Any:
    return shopper.client.post(reverse("checkout:preview"), {"action": "place_order"})


def twin(shopper: Shopper) -> Client:
    """The same browser's other click: it has the cookies of before."""
    client = Client()
    client.cookies = copy.deepcopy(shopper.client.cookies)
    return client


def test_s12_the_last_piece_is_sold_once(ping, at_ping):
    product = create_product(stock=1)
    slow, fast = ready(product=product), ready(product=product)
    at_ping(fast.places_order)

    page = slow.places_order().content.decode()

    assert "was sold while your order was being placed" in page
    assert "Nothing has been ordered and nothing has been charged" in page
    assert Order.objects.count() == 1
    record = product.stockrecords.get()
    assert (record.num_in_stock, record.num_allocated) == (1, 1)
    assert slow.basket.num_items == 1
    assert len(ping.payments()) == 1
    assert_books_agree(ping)


def test_s12_a_piece_that_was_sold_before_the_click_is_oscars_own_error(ping):
    product = create_product(stock=1)
    slow, fast = ready(product=product), ready(product=product)
    fast.places_order()
    calls = len(ping.calls())

    response = slow.client.post(reverse("checkout:preview"), {"action": "place_order"}, follow=True)

    assert response.redirect_chain[0][0] == reverse("basket:summary")
    assert "no longer available" in response.content.decode() or "no stock" in response.content.decode()
    assert Order.objects.count() == 1
    assert len(ping.calls()) == calls


@pytest.mark.parametrize("moment", ["before the click", "while Ping is asked"])
def test_s12_a_voucher_for_one_use_is_used_once(ping, at_ping, moment):
    create_voucher()
    product = create_product()
    slow = ready(product=product, voucher="WELCOME")
    fast = ready(product=product, voucher="WELCOME")
    if moment == "while Ping is asked":
        at_ping(fast.places_order)
    else:
        fast.places_order()

    page = slow.places_order().content.decode()

    voucher = get_model("voucher", "Voucher").objects.get()
    assert "A voucher in your basket cannot be used any more (WELCOME: " in page
    assert "Nothing has been ordered and nothing has been charged" in page
    assert (voucher.num_orders, voucher.applications.count()) == (1, 1)
    assert [remote["total_amount"] for remote in ping.payments()] == [26910]
    assert Order.objects.count() == 1
    assert slow.basket.num_items == 1
    assert_books_agree(ping)

    slow.client.post(reverse("basket:vouchers-remove", args=[voucher.pk]))
    assert slow.places_order()["Location"] == slow.payment.pay_url
    assert [remote["total_amount"] for remote in ping.payments()] == [26910, 29900]


def test_s12_a_product_that_is_gone_is_not_sold(ping, at_ping):
    product = create_product()
    slow = ready(product=product)
    at_ping(product.stockrecords.all().delete)

    page = slow.places_order().content.decode()

    assert "Nothing has been ordered and nothing has been charged" in page
    assert Order.objects.count() == 0
    assert PaymentOrder.objects.count() == 0
    assert ping.payments() == []


def test_f8_counters_that_are_given_back_meanwhile_stay_given_back(ping, at_ping):
    create_voucher("WELCOME", usage="Multi-use")
    product = create_product()
    other = ready(product=product, voucher="WELCOME")
    other.places_order()
    slow = ready(product=product, voucher="WELCOME")
    order = other.payment_order.pk
    at_ping(lambda: facade.cancel(order, by="payer"))

    slow.places_order()

    offer = get_model("offer", "ConditionalOffer").objects.get()
    voucher = get_model("voucher", "Voucher").objects.get()
    assert (offer.num_orders, offer.num_applications, voucher.num_orders) == (1, 1, 1)
    assert voucher.total_discount == offer.total_discount


WHO = pytest.mark.parametrize("who", ["guest", "customer", "customer with two browsers"])


def second_browser(shopper: Shopper, who: str) -> Client:
    """Where the other click comes from."""
    if who.endswith("two browsers"):
        return Shopper(user=shopper.user).goes_to_payment().chooses(CARD).client
    return twin(shopper)


@WHO
def test_s1_a_second_click_after_the_basket_was_frozen_waits_for_the_first(
    ping, at_ping, monkeypatch, customer, who
):
    monkeypatch.setattr("oscar_pingpayments.checkout.second_click._PATIENCE", 0.0)
    shopper = ready(user=customer if who != "guest" else None)
    second, answers = second_browser(shopper, who), []
    at_ping(lambda: answers.append(second.post(reverse("checkout:preview"), {"action": "place_order"})))

    first = clicks(shopper)

    assert first["Location"] == shopper.payment.pay_url
    assert answers[0]["Location"] == reverse("basket:summary")  # it has no patience here
    page = second.get(reverse("basket:summary")).content.decode()
    assert "Your order is being placed" in page
    assert f"Order {shopper.order.number} is waiting for your payment." in page
    assert (Order.objects.count(), len(ping.payments())) == (1, 1)


@WHO
def test_s1_a_second_click_while_the_payment_is_made_waits_for_it_too(
    ping, at_ping, monkeypatch, customer, who
):
    monkeypatch.setattr("oscar_pingpayments.checkout.second_click._PATIENCE", 0.1)
    monkeypatch.setattr("oscar_pingpayments.checkout.second_click._PAUSE", 0.05)
    shopper = ready(user=customer if who != "guest" else None)
    second, answers = second_browser(shopper, who), []

    def click() -> None:
        answers.append(second.post(reverse("checkout:preview"), {"action": "place_order"}))

    at_ping(lambda: at_ping(click))

    first = clicks(shopper)

    assert first["Location"] == shopper.payment.pay_url
    page = reverse("pingpayments:payment", args=[shopper.payment_order.token])
    assert answers[0]["Location"] == page  # its patience is over
    assert second.post(f"{page}pay/")["Location"] == shopper.payment.pay_url
    assert (Order.objects.count(), len(ping.payments())) == (1, 1)


def test_s3_the_basket_is_the_payers_again_whichever_click_the_browser_shows(ping, at_ping, monkeypatch):
    monkeypatch.setattr("oscar_pingpayments.checkout.second_click._PATIENCE", 0.0)
    shopper = ready()
    second = twin(shopper)
    ping.misbehave("create_payment_order", "status", status=503, times=None)
    at_ping(lambda: second.post(reverse("checkout:preview"), {"action": "place_order"}))

    clicks(shopper)
    monkeypatch.undo()

    assert [basket.status for basket in Basket.objects.filter(lines__isnull=False)] == ["Open"]
    again = second.post(reverse("checkout:preview"), {"action": "place_order"})
    assert again["Location"] == reverse("basket:summary")
    assert second.get(reverse("basket:summary")).context["basket"].num_items == 1


@pytest.mark.parametrize("is_customer", [True, False])
def test_c9_a_basket_that_a_killed_process_left_frozen_is_given_back(ping, at_ping, request, is_customer):
    shopper = ready(user=request.getfixturevalue("customer") if is_customer else None)
    at_ping(die)
    with pytest.raises(Killed):
        shopper.places_order()
    assert Placing.objects.count() == 1
    assert shopper.client.get(reverse("basket:summary")).context["basket"].num_items == 0
    facade.sync()
    assert Placing.objects.count() == 1  # it may be alive

    Placing.objects.update(at=timezone.now() - timedelta(minutes=11))
    facade.sync()

    assert Placing.objects.count() == 0
    assert shopper.client.get(reverse("basket:summary")).context["basket"].num_items == 1
    assert shopper.client.get(reverse("basket:summary")).context["basket"].num_items == 1


def test_a_process_that_was_taken_for_dead_places_nothing(ping, at_ping):
    shopper = ready()

    def is_taken_for_dead() -> None:
        Placing.objects.update(at=timezone.now() - timedelta(minutes=11))
        facade.sync()

    at_ping(is_taken_for_dead)

    page = shopper.places_order().content.decode()

    assert "Placing your order took too long" in page
    assert Order.objects.count() == 0
    assert shopper.basket.num_items == 1


@pytest.fixture
def killed():
    """A payer whose order is placed, and whose process dies before the payment is begun."""

    def kill(shopper: Shopper) -> Shopper:
        def die_there(**facts: Any) -> None:
            die()

        post_checkout.connect(die_there)
        try:
            with pytest.raises(Killed):
                shopper.places_order()
        finally:
            post_checkout.disconnect(die_there)
        return shopper

    return kill


@pytest.mark.parametrize("is_customer", [True, False])
def test_s9_a_payer_whose_process_died_comes_back_to_a_page_that_starts_the_payment(
    ping, killed, customer, is_customer
):
    shopper = killed(ready(user=customer if is_customer else None))
    payment_order = shopper.payment_order
    address = reverse("pingpayments:payment", args=[payment_order.token])
    assert (payment_order.attempts, payment_order.payments.count(), ping.payments()) == (0, 0, [])

    notice = shopper.client.get(reverse("basket:summary")).content.decode()
    page = shopper.client.get(address).content.decode()

    assert f"Order {shopper.order.number} is waiting for your payment." in notice
    assert address in notice
    assert "The payment could not be started" in page
    assert "Nothing has been charged" in page
    assert shopper.order.number in page
    assert "Change my order</button>" in page
    pay_url = shopper.client.post(f"{address}pay/")["Location"]
    assert pay_url == shopper.payment.pay_url
    come_back(shopper, ping.pay(pay_url))
    assert shopper.payment_order.is_paid
    assert_books_agree(ping)


def test_s9_a_payer_whose_process_died_may_press_the_button_again(ping, killed, monkeypatch):
    monkeypatch.setattr("oscar_pingpayments.checkout.second_click._PATIENCE", 0.2)
    monkeypatch.setattr("oscar_pingpayments.checkout.second_click._PAUSE", 0.05)
    shopper = killed(ready())

    response = shopper.client.post(reverse("checkout:preview"), {"action": "place_order"}, follow=True)

    assert response.redirect_chain == [
        (reverse("pingpayments:payment", args=[shopper.payment_order.token]), 302)
    ]
    assert "Pay now</button>" in response.content.decode()
    assert Order.objects.count() == 1


def test_s9_an_order_whose_process_died_and_whose_payer_is_gone_gives_everything_back(ping, killed):
    create_voucher()
    product = create_product()
    shopper = ready(product=product, voucher="WELCOME")
    before = held()
    killed(shopper)
    assert held() != before
    assert facade.sync().ended == 0
    calls = len(ping.calls())

    PaymentOrder.objects.update(expires_at=timezone.now())
    assert facade.sync().ended == 1

    assert held() == before
    assert [call["operation"] for call in ping.calls()[calls:]] == [
        "get_payment_order"
    ]  # has it really none?
    assert (shopper.payment_order.state, shopper.order.status) == ("expired", "Cancelled")
    page = shopper.sees().content.decode()
    assert "The time to pay has run out" in page
    assert "Put everything back in my basket</button>" in page
    assert_books_agree(ping)


def test_s8_the_second_click_on_an_order_for_nothing_sees_that_it_is_placed(shopper, monkeypatch):
    monkeypatch.setattr("oscar_pingpayments.checkout.second_click._PATIENCE", 0.2)
    first = shopper.buys(create_product(price="0.00"))

    second = shopper.places_order()

    assert first["Location"] == second["Location"] == reverse("checkout:thank-you")
    assert f"Order {shopper.order.number}" in shopper.client.get(second["Location"]).content.decode()
