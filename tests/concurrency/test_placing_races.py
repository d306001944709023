"""Two clicks, two tabs: one order, one basket, one page to pay on, and no error page for anybody."""

from __future__ import annotations

import dataclasses
from collections import Counter
from functools import partial

import pytest
from django.test import Client
from django.urls import reverse
from oscar.core.loading import get_model

from oscar_pingpayments import facade
from oscar_pingpayments.checkout import second_click
from oscar_pingpayments.models import Payment, PaymentOrder

from .counter import AWAITING, CANCELLED, NOTHING, QUANTITY, copy_of, place

Order = get_model("order", "Order")
Basket = get_model("basket", "Basket")


@pytest.mark.parametrize("who", ["guest", "customer", "customer with two browsers"])
def test_s1_place_order_clicked_twice(
    counter, ping, race, rounds, fewer_rounds, in_turn, monkeypatch, django_user_model, who
):
    monkeypatch.setattr(second_click, "_PAUSE", 0.02)  # it waits by itself; that is no race
    score = race(f"S1 place order clicked twice by a {who}", "one", "other")
    rounds = rounds if who == "guest" else fewer_rounds
    customers = [
        None if who == "guest" else django_user_model.objects.create_user(f"{n}", f"{n}@example.org")
        for n in range(rounds)
    ]
    browsers = [(customer, counter.browser(customer)) for customer in customers]

    for customer, browser in in_turn(browsers):
        one = copy_of(browser)
        other = counter.other_browser(customer) if who.endswith("two browsers") else copy_of(browser)

        answers = score.run(one=partial(place, one), other=partial(place, other))

        counter.held += 1
        payment = Payment.objects.select_related("payment_order__order").order_by("-pk").first()
        assert {actor: answer["Location"] for actor, answer in answers.items()} == {
            "one": payment.pay_url,
            "other": payment.pay_url,
        }
        assert counter.end(payment.payment_order_id) == AWAITING
        assert payment.payment_order.order.basket.status == "Submitted"
        score.won(score.teller("payment_started"))
    assert Order.objects.count() == PaymentOrder.objects.count() == Payment.objects.count() == rounds
    assert len(ping.orders()) == len(ping.payments()) == rounds
    assert set(Basket.objects.filter(lines__isnull=False).values_list("status", flat=True)) == {"Submitted"}
    counter.assert_holds()
    score.assert_both_orders_occurred()


def test_s1_try_again_in_two_tabs(counter, ping, race, fewer_rounds, in_turn):
    score = race("S1 try again in two tabs", "one", "other")
    payments = counter.payments(fewer_rounds)

    for payment in in_turn(payments):
        ping.says(payment.ping_id, "DECLINED")
        url = reverse("pingpayments:pay", args=[payment.payment_order.token])
        facade.refresh(payment.pk, by="test")
        one, other = Client(), Client()

        answers = score.run(one=partial(one.post, url), other=partial(other.post, url))

        again = payment.payment_order.payments.get(number=2)
        # Who comes while the other still waits for Ping's answer is shown our own page, which goes on
        # to the same one.
        waiting = reverse("pingpayments:payment", args=[payment.payment_order.token])
        places = Counter(answer["Location"] for answer in answers.values())
        assert [answer.status_code for answer in answers.values()] == [303, 303]
        assert places[again.pay_url] >= 1
        assert places[again.pay_url] + places[waiting] == 2
        assert [tab.post(url)["Location"] for tab in (one, other)] == [again.pay_url] * 2
        assert counter.end(payment.payment_order_id) == dataclasses.replace(
            AWAITING, attempts=(("DECLINED", NOTHING, None), ("", NOTHING, True))
        )
        score.won(score.teller("payment_started"))
        score.notes["both sent to Ping's page"] += places[again.pay_url] == 2
    assert len(ping.payments()) == 2 * fewer_rounds
    counter.assert_holds()
    score.assert_both_orders_occurred()


@pytest.mark.parametrize("who", ["guest", "customer", "customer with an open basket"])
def test_s1_change_my_order_clicked_twice(counter, ping, race, fewer_rounds, in_turn, django_user_model, who):
    """Whichever answer the browser ends on, everything is in its basket, once, and nothing is held."""
    score = race(f"S1 change my order clicked twice by a {who}", "one", "other")
    customers = [
        None if who == "guest" else django_user_model.objects.create_user(f"{n}", f"{n}@example.org")
        for n in range(fewer_rounds)
    ]
    summary = reverse("basket:summary")
    payers = counter.payers([counter.browser(customer) for customer in customers])

    for browser, payment in in_turn(payers):
        url = reverse("pingpayments:change", args=[payment.payment_order.token])
        if who == "customer with an open basket":
            browser.get(summary)
        one, other = copy_of(browser), copy_of(browser)

        answers = score.run(one=partial(one.post, url), other=partial(other.post, url))

        counter.held -= 1
        assert [(answer.status_code, answer["Location"]) for answer in answers.values()] == [
            (303, summary)
        ] * 2
        assert counter.end(payment.payment_order_id) == CANCELLED
        for tab in (one, other):
            basket = tab.get(summary).context["basket"]
            lines = [(line.product_id, line.quantity) for line in basket.all_lines()]
            assert lines == [(counter.product.pk, QUANTITY)]
            assert [voucher.code for voucher in basket.vouchers.all()] == ["WELCOME"]
        score.won(score.teller("order_cancelled"))
    counter.assert_holds()
    score.assert_both_orders_occurred()
