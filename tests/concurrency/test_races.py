"""The figure that is promised of a crowd: twenty callbacks in the same instant have one effect."""

from __future__ import annotations

import time
from functools import partial

from oscar_pingpayments.models import Callback, Effect
from tests.benchmarks.figures import say

from .counter import PAID, call_back


def test_c1_twenty_callbacks_at_once_have_one_effect(counter, ping, at_once):
    (payment,) = counter.payments(1)
    ping.pay(payment.pay_url)
    ping.misbehave("get_payment", "latency", seconds=0.3, times=None)
    began = time.monotonic()

    answers = at_once(*[partial(call_back, payment)] * 20)

    took = time.monotonic() - began
    effects = Effect.objects.filter(name="confirmation", done_at__isnull=False).count()
    say("20 simultaneous callbacks, Ping at 300 ms: effects", effects, 1)
    say("20 simultaneous callbacks, Ping at 300 ms: seconds", f"{took:.2f}", "at most 1")
    assert answers == [200] * 20
    assert counter.end(payment.payment_order_id) == PAID
    assert Callback.objects.count() == 20
    counter.assert_holds()
