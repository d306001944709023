"""A payer pays by card: from the basket to the paid order, and the ways in which it does not come to that."""

from __future__ import annotations

from decimal import Decimal

import pytest
from django.core import mail
from django.urls import reverse
from oscar.core.loading import get_model

from oscar_pingpayments import facade
from oscar_pingpayments.models import PaymentOrder
from tests.shopper import CARD, Shopper

from .conftest import call_back, come_back

Order = get_model("order", "Order")
Basket = get_model("basket", "Basket")


def test_placing_an_order_sends_the_payer_to_the_payment_page(shopper, product, ping, heard):
    response = shopper.checks_out(product)

    payment = shopper.payment
    assert response.status_code == 302
    assert response["Location"] == payment.pay_url
    assert [(remote["status"], remote["total_amount"]) for remote in ping.payments()] == [
        ("INITIATED", 29900)
    ]
    assert shopper.order.status == "Pending"
    assert shopper.payment_order.state == "awaiting"
    assert [name for name, _ in heard] == ["payment_started"]
    assert mail.outbox == []


def test_an_unpaid_order_has_a_source_with_nothing_debited(started):
    source = started.order.sources.get()

    assert source.source_type.code == CARD
    assert (source.currency, source.amount_allocated, source.amount_debited) == ("SEK", Decimal("299.00"), 0)
    assert source.transactions.count() == 0


def test_what_ping_is_told(started, ping):
    (remote,) = ping.payments()

    assert remote["order_items"][0]["name"] == "Lantern"
    assert remote["payer"]["email"] == "astrid@example.org"
    assert remote["payer"]["address"] == {
        "street": "Storgatan 1",
        "postal_code": "598 37",
        "city": "Vimmerby",
        "country": "SE",
    }
    assert remote["metadata"] == {"order_number": started.order.number, "attempt": "1"}


def test_paying_makes_the_order_paid(heard, started, ping):
    back = ping.pay(started.payment.pay_url)
    response = come_back(started, back)

    order = started.order
    assert response.redirect_chain[-1][0] == reverse("checkout:thank-you")
    assert response.context["order"] == order
    assert order.status == "Being processed"
    source = order.sources.get()
    assert (source.amount_allocated, source.amount_debited) == (Decimal("299.00"), Decimal("299.00"))
    transaction = source.transactions.get()
    assert (transaction.txn_type, transaction.amount, transaction.status) == (
        "Debit",
        Decimal("299.00"),
        "COMPLETED",
    )
    assert transaction.reference == str(started.payment.ping_id)
    event = order.payment_events.get()
    assert (event.event_type.name, event.amount) == ("Paid", Decimal("299.00"))
    assert [(row.line, row.quantity) for row in event.line_quantities.all()] == [(order.lines.get(), 1)]
    assert order.notes.get().message == "Paid by card."
    assert [(name, facts["order"]) for name, facts in heard] == [
        ("payment_started", order),
        ("order_paid", order),
    ]
    assert [message.to for message in mail.outbox] == [["astrid@example.org"]]
    assert started.payment_order.state == "paid"
    assert started.payment_order.amount_paid == Decimal("299.00")


def test_c2_an_old_answer_does_not_unpay(started, ping):
    ping.says(started.payment.ping_id, "COMPLETED", then="PENDING")
    facade.refresh(started.payment.pk, by="test")

    facade.refresh(started.payment.pk, by="test")

    assert started.order.status == "Being processed"
    assert started.payment.status == "COMPLETED"
    assert [entry["status"] for entry in started.payment.history] == ["COMPLETED", "PENDING"]
    assert started.payment_order.attention == ""


def test_c5_a_body_that_says_completed_is_not_believed(started, ping):
    assert call_back(started, '{"status": "COMPLETED", "total_amount": 29900}').status_code == 200

    assert started.order.status == "Pending"
    assert started.payment_order.amount_paid == 0
    assert mail.outbox == []


