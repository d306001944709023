"""The checkout where it is not straight: two clicks, other methods, failures of the shop's own code."""

from __future__ import annotations

from contextlib import suppress

import pytest
from django.apps import apps
from django.contrib.auth import get_user_model
from django.db import IntegrityError, connection
from django.test import Client
from django.urls import reverse
from oscar.apps.basket.middleware import BasketMiddleware
from oscar.apps.checkout import views
from oscar.apps.checkout.signals import post_checkout
from oscar.apps.order.signals import order_placed
from oscar.apps.payment.exceptions import UnableToTakePayment
from oscar.core.loading import get_class, get_model

from oscar_pingpayments.checkout import second_click
from oscar_pingpayments.models import Payment, PaymentOrder
from tests.shopper import CARD, Shopper, create_product

from .conftest import nothing_changes
from .test_giving_back import create_voucher

Order = get_model("order", "Order")
Basket = get_model("basket", "Basket")
OrderNumberGenerator = get_class("order.utils", "OrderNumberGenerator")


@pytest.fixture
def ready(shopper, product):
    """A payer who has chosen card and looks at the preview."""
    return shopper.adds(product).goes_to_payment().chooses(CARD)


@pytest.fixture
def invoice(change):
    """The shop takes invoices, too."""
    change(OTHER_METHODS={"invoice": "Invoice"})


# Two clicks


@pytest.fixture
def meanwhile(monkeypatch):
    """Let something happen in the next click, after the basket was read and before it is taken."""
    number = OrderNumberGenerator.order_number

    def arrange(happens) -> None:
        def order_number(generator, basket):
            monkeypatch.setattr(OrderNumberGenerator, "order_number", number)
            happens()
            return number(generator, basket)

        monkeypatch.setattr(OrderNumberGenerator, "order_number", order_number)

    return arrange


def other_click(shopper):
    """The same payer's other click, in the same session."""
    browser = Client()
    browser.cookies = shopper.client.cookies
    return lambda: browser.post(reverse("checkout:preview"), {"action": "place_order"})


def test_s1_the_second_click_follows_the_first_to_the_payment_page(ready, ping, meanwhile):
    meanwhile(other_click(ready))

    response = ready.places_order()

    assert response["Location"] == ready.payment.pay_url
    assert Order.objects.count() == 1
    assert len(ping.payments()) == 1
    assert ready.client.session["checkout_order_id"] == ready.order.pk
    assert ready.sees().status_code == 200
    assert ready.order.number in ready.sees().content.decode()


def test_s1_a_second_click_that_reads_its_session_before_the_first_writes_to_it_and_its_basket_after_it(
    ready, ping, monkeypatch
):
    """It finds neither the basket, which is frozen by then, nor in its session what becomes of it."""
    first, get_basket = other_click(ready), BasketMiddleware.get_basket

    def read_late(middleware, request):
        monkeypatch.setattr(BasketMiddleware, "get_basket", get_basket)
        assert request.session.session_key
        assert "pingpayments_placing" not in request.session
        first()
        return get_basket(middleware, request)

    monkeypatch.setattr(BasketMiddleware, "get_basket", read_late)

    response = ready.places_order()

    assert response["Location"] == reverse("pingpayments:payment", args=[ready.payment_order.token])
    assert Order.objects.count() == len(ping.payments()) == 1


def test_s1_the_second_click_follows_the_first_to_the_page_that_says_what_went_wrong(ready, ping, meanwhile):
    ping.misbehave("initiate_payment", "status", status=422, body={"errors": [{"error": "no"}]})
    meanwhile(other_click(ready))

    response = ready.places_order()

    assert response["Location"] == reverse("pingpayments:payment", args=[ready.payment_order.token])
    assert Payment.objects.count() == 1


def test_s3_where_the_first_click_failed_the_second_leads_back_to_the_basket(
    ready, ping, meanwhile, monkeypatch
):
    """The first one takes the basket, cannot reach Ping, and gives the basket back while the second waits."""
    meanwhile(lambda: Basket.objects.update(status="Frozen"))
    monkeypatch.setattr(second_click.time, "sleep", lambda seconds: Basket.objects.update(status="Open"))

    response = ready.client.post(reverse("checkout:preview"), {"action": "place_order"}, follow=True)

    assert response.redirect_chain[0][0] == reverse("basket:summary")
    page = response.content.decode()
    assert "Your order could not be placed. Nothing has been ordered and nothing has been charged." in page
    assert "is being placed" not in page
    assert ready.basket.num_items == 1
    assert Order.objects.count() == 0
    assert ping.calls() == []


