"""What Ping has told the shop so far, taken from Ping's side of the wire, and what must follow from it.

Knows nothing of the shop's own tables: a status may only grow, in the order in which ``RANK`` has it.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from typing import Any

WAITING = ("INITIATED", "PENDING")
FAILED = ("DECLINED", "ABORTED", "EXPIRED", "CRASHED", "STOPPED")
RANK = {"": 0, "INITIATED": 1, "PENDING": 2, **dict.fromkeys(FAILED, 3), "COMPLETED": 4}
ALIASES = {"DENIED": "DECLINED"}

#: Of which all orders are.
CURRENCY = "SEK"

#: With these Ping says that it has not taken a call on; it may be made again.
NOT_TAKEN_ON = (408, 425, 429)

#: A call with this header is one that the shop made earlier: nobody waits for its answer any more.
LATE = "X-Late"

_IDS = re.compile(r"/payment_orders/([0-9a-f-]{36})(?:/payments(?:/([0-9a-f-]{36}))?)?")


@dataclass
class Told:
    """One payment at Ping as the shop was told of it."""

    id: str
    order: str
    word: str = ""
    last: str = ""
    #: What was said last, and that is not the same again: (word, what it was).
    news: tuple[str, str] = ("", "")
    #: What had come (in the smallest unit, and of which currency) when Ping first said so.
    money: tuple[int, str] | None = None
    refunds: list[int] = field(default_factory=list)
    #: What Ping has, or may have, taken on to give back, and has not told the end of; and what has failed.
    on_their_way: list[int] = field(default_factory=list)
    failed: list[int] = field(default_factory=list)
    #: Of which currency all of this is, "" as long as nothing was said.
    currency: str = ""

    @property
    def left(self) -> int:
        """What can still be given back."""
        return (self.money[0] if self.money else 0) - sum(self.refunds) - sum(self.on_their_way)

    def lists(self, refunds: list[dict[str, Any]] | None) -> bool:
        """Take in the refunds that Ping lists; return whether there are any that have ended since.

        What is done or has failed is not on its way any more.
        """
        before, now = self.refunds + self.failed, done(refunds) + failed(refunds)
        ended = list((Counter(now) - Counter(before)).elements())
        for amount in ended:
            if amount in self.on_their_way:
                self.on_their_way.remove(amount)
        self.refunds, self.failed = done(refunds), failed(refunds)
        return bool(ended)


@dataclass(frozen=True)
class Word:
    """Something that Ping said, in the order in which it did: ``what`` it was, about which payment."""

    #: "moved", "repeated", "backward", "changed", "paid", "unknown", "misnamed", "not known", "known",
    #: "refused", "overdrawn": more has gone back of an order by now than had come
    what: str
    order: str
    payment: str = ""


class Hearsay:
    """Follows what Ping says. ``payments`` are those that the shop has learnt of, by Ping's id."""

    def __init__(self, ping: Any) -> None:
        self._ping = ping
        self._heard = 0
        self._new: list[Word] = []
        self._found: set[str] = set()  # in lists, since it was listened last
        self.payments: dict[str, Told] = {}
        #: How often Ping took on, or may have taken on, a refund of each payment.
        self.refunds: Counter[str] = Counter()
        #: The refunds that were asked for, of more than was left: (of which payment, how much).
        self.too_much: list[tuple[str, int]] = []
        #: The calls that no answer came to, by the attempt that each begins: (payment order, its number).
        self.unanswered: dict[tuple[str, str], dict[str, Any]] = {}
        #: The calls about each payment since the last step: (what for, about which).
        self.calls: Counter[tuple[str, str]] = Counter()

    def listen(self, held: Collection[str], *, but_the_last: bool = False, last_is_read: bool = True) -> None:
        """Take in what was said since. ``but_the_last``: nobody lived to read the last answer.

        Where the shop has not read the last answer yet, it is left for next time. ``held`` are the payments
        of which the shop has the ids by now. One whose answer was lost or made no sense is learnt of from
        Ping's list, where it was that attempt that the shop looked up: so one listens after each call.
        """
        calls = self._ping.calls(since=self._heard)
        if not last_is_read:
            calls = calls[:-1]
        self._heard += len(calls)
        self._found.clear()
        for call in calls[: len(calls) - but_the_last]:
            self._new += self._take(call, held)

    def news(self) -> list[Word]:
        """Return what was said since this was asked last."""
        news, self._new = self._new, []
        return news

    def _take(self, call: dict[str, Any], held: Collection[str]) -> Iterator[Word]:
        found = _IDS.search(call["path"])
        if found is None or LATE in call["headers"]:
            return
        order, payment = found.groups()
        self.calls[call["operation"], payment] += 1
        answer = call["answer"] if call["status"] == 200 else None
        if call["operation"] == "get_payment" and call["status"] == 404:
            yield from self._deny(self.payments[payment])
        elif call["operation"] == "get_payment" and isinstance(answer, dict):
            yield from self._tell(self.payments[payment], answer)
        elif call["operation"] == "get_payment_order" and isinstance(answer, dict):
            for row in answer["payments"]:
                # Of two who ask at once, both have read a list before either knew the payment's id.
                if row["id"] in held and row["id"] not in self.payments.keys() - self._found:
                    self._found.add(row["id"])
                    yield from self._tell(self.payments.get(row["id"]) or self._learn(order, row["id"]), row)
        elif call["operation"] == "refund_payment":
            self._ask_back(self.payments[payment], call["body"]["amount"], call["status"])
        elif call["operation"] == "initiate_payment":
            if call["status"] >= 500:
                self.unanswered[order, call["body"]["metadata"]["attempt"]] = call
            yield from self._begin(order, call["status"], answer)

    def _deny(self, told: Told) -> Iterator[Word]:
        if told.news[1] != "not known":
            told.news = ("", "not known")
            yield Word("not known", told.order, told.id)

    def _begin(self, order: str, status: int, answer: Any) -> Iterator[Word]:
        if status == 200:
            answer = answer if isinstance(answer, dict) else {}
            url = answer.get("provider_method_response", {}).get("pay_url", "")
            if url.startswith(self._ping.url):
                self._learn(order, answer["id"])
                return
        if status == 200 or not (status in NOT_TAKEN_ON or may_have_been_taken_on(status)):
            yield Word("refused", order)

    def _ask_back(self, told: Told, amount: int, status: int) -> None:
        if amount > told.left:
            self.too_much.append((told.id, amount))
        if may_have_been_taken_on(status):
            self.refunds[told.id] += 1
            told.on_their_way.append(amount)

    def _learn(self, order: str, payment: str) -> Told:
        self.payments[payment] = Told(payment, order)
        return self.payments[payment]

    def _tell(self, told: Told, answer: dict[str, Any]) -> Iterator[Word]:
        if "status" not in answer:
            return
        if (answer["id"], answer["payment_order_id"]) != (told.id, told.order):
            told.news = (answer["status"], "misnamed")
            yield Word("misnamed", told.order, told.id)
            return
        yield Word("known", told.order, told.id)
        told.last = answer["status"]
        word = ALIASES.get(told.last, told.last)
        if word not in RANK or not word:
            what = "unknown"
        elif RANK[word] > RANK[told.word]:
            what, told.word = "moved", word
        else:
            what = "repeated" if word == told.word else "backward"
        if (told.last, what) != told.news:
            (_, before), told.news = told.news, (told.last, what)
            if what == "backward" and told.money and word in FAILED:
                yield Word("changed", told.order, told.id)
            elif what != "repeated" or before not in ("moved", "repeated"):  # else it was never away
                yield Word(what, told.order, told.id)
        if what == "moved" and word == "COMPLETED":
            told.money = (answer["total_amount"], answer["currency"])
            yield Word("paid", told.order, told.id)
        told.currency = answer["currency"]
        if told.lists(answer["refunds"]) and self._is_overdrawn(told.order):
            yield Word("overdrawn", told.order, told.id)

    def _is_overdrawn(self, order: str) -> bool:
        ours = [each for each in self.payments.values() if (each.order, each.currency) == (order, CURRENCY)]
        came = sum(each.money[0] for each in ours if each.money)
        return sum(sum(each.refunds) for each in ours) > came


def may_have_been_taken_on(status: int) -> bool:
    """Whether a call with this answer may have done something."""
    return not 400 <= status < 500


def done(refunds: list[dict[str, Any]] | None) -> list[int]:
    """Return the amounts of the refunds that Ping lists as carried out."""
    return [entry["amount"] for entry in refunds or [] if entry["refunded_at"]]


def failed(refunds: list[dict[str, Any]] | None) -> list[int]:
    """Return the amounts of the refunds that Ping lists as failed."""
    return [entry["amount"] for entry in refunds or [] if entry.get("status") == "FAILED"]
