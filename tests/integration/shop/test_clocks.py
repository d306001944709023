"""Clocks that are wrong, zones and the days on which clocks are changed: the time to pay stays what it is."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from django.core import mail
from django.utils import timezone

from oscar_pingpayments import facade

from .conftest import call_back

#: The nights in 2026 in which clocks are changed in Stockholm, at one o'clock UTC; and a plain one.
NIGHTS = {
    "forward": datetime(2026, 3, 29, 0, 30, tzinfo=UTC),
    "back": datetime(2026, 10, 25, 0, 30, tzinfo=UTC),
    "plain": datetime(2026, 6, 1, 0, 30, tzinfo=UTC),
}


def is_awaiting_after(shopper, clock, **time: float) -> bool:
    clock.passes(**time)
    facade.sync()
    return shopper.payment_order.is_awaiting


@pytest.mark.parametrize("zone", ["Europe/Stockholm", "UTC", "America/Los_Angeles", "Australia/Lord_Howe"])
@pytest.mark.parametrize("night", NIGHTS.values(), ids=list(NIGHTS))
def test_o3_an_order_has_sixty_minutes_in_whatever_night_and_zone(
    shopper, product, clock, settings, night, zone
):
    settings.TIME_ZONE = zone
    clock.ahead = night - datetime.now(UTC)
    shopper.buys(product)

    with timezone.override(ZoneInfo(zone)):
        assert is_awaiting_after(shopper, clock, minutes=59)
        assert not is_awaiting_after(shopper, clock, minutes=2)

    assert shopper.payment_order.state == "expired"


@pytest.mark.parametrize("minutes", [-30, -5, 5, 30])
def test_o3_a_shop_whose_clock_is_not_pings_gives_its_payers_their_time(
    shopper, product, ping, clock, minutes
):
    clock.passes(minutes=minutes)
    shopper.buys(product)

    assert is_awaiting_after(shopper, clock, minutes=59)

    ping.pay(shopper.payment.pay_url)
    assert call_back(shopper).status_code == 200
    assert shopper.order.status == "Being processed"


@pytest.mark.parametrize("minutes", [-30, -5, 5, 30])
def test_o3_a_clock_that_is_put_right_meanwhile_loses_no_payment(started, ping, clock, minutes):
    """It may end the order sooner or later by as much; what is asked, written and sent comes right."""
    facade.refresh(started.payment.pk, by="page")
    clock.passes(minutes=minutes)
    ping.pay(started.payment.pay_url)

    assert call_back(started).status_code == 200

    assert started.order.status == "Being processed"
    assert len(mail.outbox) == 1
    clock.passes(days=2)
    ping.refund_in_portal(started.payment.ping_id, 29900)
    facade.sync()
    assert started.payment_order.state == "refunded"


def test_o3_an_answer_of_a_server_whose_clock_is_behind_counts_as_well(started, ping, clock):
    """Two of the shop's servers: the second one's clock is five minutes behind the first one's."""
    facade.refresh(started.payment.pk, by="page")
    clock.passes(minutes=-5)
    ping.pay(started.payment.pay_url)

    facade.refresh(started.payment.pk, by="page")

    assert (started.payment.status, started.payment_order.state) == ("COMPLETED", "paid")


def test_o3_pings_times_are_kept_as_the_instants_that_they_are(started, ping):
    ping.pay(started.payment.pay_url)
    call_back(started)
    remote = ping.payments()[0]
    refunds = [{"amount": 29900, "refunded_at": "2026-10-25T02:30:00+01:00"}]
    ping.edit(remote["id"], refunds=refunds)

    facade.refresh(started.payment.pk, by="test")

    assert started.payment.refunds.get().refunded_at == datetime(2026, 10, 25, 1, 30, tzinfo=UTC)