def test_s1_where_the_first_click_takes_long_the_second_is_asked_to_look_again(
    ready, ping, meanwhile, monkeypatch
):
    monkeypatch.setattr(second_click, "_PATIENCE", 0.2)
    monkeypatch.setattr(second_click, "_PAUSE", 0.05)
    meanwhile(lambda: Basket.objects.update(status="Frozen"))

    response = ready.client.post(reverse("checkout:preview"), {"action": "place_order"}, follow=True)

    assert response.redirect_chain[0][0] == reverse("basket:summary")
    assert "Your order is being placed" in response.content.decode()
    assert Order.objects.count() == 0


def test_s4_the_second_click_follows_to_the_page_of_an_attempt_of_which_nothing_is_known(
    ready, ping, meanwhile, monkeypatch, change
):
    monkeypatch.setattr(second_click, "_PATIENCE", 0.2)
    monkeypatch.setattr(second_click, "_PAUSE", 0.05)
    change(TIMEOUT=(1, 0.3))
    ping.misbehave("initiate_payment", "drop_before")
    meanwhile(other_click(ready))

    response = ready.client.post(reverse("checkout:preview"), {"action": "place_order"}, follow=True)

    assert response.redirect_chain[0][0] == ready.sees().request["PATH_INFO"]
    assert "Your payment is being prepared" in response.content.decode()
    assert ready.order.number in response.content.decode()
    assert Order.objects.count() == 1
    assert Payment.objects.get().outcome_unknown


# What the shop's own code does


def test_a_receiver_that_passes_over_an_error_of_the_database_keeps_no_order_from_being_placed(
    shopper, ping, caplog
):
    """Oscar's analytics do, where the same is counted in two requests for the first time."""
    user_records, voucher, placed = get_model("analytics", "UserRecord"), create_voucher(), []
    customer = get_user_model().objects.create_user("astrid", "astrid@example.org")

    def count_twice(order, **facts):
        placed.append(str(order.number))
        if len(placed) == 1:
            with suppress(IntegrityError):
                user_records.objects.create(user=customer)
                user_records.objects.create(user=customer)

    product = create_product()
    shopper.has(product)
    shopper.enters_voucher(voucher.code)
    order_placed.connect(count_twice)
    try:
        answer = shopper.buys()
    finally:
        order_placed.disconnect(count_twice)

    assert answer["Location"] == shopper.payment.pay_url
    assert placed == [shopper.order.number] * 2
    assert Order.objects.count() == len(ping.payments()) == 1
    assert product.stockrecords.get().num_allocated == 1
    voucher.refresh_from_db()
    assert (voucher.num_orders, voucher.applications.count()) == (1, 1)
    assert "An order is placed once more" in caplog.text


def test_an_order_that_cannot_be_placed_is_not_to_be_paid(ready, ping, monkeypatch):
    """A voucher that somebody else has used up, stock that is gone: Oscar's own error."""

    def fail(self, *args, **kwargs):
        raise ValueError("The voucher was used meanwhile")

    monkeypatch.setattr(get_class("order.utils", "OrderCreator"), "place_order", fail)

    response = ready.places_order()

    assert "A problem occurred while placing this order" in response.content.decode()
    assert ready.basket.num_items == 1
    assert PaymentOrder.objects.count() == 0
    assert ping.payments() == []


def test_a_shop_that_fails_after_the_order_was_placed_does_not_keep_it_from_being_paid(ready, ping, caplog):
    def fail(**facts):
        raise RuntimeError("the warehouse is closed")

    post_checkout.connect(fail)
    try:
        response = ready.places_order()
    finally:
        post_checkout.disconnect(fail)

    assert response["Location"] == ready.payment.pay_url
    assert "The shop's own code failed after an order was placed" in caplog.text
    assert Basket.objects.get(order=ready.order).status == "Submitted"


# Other methods


def test_another_methods_preview_names_it(shopper, product, invoice):
    shopper.adds(product).goes_to_payment().chooses("invoice")

    page = shopper.client.get(reverse("checkout:preview")).content.decode()

    assert "Invoice" in page
    assert "enter your card" not in page


def test_a_choice_that_was_made_is_still_marked_when_the_payer_comes_back_to_it(shopper, product, invoice):
    shopper.adds(product).goes_to_payment().chooses("invoice")

    page = shopper.client.get(reverse("checkout:payment-method"))

    assert page.context["form"].initial == {"method": "invoice"}


def choose_elsewhere(shopper, method: str) -> None:
    """Choose a method that our step does not offer, as another plugin's own page does."""
    session = shopper.client.session
    session["checkout_data"] = {**session["checkout_data"], "payment": {"method": method}}
    session.save()


