"""What others need goes down: Ping for a day, the cache for good. Nothing is lost, and nothing storms."""

from __future__ import annotations

from collections import Counter

import pytest
from django.core import mail
from django.core.cache.backends.base import BaseCache
from django.urls import reverse

from oscar_pingpayments import facade
from oscar_pingpayments.facade import syncing
from oscar_pingpayments.models import Payment, PaymentOrder

from .books import confirmed
from .conftest import call_back, come_back

PAYERS = 9


@pytest.fixture
def payers(several, ping):
    """The attempts of payers at PaymentIQ's page: every third pays, every third is declined."""
    payments = several(PAYERS)
    for paid, declined in zip(payments[::3], payments[1::3], strict=True):
        ping.pay(paid.pay_url)
        ping.decline(declined.pay_url)
    return payments


def test_o2_ping_is_down_for_a_day_and_comes_back(payers, ping, clock, change):
    change(TIMEOUT=(0.2, 0.2))  # too short for a second try, and for its pause
    ping.misbehave("*", "status", status=503, times=None)
    asked_in_an_hour = []

    for hour in range(24):
        before = len(ping.calls())
        for _ in range(4):
            clock.passes(minutes=15)
            summary = facade.sync()
            assert (summary.ended, summary.failed, summary.asked) == (0, 0, 0), hour
        asked_in_an_hour.append(len(ping.calls()) - before)

    # Each is put off by up to an hour: in the end it is asked about once in that time, and no oftener.
    assert max(asked_in_an_hour[6:]) <= PAYERS
    assert sum(asked_in_an_hour) > 24
    assert set(PaymentOrder.objects.values_list("state", "attention")) == {("awaiting", "")}
    assert mail.outbox == []

    ping.clear_faults()
    change(TIMEOUT=(5, 5))
    clock.passes(hours=1)
    before = len(ping.calls())
    facade.sync()

    operations = Counter((call["operation"], call["path"]) for call in ping.calls()[before:])
    assert max(operations.values()) <= 2  # once because it is due, and once before its order ends
    assert list(PaymentOrder.objects.order_by("pk").values_list("state", flat=True)) == [
        "paid",
        "expired",
        "expired",
    ] * (PAYERS // 3)
    assert len(confirmed()) == PAYERS // 3
    assert set(Payment.objects.values_list("failed_asks", flat=True)) == {0}


def test_o2_an_ill_ping_is_asked_a_few_times_in_each_sync_and_no_more(payers, ping, clock, change):
    change(TIMEOUT=(0.2, 0.2))
    ping.misbehave("*", "refuse", times=None)
    clock.passes(minutes=1)

    summary = facade.sync()

    assert summary.ping_is_ill
    assert summary.unanswered == syncing.GIVE_UP_AFTER
    assert Payment.objects.filter(failed_asks__gt=0).count() == syncing.GIVE_UP_AFTER
    assert Payment.objects.filter(ask_again_at__lte=clock.now()).count() == PAYERS - syncing.GIVE_UP_AFTER


def test_o2_what_gathered_while_ping_was_down_is_asked_about_at_the_usual_pace(payers, clock, monkeypatch):
    clock.passes(minutes=1)
    waited = []
    wait = syncing.Pace.wait
    monkeypatch.setattr(syncing.Pace, "wait", lambda pace, stopped: waited.append(1) or wait(pace, stopped))

    assert facade.sync(rate=1000).asked == PAYERS

    assert len(waited) == PAYERS


# The cache and the broker


class BrokenCache(BaseCache):
    """A cache whose server is gone."""

    def __init__(self, location: str, params: dict[str, object]) -> None:
        super().__init__(params)

    def _fail(self, *args: object, **kwargs: object) -> None:
        raise ConnectionError("the cache is down")

    add = get = set = touch = delete = clear = incr = has_key = get_many = set_many = delete_many = _fail


@pytest.fixture
def without_cache(settings):
    settings.CACHES = {"default": {"BACKEND": f"{__name__}.BrokenCache"}}


def test_o17_without_a_cache_orders_are_placed_declined_tried_again_and_paid(
    shopper, product, ping, without_cache
):
    shopper.buys(product)
    assert b"declined the payment" in come_back(shopper, ping.decline(shopper.payment.pay_url)).content
    shopper.client.post(reverse("pingpayments:pay", args=[shopper.payment_order.token]))
    back = ping.pay(shopper.payment.pay_url)
    assert call_back(shopper).status_code == 200

    assert come_back(shopper, back).status_code == 200
    assert shopper.order.status == "Being processed"
    assert len(mail.outbox) == 1


def test_o17_without_a_cache_or_a_broker_the_sync_finishes_and_ends_orders(
    payers, product, clock, without_cache
):
    clock.passes(hours=2)

    summary = facade.sync()

    assert (summary.paid, summary.ended, summary.failed) == (PAYERS // 3, PAYERS * 2 // 3, 0)
    assert len(confirmed()) == PAYERS // 3
    assert product.stockrecords.get().num_allocated == PAYERS // 3


def test_o17_without_a_cache_attempts_are_limited_all_the_same(started, ping, change, without_cache):
    """Counts and alerts are kept in the database."""
    change(ATTEMPTS={"per_order": 1})
    come_back(started, ping.decline(started.payment.pay_url))

    started.client.post(reverse("pingpayments:pay", args=[started.payment_order.token]))

    assert Payment.objects.count() == 1
    assert started.payment_order.attention == "too_many"