def test_another_method_is_placed_as_stock_oscar_does(shopper, product, ping, settings):
    settings.PINGPAYMENTS = {**settings.PINGPAYMENTS, "OTHER_METHODS": {"invoice": "Invoice"}}

    response = shopper.buys(product, method="invoice")

    assert response["Location"] == reverse("checkout:thank-you")
    assert PaymentOrder.objects.count() == 0
    assert ping.calls() == []
    assert len(mail.outbox) == 1
    assert Basket.objects.get(order=shopper.order).status == "Submitted"


def test_the_choice_is_asked_for_where_there_is_one(shopper, product, settings):
    settings.PINGPAYMENTS = {**settings.PINGPAYMENTS, "OTHER_METHODS": {"invoice": "Invoice"}}
    shopper.adds(product).goes_to_payment()

    page = shopper.client.get(reverse("checkout:payment-method"))
    assert [label for _, label in page.context["form"].fields["method"].choices] == ["Card", "Invoice"]
    choice = reverse("checkout:payment-method")
    for step in ("payment-details", "preview"):
        assert shopper.client.get(reverse(f"checkout:{step}"))["Location"] == choice
    refused = shopper.client.post(reverse("checkout:payment-method"), {"method": "barter"})
    assert refused.status_code == 200
    assert refused.context["form"].errors


def test_cards_alone_are_passed_over_where_the_shop_asks_for_that(shopper, product, settings):
    settings.PINGPAYMENTS = {**settings.PINGPAYMENTS, "SKIP_SINGLE_METHOD": True}
    shopper.adds(product).goes_to_payment()

    response = shopper.client.get(reverse("checkout:payment-method"), follow=True)

    assert [url for url, _ in response.redirect_chain] == [
        reverse("checkout:payment-details"),
        reverse("checkout:preview"),
    ]
    assert "Card" in response.content.decode()


def test_changing_the_order_cancels_it_and_gives_back_a_new_basket(heard, started, product, ping):
    old = started.order
    stock = product.stockrecords.get()
    assert stock.num_allocated == 1

    response = started.client.post(reverse("pingpayments:change", args=[started.payment_order.token]))

    assert response["Location"] == reverse("basket:summary")
    old.refresh_from_db()
    stock.refresh_from_db()
    assert old.status == "Cancelled"
    assert stock.num_allocated == 0
    assert started.payment_order.state == "cancelled"
    assert started.basket.pk != old.basket_id
    assert [(line.product, line.quantity) for line in started.basket.all_lines()] == [(product, 1)]
    assert [name for name, _ in heard][-1] == "order_cancelled"
    again = started.places_order() if started.chooses(CARD) else None
    assert again["Location"] == started.payment.pay_url
    assert started.order.number != old.number


def test_a_payment_that_arrives_while_the_payer_changes_the_order_pays_it(started, ping):
    ping.says(started.payment.ping_id, "COMPLETED")

    response = started.client.post(
        reverse("pingpayments:change", args=[started.payment_order.token]), follow=True
    )

    assert started.order.status == "Being processed"
    assert response.redirect_chain[-1][0] == reverse("checkout:thank-you")


@pytest.mark.parametrize("who", ["guest", "customer"])
def test_the_tests_short_way_leaves_what_the_checkouts_pages_leave(product, django_user_model, who):
    def shopper(name: str) -> Shopper:
        return Shopper(user=django_user_model.objects.create_user(name) if who == "customer" else None)

    walks = shopper("walks").adds(product, 2).goes_to_payment().chooses(CARD)
    jumps = shopper("jumps").has(product, 2).stands_at_preview()

    answers = [each.client.session["checkout_data"] for each in (walks, jumps)]
    assert answers[1] == {name: given for name, given in answers[0].items() if given}
    left = [
        [(line.product, line.quantity, line.price_incl_tax) for line in each.basket.lines.all()]
        for each in (walks, jumps)
    ]
    assert left[0] == left[1] != []
    assert set(jumps.client.cookies) == set(walks.client.cookies) - {"messages"}
