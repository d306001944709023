"""How Ping misbehaves while it is asked and while it calls back: at random, and never twice the same."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable
from random import Random
from typing import Any

from django.db import connection
from django.utils import timezone

from oscar_pingpayments.models import Callback
from oscar_pingpayments.simulator.testing import PingSimulator

#: The shop's requests between two faults, and the seconds between two ways of making callbacks.
FAULTS = (2, 12)
CALLBACKS = (0.4, 1.5)
#: How often, of ten times, Ping has second thoughts about a payment that has failed: it is paid after all.
SECOND_THOUGHTS = 1
#: How often Ping does not stop payments: whether cards can be stopped is not documented.
STOP_REFUSED = 0.3

#: What may go wrong, how often beside each other; "*" is any call.
Fault = tuple[int, str, str, dict[str, Any]]
WRONG: tuple[Fault, ...] = (
    (12, "*", "latency", {"seconds": 0.4}),
    (3, "*", "latency", {"seconds": 1.5}),
    (4, "*", "refuse", {}),
    (4, "*", "drop_before", {}),
    (4, "*", "drop_after", {}),
    (1, "initiate_payment", "drop_after", {}),
    (1, "*", "silent", {"seconds": 3, "acts": False}),
    (1, "*", "silent", {"seconds": 3, "acts": True}),
    (3, "*", "status", {"status": 500}),
    (3, "*", "status", {"status": 502, "acts": True, "body": "<h1>Bad gateway</h1>"}),
    (2, "*", "status", {"status": 503, "headers": {"Retry-After": "2"}}),
    (1, "*", "status", {"status": 429, "headers": {"Retry-After": "1"}}),
    (2, "stop_payment", "status", {"status": 504, "acts": True}),
    (1, "create_payment_order", "malformed", {"kind": "not_json"}),
    (1, "create_payment_order", "malformed", {"kind": "truncated"}),
    (1, "initiate_payment", "malformed", {"kind": "truncated"}),
    (1, "initiate_payment", "malformed", {"kind": "missing_pay_url"}),
    (1, "initiate_payment", "malformed", {"kind": "foreign_host"}),
    (1, "initiate_payment", "malformed", {"kind": "new_fields"}),
    (2, "get_payment", "malformed", {"kind": "not_json"}),
    (2, "get_payment", "malformed", {"kind": "empty"}),
    (2, "get_payment", "malformed", {"kind": "truncated"}),
    (2, "get_payment", "malformed", {"kind": "missing_status"}),
    (1, "get_payment", "malformed", {"kind": "wrong_payment_id"}),
    (1, "get_payment", "malformed", {"kind": "unknown_status"}),
)


class Weather:
    """Makes faults, and loses, delays, doubles and shuffles callbacks, until told to stop."""

    def __init__(self, ping: PingSimulator, chance: Random, handled: Callable[[], int]) -> None:
        """``handled`` says how many requests the shop has handled: the more, the more goes wrong."""
        self.faults: Counter[str] = Counter()
        self.second_thoughts = 0
        self.lost = 0
        self._ping = ping
        self._chance = chance
        self._handled = handled

    def faults_come(self, stopped: threading.Event) -> None:
        """Let one call after the other go wrong."""
        after = 0
        while not stopped.wait(0.02):
            if self._handled() < after:
                continue
            after = self._handled() + self._chance.randint(*FAULTS)
            (fault,) = self._chance.choices(WRONG, weights=[each[0] for each in WRONG])
            _, operation, mode, parameters = fault
            self._ping.misbehave(operation, mode, times=self._chance.choice((1, 1, 2)), **parameters)
            self.faults[mode] += 1

    def callbacks_come(self, stopped: threading.Event) -> None:
        """Change again and again how callbacks are made; at the end they are made as they should be."""
        ways: tuple[Callable[[], None], ...] = (
            self._at_once,
            self._doubled,
            self._late,
            self._lost,
            self._shuffled,
        )
        while not stopped.wait(self._chance.uniform(*CALLBACKS)):
            self._deliver_some()
            self._chance.choices(ways, weights=(4, 3, 3, 1, 3))[0]()
            self._ping.manners(stop_refused=self._chance.random() < STOP_REFUSED)
            if self._chance.randrange(10) < SECOND_THOUGHTS:
                self._think_again()
        self._deliver_some()
        self._at_once()

    def _at_once(self) -> None:
        self._ping.send_callbacks()

    def _doubled(self) -> None:
        self._ping.send_callbacks(copies=self._chance.choice((2, 3)))

    def _late(self) -> None:
        self._ping.send_callbacks(delay=self._chance.uniform(0.2, 2))

    def _lost(self) -> None:
        self._ping.lose_callbacks()

    def _shuffled(self) -> None:
        self._ping.hold_callbacks()

    def _deliver_some(self) -> None:
        """Make callbacks that were held, in any order; lose some of them."""
        held = [callback["number"] for callback in self._ping.callbacks()]
        if not held:
            return
        kept = self._chance.sample(held, k=round(len(held) * self._chance.uniform(0.5, 1)))
        self._ping.deliver(*kept[:5])  # one after the other: more would take too long
        self.lost += len(held) - len(kept[:5])
        self._ping.drop_callbacks()

    def _think_again(self) -> None:
        failed = [each for each in self._ping.payments() if each["status"] in ("DECLINED", "ABORTED")]
        if not failed:
            return
        payment_id = self._chance.choice(failed)["id"]
        since = timezone.now()
        self._ping.says(payment_id, "COMPLETED")
        self.second_thoughts += 1
        # Of a payment that had failed the shop learns by a callback, or the next day: one must come.
        told = Callback.objects.filter(payment__ping_id=payment_id, at__gt=since)
        while not told.exists():
            self._ping.forge(payment_id)
        connection.close()
