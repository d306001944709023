"""Attempts that Ping has and nobody should pay any more: found, stopped, and looked after until they end."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from oscar_pingpayments import facade
from oscar_pingpayments.models import Payment


def let_it_be_due(shopper):
    Payment.objects.update(ask_again_at=timezone.now())


@pytest.mark.parametrize("kind", ["truncated", "missing_pay_url", "foreign_host"])
def test_s7_an_attempt_whose_answer_made_no_sense_is_found_at_ping_and_stopped(shopper, product, ping, kind):
    ping.misbehave("initiate_payment", "malformed", kind=kind)
    shopper.buys(product)
    lost = shopper.payment
    assert (lost.ping_id, lost.live, lost.outcome_unknown) == (None, None, False)
    assert lost.ask_again_at - lost.created_at < timedelta(minutes=2)

    let_it_be_due(shopper)
    facade.sync()

    (remote,) = ping.payments()
    assert remote["status"] == "STOPPED"
    assert str(shopper.payment.ping_id) == remote["id"]
    assert shopper.order.status == "Pending"
    assert shopper.payment_order.attention == "refused"


def test_s7_money_that_comes_for_an_attempt_whose_answer_made_no_sense_pays_the_order(shopper, product, ping):
    ping.misbehave("initiate_payment", "malformed", kind="missing_pay_url")
    shopper.buys(product)
    ping.says(ping.payments()[0]["id"], "COMPLETED")

    let_it_be_due(shopper)
    facade.sync()

    assert shopper.order.status == "Being processed"
    assert shopper.payment_order.attention == ""


def test_a_refused_attempt_is_not_looked_for(shopper, product, ping):
    ping.misbehave("initiate_payment", "status", status=422)

    shopper.buys(product)

    assert shopper.payment.ask_again_at is None


def test_an_attempt_that_ping_did_not_stop_when_its_order_ended_is_stopped_when_it_is_asked_about(
    started, ping
):
    ping.misbehave("stop_payment", "status", status=500, times=None)
    started.client.post(reverse("pingpayments:change", args=[started.payment_order.token]))
    assert started.order.status == "Cancelled"
    assert ping.payments()[0]["status"] == "INITIATED"
    ping.clear_faults()

    let_it_be_due(started)
    facade.sync()

    assert ping.payments()[0]["status"] == "STOPPED"
    stops = sum(call["operation"] == "stop_payment" for call in ping.calls())
    let_it_be_due(started)
    facade.sync()
    assert started.payment.status == "STOPPED"
    let_it_be_due(started)
    facade.sync()
    assert sum(call["operation"] == "stop_payment" for call in ping.calls()) == stops
