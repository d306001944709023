"""A payer has two card pages open and pays on both: the order is paid by one, and a person sees the other."""

from __future__ import annotations

import dataclasses
from functools import partial
from typing import Any

from django.core import mail

from oscar_pingpayments import facade
from oscar_pingpayments.models import Payment

from .counter import CONTEXT, PAID, QUANTITY, TOTAL, call_back, needing, rest

BOTH = needing(
    "duplicate",
    dataclasses.replace(
        PAID,
        paid=2 * TOTAL,
        attempts=PAID.attempts * 2,
        sources=((2 * TOTAL, 2 * TOTAL, PAID.sources[0][2]),),
        transactions=PAID.transactions * 2,
        events=(("Paid", TOTAL, ()), ("Paid", TOTAL, (QUANTITY,))),
    ),
)


def test_m1_two_attempts_complete_at_once(counter, ping, race, fewer_rounds, in_turn):
    score = race("M1 two attempts complete", "first", "second")

    def second_page(first: Payment) -> Payment:
        ping.says(first.ping_id, "DECLINED")
        facade.refresh(first.pk, by="test")
        return facade.start(first.payment_order_id, CONTEXT)

    def attempts() -> list[tuple[Payment, Payment]]:
        made = [(first, second_page(first)) for first in counter.payments(fewer_rounds)]
        rest()
        return made

    def complete(payment: Any) -> int:
        ping.says(payment.ping_id, "COMPLETED")
        return call_back(payment)

    for first, second in in_turn(attempts()):
        answers = score.run(first=partial(complete, first), second=partial(complete, second))

        assert answers == {"first": 200, "second": 200}
        end = counter.end(first.payment_order_id)
        assert dataclasses.replace(end, events=tuple(sorted(end.events))) == BOTH
        assert sorted(name for name, _ in score.told) == ["attention_needed", "order_paid"]
        score.won(score.teller("order_paid"))
        assert len(mail.outbox) == 1
    counter.assert_holds()
    score.assert_both_orders_occurred()
