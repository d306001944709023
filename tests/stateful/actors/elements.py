"""What nobody does: time goes by, syncs run, Ping or the mail server breaks and is mended, processes die."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import rule

from oscar_pingpayments import facade

from ..model.world import LONGEST, World
from .faults import FAULTS
from .payers import SELDOM

#: Nothing listens there.
NOBODY = "http://127.0.0.1:9/payments"

#: Mostly less than what an unpaid order has.
TIMES = st.sampled_from(
    [
        timedelta(0),
        timedelta(seconds=30),
        timedelta(minutes=2),
        timedelta(minutes=2),
        timedelta(minutes=10),
        timedelta(minutes=20),
        timedelta(minutes=61),
        timedelta(days=1),
        timedelta(days=8),
    ]
)
#: How the time goes by in the end, until nothing can be left.
TO_THE_END = [
    timedelta(minutes=20),
    *[timedelta(hours=2)] * 3,
    *[timedelta(days=days) for days in (2, 7, 31)],
    timedelta(days=7),  # for money that was heard of no sooner, and goes back by itself
]


class Elements(World):
    @rule(fault=st.sampled_from(FAULTS), times=st.sampled_from([1, 1, 3]))
    def a_call_to_ping_goes_wrong(self, fault: tuple[str, str, dict[str, Any]], times: int) -> None:
        operation, mode, parameters = fault
        self.ping.misbehave(operation, mode, **{"times": times, **parameters})

    @rule(what=st.sampled_from(["ping", "mail", "stopping", "nothing"]))
    def something_breaks_and_the_rest_is_mended(self, what: str) -> None:
        """Ping cannot be reached, no mail can be sent, no payment can be stopped."""
        self.configure(**({"BASE_URL": NOBODY} if what == "ping" else {}))
        self.mail_works(what != "mail")
        self.ping.manners(stop_refused=what == "stopping")
        self.ping.clear_faults()

    @rule(time=TIMES, syncs=st.sampled_from([True, True, False]), dies=SELDOM)
    def some_time_passes(self, time: timedelta, syncs: bool, dies: bool) -> None:
        """And a sync runs at its end, or does not come to its own end."""
        if self.elapsed + time < LONGEST:
            self.time_passes(time)
        if syncs:
            self.will_die = dies
            self.alive(facade.sync)

    def comes_to_an_end(self) -> None:
        """Ping and the mail server work, nobody does anything, and a sync runs now and then."""
        self.something_breaks_and_the_rest_is_mended("nothing")
        for time in TO_THE_END:
            self.time_passes(time)
            self.ping.finish_refunds()
            facade.sync()
            self.everything_is_over = time is TO_THE_END[-1]
            self.everything_is_right()
