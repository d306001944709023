"""The way to Ping: its answers are lost or make no sense, and what was sent arrives after all."""

from __future__ import annotations

from contextlib import suppress
from datetime import timedelta
from typing import Any

import requests
from django.utils.timezone import now
from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule

from oscar_pingpayments.models import Payment
from oscar_pingpayments.simulator import API_SECRET, TENANT_ID

from ..model.told import LATE
from .faults import NO_ANSWER
from .payers import WHICH, Payers

#: For so long what was sent may be on its way: nothing holds it back for longer.
ON_ITS_WAY = timedelta(seconds=50)
MOSTLY = st.sampled_from([True, True, False])
HEADERS = {"tenant_id": TENANT_ID, "x-api-secret": API_SECRET, "Accept": "application/json", LATE: "yes"}


class Network(Payers):
    @precondition(lambda self: bool(self.open_attempts()))
    @rule(which=WHICH, fault=st.sampled_from(NO_ANSWER), looks=st.booleans(), arrives=MOSTLY)
    def try_again_and_get_no_answer(
        self, which: int, fault: tuple[str, dict[str, Any]], looks: bool, arrives: bool
    ) -> None:
        """Fail, begin another attempt of which no answer comes, and look at how it stands while it waits."""
        found = self.open_attempts()
        payment = found[-1 - which % len(found)]
        self.ends_at_ping(payment, "DECLINED")
        self.comes_back(payment)
        self.ping_answers(fault)
        self.tries_again(payment.payment_order)
        if looks:
            self.comes_back(self.attempt(0))
        if arrives:
            self.look()
            self.arrive(self.on_their_way()[-1:])

    @precondition(lambda self: bool(self.on_their_way()))
    @rule(looks=st.booleans())
    def what_was_on_its_way_arrives(self, looks: bool) -> None:
        """Whatever the shop has done meanwhile."""
        calls = self.on_their_way()
        if looks:
            self.comes_back(self.attempt(0))
        self.arrive(calls)

    def open_attempts(self) -> list[Payment]:
        """Return the attempts that may still be paid."""
        return [payment for payment in self.attempts if payment.live]

    def on_their_way(self) -> list[dict[str, Any]]:
        """Return the calls that begin an attempt which Ping has not got yet, oldest first."""
        if not self.told.unanswered:
            return []
        young = Payment.objects.select_related("payment_order").filter(sent_at__gt=now() - ON_ITS_WAY)
        calls = [
            self.told.unanswered.get((str(row.payment_order.ping_id), str(row.number)))
            for row in young.order_by("pk")
            if self.at_ping(row) is None
        ]
        return [call for call in calls if call]

    def arrive(self, calls: list[dict[str, Any]]) -> None:
        for call in calls:
            with suppress(requests.RequestException):
                requests.post(
                    f"{self.ping.url}{call['path']}", json=call["body"], headers=HEADERS, timeout=10
                )
