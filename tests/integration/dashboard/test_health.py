"""Callback health: what came, what did not, and a test call that is waited for."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from oscar_pingpayments import facade
from oscar_pingpayments.dashboard import health
from oscar_pingpayments.models import Callback, Payment, PaymentOrder
from tests.integration.shop.conftest import call_back
from tests.shopper import Shopper

PAGE = "dashboard:payments-health"


def shown(desk: Client, **asked: object) -> health.Health:
    return desk.get(reverse(PAGE), asked).context["health"]


def syncs() -> None:
    Payment.objects.update(ask_again_at=timezone.now())
    facade.sync()


def test_what_a_callback_settled_is_not_missed(desk, started, ping):
    ping.pay(started.payment.pay_url)
    call_back(started)

    found = shown(desk)

    assert [(str(by), count) for by, count in found.settled_by] == [("Ping's callback", 1)]
    assert found.outcomes == [("Ping was asked", 1)]
    assert (found.settled, found.missing, found.rescued, found.is_ill) == (1, 0, [], False)
    assert found.newest == Callback.objects.get().at


def test_c16_what_the_sync_had_to_find_out_is_shown_as_missing(desk, started, ping):
    ping.decline(started.payment.pay_url)
    syncs()

    found = shown(desk)
    page = desk.get(reverse(PAGE)).content.decode()

    assert [(str(by), count) for by, count in found.settled_by] == [("the sync", 1)]
    assert (found.missing, found.rescued, found.is_ill) == (1, [started.payment], True)
    assert "For most payments that have ended no callback came." in page
    assert (
        f'{reverse("dashboard:payments-detail", args=[started.payment_order.pk])}">{started.order.number}</a>'
        in page
    )


def test_c11_calls_that_were_refused_are_counted(desk, started, change):
    change(
        CALLBACK_SIGNATURE={"header": "X-Signature", "keys": ["11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo="]}
    )
    call_back(started)

    assert shown(desk).outcomes == [("refused: the signature is missing or wrong", 1)]


def test_what_still_waits_is_neither_settled_nor_missing(desk, started):
    found = shown(desk)

    assert (found.settled, found.missing, found.is_ill, found.newest) == (0, 0, False, None)


def test_orders_of_before_the_period_are_not_in_it(desk, started, ping):
    ping.pay(started.payment.pay_url)
    call_back(started)
    PaymentOrder.objects.update(created_at=timezone.now() - timedelta(days=10))

    assert shown(desk).settled == 0
    assert shown(desk, first=timezone.localdate() - timedelta(days=11)).settled == 1


def test_a_period_that_is_none_is_said_to_be_none(desk):
    response = desk.get(reverse(PAGE), {"first": "2026-03-02", "last": "2026-03-01"})

    assert "The last day is before the first." in response.content.decode()
    assert response.context["health"] is None


def test_the_page_says_when_the_sync_last_ran(desk, shop):
    assert "never: run pingpayments_sync every minute" in desk.get(reverse(PAGE)).content.decode()

    facade.sync()

    assert "never: run" not in desk.get(reverse(PAGE)).content.decode()


# The test call


@pytest.fixture
def public(live_server, settings, change):
    """A shop that Ping can reach."""
    change(PUBLIC_URL=live_server.url)
    return live_server


def poke(desk: Client) -> None:
    response = desk.post(reverse("dashboard:payments-poke"))
    assert (response.status_code, response["Location"]) == (302, reverse(PAGE))


@pytest.mark.django_db(transaction=True)
def test_a_test_call_that_arrives_is_said_to_have_arrived(desk, public, ping):
    poke(desk)

    for _ in range(100):
        response = desk.get(reverse(PAGE))
        if not response.context["look_again"]:
            break
    page = response.content.decode()

    assert f"Ping called {public.url}/pingpayments/callback/…/, and it arrived." in page
    assert 'http-equiv="refresh"' not in page
    assert "it arrived" not in desk.get(reverse(PAGE)).content.decode()


def test_a_test_call_that_has_not_come_yet_is_waited_for(desk, ping, change):
    change(PUBLIC_URL="http://127.0.0.1:9")
    poke(desk)

    page = desk.get(reverse(PAGE)).content.decode()

    assert '<meta http-equiv="refresh" content="2">' in page
    assert "Waiting for Ping&#x27;s test call." in page or "Waiting for Ping's test call." in page
    assert "Let Ping make a test call" not in page


def test_c16_a_test_call_that_does_not_come_is_explained(desk, ping, change, monkeypatch):
    change(PUBLIC_URL="http://127.0.0.1:9")
    monkeypatch.setattr(health, "PATIENCE", 0)
    poke(desk)

    page = desk.get(reverse(PAGE)).content.decode()

    assert "Ping was asked to call http://127.0.0.1:9/pingpayments/callback/…/, and nothing arrived" in page
    assert "This machine cannot reach it either" in page
    assert "nothing arrived" not in desk.get(reverse(PAGE)).content.decode()


def test_without_a_public_address_it_is_the_one_that_staff_use(desk, ping):
    poke(desk)

    assert desk.session["pingpayments_poke"]["origin"] == "http://testserver"


def test_where_ping_refuses_its_words_are_shown(desk, ping):
    ping.misbehave("poke", "status", status=422, body={"errors": [{"error": "unreachable_url"}]})
    poke(desk)

    page = desk.get(reverse(PAGE)).content.decode()

    assert "Ping did not want to call http://testserver/pingpayments/callback/…/: unreachable_url" in page


def test_o8_who_may_only_look_is_not_offered_the_test_call(staff, shop, started: Shopper):
    desk = staff("view")

    assert "Let Ping make a test call" not in desk.get(reverse(PAGE)).content.decode()
    assert desk.post(reverse("dashboard:payments-poke")).status_code == 403
