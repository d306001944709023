"""Ping: says any word at any time, also after the last one, takes other money, gives money back."""

from __future__ import annotations

from typing import Any

from django.utils import timezone
from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule

from ..model.told import FAILED, WAITING, done
from ..model.world import World
from .payers import CLICKS, WHICH

UNKNOWN = ("HELD_FOR_REVIEW", "completed", "UNDERFUNDED", "")
EVERY_WORD = st.sampled_from([*WAITING, "COMPLETED", *FAILED, "DENIED", *UNKNOWN])
#: What of a payment is given back in the portal: so many of so many parts; too much is the bank's doing.
PARTS = st.sampled_from([(1, 3), (1, 2), (1, 1), (3, 2)])


class Ping(World):
    @precondition(World.has_attempts)
    @rule(which=WHICH, word=EVERY_WORD)
    def says(self, which: int, word: str) -> None:
        """Of a payment that has not been paid, Ping says anything."""
        remote = self.at_ping(self.attempt(which))
        if remote and not has_been_paid(remote):
            self.ping.says(remote["id"], word)

    @precondition(World.has_money)
    @rule(which=WHICH, word=EVERY_WORD.filter(lambda word: word != "COMPLETED"))
    def takes_back_its_word(self, which: int, word: str) -> None:
        """Of a payment that was paid, Ping says something else: nobody knows whether it ever does."""
        self.ping.says(self.a_paid_one(which)["id"], word)

    @precondition(World.has_attempts)
    @rule(
        which=WHICH,
        changes=st.sampled_from([{"total_amount": 1}, {"total_amount": 10**9}, {"currency": "EUR"}]),
    )
    def takes_other_money(self, which: int, changes: dict[str, Any]) -> None:
        """A payment is completed with another amount or currency than was asked for."""
        remote = self.at_ping(self.attempt(which))
        if remote and not has_been_paid(remote):
            self.ping.edit(remote["id"], **changes)
            self.ping.says(remote["id"], "COMPLETED")

    @precondition(World.has_money)
    @rule(which=WHICH, part=PARTS, times=CLICKS)
    def gives_back_in_the_portal(self, which: int, part: tuple[int, int], times: int) -> None:
        """Some of the money, half of it, all; or a bank takes more than there was."""
        self.ping.finish_refunds()  # what is on its way would be too much with it
        remote = self.a_paid_one(which)
        for _ in range(times):
            remote = next(row for row in self.ping.payments() if row["id"] == remote["id"])
            refunds = remote["refunds"] or []
            amount = max(remote["total_amount"] * part[0] // part[1], 1)
            if amount <= remote["total_amount"] - sum(done(refunds)):
                self.ping.refund_in_portal(remote["id"], amount)
            elif part[0] > part[1]:
                taken = {"amount": amount, "refunded_at": timezone.now().isoformat()}
                self.ping.edit(remote["id"], refunds=[*refunds, taken])

    @precondition(lambda self: bool(self.told.refunds))
    @rule(how=st.sampled_from(["done", "done", "vanish", "fail"]))
    def what_becomes_of_refunds(self, how: str) -> None:
        """Of those that Ping has taken on. That they can fail, and how it shows, is not documented."""
        if how == "done":
            self.ping.finish_refunds()
        else:
            self.ping.fail_refunds(listed=how == "fail")

    def a_paid_one(self, which: int) -> dict[str, Any]:
        """Return a payment, of those that were paid at any time."""
        paid = [remote for remote in self.ping.payments() if has_been_paid(remote)]
        return paid[-1 - which % len(paid)]


def has_been_paid(remote: dict[str, Any]) -> bool:
    """Whether a payment was ever completed."""
    return any(entry["status"] == "COMPLETED" for entry in remote["status_history"])