def test_a_method_of_another_plugin_has_its_own_pages(shopper, product):
    shopper.adds(product).goes_to_payment()
    choose_elsewhere(shopper, "barter")

    details = shopper.client.get(reverse("checkout:payment-details"))
    preview = shopper.client.get(reverse("checkout:preview"))

    assert details.template_name == ["oscar/checkout/payment_details.html"]
    assert preview.template_name == ["oscar/checkout/preview.html"]
    assert "pingpayments_method" not in preview.context


def test_another_methods_failure_goes_the_way_it_always_went(shopper, product, ping, monkeypatch):
    shopper.adds(product).goes_to_payment()
    choose_elsewhere(shopper, "barter")

    def refuse(self, order_number, total, **kwargs):
        raise UnableToTakePayment("Your cow is too thin")

    monkeypatch.setattr(views.PaymentDetailsView, "handle_payment", refuse)

    with nothing_changes():
        response = shopper.places_order()

    assert response.template_name == ["oscar/checkout/payment_details.html"]
    assert response.context["error"] == "Your cow is too thin"
    assert shopper.basket.num_items == 1
    assert ping.calls() == []


def test_a_method_that_the_shop_has_ceased_to_offer_places_no_order(shopper, product, ping, invoice, change):
    shopper.has(product).stands_at_preview("invoice")
    change(OTHER_METHODS=None)

    with nothing_changes():
        response = shopper.places_order()

    assert response["Location"] == reverse("checkout:payment-method")
    choice = shopper.client.get(response["Location"])
    assert [str(message) for message in choice.context["messages"]] == [
        "The way to pay that you chose is no longer offered. Please choose another one."
    ]
    assert choice.context["form"].initial == {"method": CARD}
    assert shopper.basket.num_items == 1
    assert ping.calls() == []
    shopper.chooses(CARD).places_order()
    assert shopper.payment_order.state == "awaiting"


def test_a_method_that_the_shop_has_ceased_to_offer_places_what_costs_nothing(shopper, change, invoice):
    shopper.has(create_product(price="0.00")).stands_at_preview("invoice")
    change(OTHER_METHODS=None)

    assert shopper.places_order()["Location"] == reverse("checkout:thank-you")

    assert (shopper.order.total_incl_tax, PaymentOrder.objects.count()) == (0, 0)


@pytest.mark.parametrize("is_in_front", [True, False])
def test_a_method_of_another_plugin_is_placed_by_whoever_takes_its_payment(
    shopper, product, ping, monkeypatch, is_in_front
):
    """It is chosen by a button of its own, and our step does not know of it."""
    composed = apps.get_app_config("checkout").payment_details_view
    taken = []
    monkeypatch.setattr(
        composed if is_in_front else views.PaymentDetailsView,
        "handle_payment",
        lambda self, order_number, total, **kwargs: taken.append(total.incl_tax),
    )
    shopper.adds(product).goes_to_payment()
    choose_elsewhere(shopper, "barter")

    assert shopper.places_order()["Location"] == reverse("checkout:thank-you")

    assert taken == [shopper.order.total_incl_tax]
    assert ping.calls() == []


@pytest.mark.parametrize(("method", "survives"), [("invoice", False), (CARD, True)])
def test_s11_with_atomic_requests_a_failing_page_undoes_other_methods_and_keeps_what_is_about_money(
    shopper, product, ping, monkeypatch, invoice, method, survives
):
    monkeypatch.setitem(connection.settings_dict, "ATOMIC_REQUESTS", True)
    shopper.adds(product).goes_to_payment().chooses(method)
    shopper.client.raise_request_exception = False
    end = views.PaymentDetailsView.handle_order_placement

    def place_and_fail(self, *args, **kwargs):
        end(self, *args, **kwargs)
        raise SystemError("after everything")

    # Outside of the net that Oscar and we have for a shop's mistakes.
    monkeypatch.setattr(views.PaymentDetailsView, "handle_order_placement", place_and_fail)
    monkeypatch.setattr(views.PaymentDetailsView, "restore_frozen_basket", lambda self: 1 / 0)

    response = shopper.places_order()

    assert Order.objects.count() == survives
    assert PaymentOrder.objects.count() == survives
    assert len(ping.payments()) == survives
    assert response.status_code == (200 if survives else 500)


def test_a_guest_may_come_back_to_the_choice_after_changing_the_order(started):
    started.client.post(
        reverse("pingpayments:change", args=[started.payment_order.token]), {"next": "method"}
    )

    again = started.chooses(CARD).places_order()

    assert again["Location"] == started.payment.pay_url
    assert Order.objects.count() == 2


def test_another_browser_cannot_place_the_same_basket(ready):
    ready.places_order()

    response = Shopper().client.post(reverse("checkout:preview"), {"action": "place_order"})

    assert response["Location"] == reverse("basket:summary")
    assert Order.objects.count() == 1
