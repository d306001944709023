"""The figures we promise: how often Ping is called and the database is asked. Printed by ``make bench``."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from oscar.core.loading import get_model

from oscar_pingpayments import facade
from tests.benchmarks.figures import count_queries, say
from tests.shopper import CARD, Shopper, create_product

from .conftest import call_back

#: What Oscar's rows need when an order becomes paid and its confirmation is sent, whatever its size.
OSCARS_OWN = 24


def call(token: str) -> Any:
    """Make Ping's call, from where Ping is: a client without a session."""
    url = reverse("pingpayments:callback", args=[token])
    return Client().post(url, '{"status": "COMPLETED"}', content_type="application/json")


def placing(method: str, product) -> tuple[Shopper, int]:
    shopper = Shopper().adds(product).goes_to_payment().chooses(method)
    with count_queries() as counted:
        assert shopper.places_order().status_code == 302
    return shopper, counted.total


def test_from_checkout_to_redirect_ping_is_called_twice_over_one_connection(shopper, product, ping):
    shopper.adds(product).goes_to_payment().chooses(CARD)
    before = len(ping.calls())

    shopper.places_order()

    calls = ping.calls()[before:]
    say("checkout to redirect: calls to Ping", len(calls), 2)
    say("checkout to redirect: connections", len({call["connection"] for call in calls}), 1)
    assert [call["method"] for call in calls] == ["POST", "POST"]
    assert len({call["connection"] for call in calls}) == 1


def test_placing_an_order_by_card_adds_few_queries_to_oscars_own(ping, settings):
    settings.PINGPAYMENTS = {**settings.PINGPAYMENTS, "OTHER_METHODS": {"invoice": "Invoice"}}
    product = create_product(stock=500)
    placing("invoice", product)  # warms the caches that both use
    placing(CARD, product)
    _, stock = placing("invoice", product)

    _, card = placing(CARD, product)

    say("placing by card: queries added to Oscar's own", card - stock, "at most 15")
    assert card - stock <= 15


def test_c6_a_callback_with_an_unknown_token_costs_one_query(ping):
    calls = len(ping.calls())

    with count_queries() as counted:
        response = call(token="x" * 43)

    # Django's FlatpageFallbackMiddleware, which Oscar shops have, looks every 404 up as well.
    say("callback with an unknown token: queries of ours", len(counted.ours), "at most 1")
    assert response.status_code == 404
    assert len(counted.ours) <= 1
    assert not [sql for sql in counted.others if "flatpage" not in sql and "django_site" not in sql]
    assert len(ping.calls()) == calls


def test_c1_a_repeated_callback_of_a_finished_payment_costs_two_queries_and_no_call(started, ping):
    ping.pay(started.payment.pay_url)
    call_back(started)
    token = started.payment.token
    calls = len(ping.calls())

    with count_queries() as counted:
        call(token)

    say("repeated callback of a finished payment: queries", counted.total, "at most 2")
    assert counted.total <= 2
    assert len(ping.calls()) == calls


@pytest.mark.parametrize("lines", [1, 50])
def test_a_callback_that_completes_a_payment_costs_the_same_for_any_lines(shopper, ping, lines, monkeypatch):
    monkeypatch.setattr(get_model("order", "Order"), "cascade", {})  # which Oscar carries out line by line
    shopper.buys(*[create_product(f"Lantern {number}") for number in range(lines)])
    ping.pay(shopper.payment.pay_url)
    token = shopper.payment.token
    calls = len(ping.calls())

    with count_queries() as counted:
        response = call(token)

    say(f"callback that completes a payment, {lines} lines: queries of ours", len(counted.ours), "at most 8")
    say(f"callback that completes a payment, {lines} lines: Oscar's", len(counted.others), "-")
    assert response.status_code == 200
    assert len(ping.calls()) - calls == 1
    assert len(counted.ours) <= 8, "\n".join(counted.ours)
    assert len(counted.others) <= OSCARS_OWN, "\n".join(counted.others)
    assert shopper.payment_order.is_paid


def test_the_page_that_polls_asks_ping_at_most_once_in_a_few_seconds(started, ping):
    calls = len(ping.calls())

    for _ in range(5):
        started.sees("state")

    assert len(ping.calls()) - calls == 1
    assert facade.refreshing.PAGE_INTERVAL.total_seconds() >= 3
