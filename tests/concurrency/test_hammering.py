"""Many look at the same order at once while Ping takes its time: one of them waits for it."""

from __future__ import annotations

import dataclasses
import time
from functools import partial

import pytest
from django.test import Client
from django.urls import reverse

from oscar_pingpayments.models import Exchange, Payment

from .counter import AWAITING, NOTHING, PAID

CROWD = 12


def look(url: str) -> tuple[int, float]:
    """Open a page in a browser of its own; return the shop's answer, and how long it took."""
    began = time.monotonic()
    return Client().get(url).status_code, time.monotonic() - began


@pytest.mark.parametrize(("page", "code"), [("state", 200), ("payment", 200), ("return", 303)])
def test_r13_of_all_who_look_at_once_one_asks_ping(counter, ping, at_once, page, code):
    (payment,) = counter.payments(1)
    token = payment.token if page == "return" else payment.payment_order.token
    url = reverse(f"pingpayments:{page}", args=[token])
    ping.misbehave("get_payment", "latency", seconds=2, times=None)

    answers = at_once(*[partial(look, url)] * CROWD)

    assert {status for status, _ in answers} == {code}
    assert Exchange.objects.filter(method="GET").count() == 1
    assert sorted(seconds for _, seconds in answers)[-2] < 2  # all but one, from the database
    assert counter.end(payment.payment_order_id) == dataclasses.replace(
        AWAITING, attempts=(("INITIATED", NOTHING, True),)
    )


def test_r13_the_one_who_asks_finds_the_money_for_all(counter, ping, at_once):
    (payment,) = counter.payments(1)
    ping.pay(payment.pay_url)
    url = reverse("pingpayments:state", args=[payment.payment_order.token])

    answers = at_once(*[partial(look, url)] * CROWD)

    assert {status for status, _ in answers} == {200}
    assert Exchange.objects.filter(method="GET").count() == 1
    assert counter.end(payment.payment_order_id) == PAID
    assert Payment.objects.get().asked_by == "page"
    assert Client().get(url).json() == {"version": "paid-1-COMPLETED-False"}
