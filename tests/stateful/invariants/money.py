"""Money recorded is money at Ping, and an order is paid at most once."""

from __future__ import annotations

from collections import Counter
from decimal import Decimal

from ..model.look import Attempt, Seen
from ..model.told import done
from ..model.world import World


def every_attempt_is_as_ping_told(world: World, seen: list[Seen]) -> None:
    for attempt in all_attempts(seen):
        row, told = attempt.row, attempt.told
        assert row.status == (told.word if told else "")
        assert row.amount_received * 100 == attempt.money
        refunded = Counter(refund.amount * 100 for refund in attempt.refunds if refund.refunded_at)
        assert refunded == Counter(attempt.given_back)


def every_payment_that_ping_named_is_known(world: World, seen: list[Seen]) -> None:
    """And no other; those that Ping did not get to name are the subject of ``waiting``."""
    assert world.known_payments() == set(world.told.payments)


def orders_add_up(world: World, seen: list[Seen]) -> None:
    for each in seen:
        paid = sum(attempt.money for attempt in each.attempts)
        refunded = sum(sum(attempt.given_back) for attempt in each.attempts)
        assert each.row.amount_paid * 100 == paid
        assert each.row.amount_refunded * 100 == min(paid, refunded)


def an_order_is_paid_by_one_attempt_that_fits(world: World, seen: list[Seen]) -> None:
    for each in seen:
        assert each.row.is_paid == (each.payer is not None) == (each.row.paid_at is not None)
        if each.payer:
            assert each.payer.fits
        if each.row.state == "awaiting":
            assert not any(attempt.fits for attempt in each.attempts)


def a_fully_refunded_order_says_so(world: World, seen: list[Seen]) -> None:
    for each in seen:
        if each.row.state == "paid":
            assert each.row.amount_refunded < each.row.amount_paid


def oscars_books_add_up(world: World, seen: list[Seen]) -> None:
    for each in seen:
        row, source = each.row, each.source
        expected = row.amount if row.state == "awaiting" else Decimal(0)
        assert source.amount_allocated == max(row.amount_paid, expected)
        assert source.amount_debited == row.amount_paid == sum(each.booked("Debit"))
        assert (
            source.amount_refunded == row.amount_refunded == min(sum(each.booked("Refund")), row.amount_paid)
        )
        events = Counter({"Paid": 0, "Refunded": 0})
        for event in each.events:
            events[event.event_type.name] += event.amount
        assert events == {"Paid": sum(each.booked("Debit")), "Refunded": sum(each.booked("Refund"))}
        received = [one.row.amount_received for one in each.attempts if one.row.status == "COMPLETED"]
        assert Counter(each.booked("Debit")) == Counter(received)
        refunds = [refund for attempt in each.attempts for refund in attempt.refunds if refund.refunded_at]
        assert Counter(each.booked("Refund")) == Counter(refund.amount for refund in refunds)


def no_more_is_asked_back_than_is_left(world: World, seen: list[Seen]) -> None:
    """Whatever Ping would say to it: what may be on its way back is not there any more."""
    assert world.told.too_much == []


def all_of_pings_money_is_here_in_the_end(world: World, seen: list[Seen]) -> None:
    if not world.everything_is_over:
        return
    attempts = {str(attempt.row.ping_id): attempt for attempt in all_attempts(seen)}
    for remote in world.ping.payments():
        attempt = attempts[remote["id"]]
        assert attempt.told
        assert attempt.told.last == remote["status"]
        assert attempt.told.refunds == done(remote["refunds"])
        if remote["status"] == "COMPLETED" and remote["currency"] == attempt.row.currency:
            assert attempt.row.amount_received * 100 == remote["total_amount"]


def all_attempts(seen: list[Seen]) -> list[Attempt]:
    return [attempt for each in seen for attempt in each.attempts]


CHECKS = [
    every_attempt_is_as_ping_told,
    every_payment_that_ping_named_is_known,
    an_order_is_paid_by_one_attempt_that_fits,
    orders_add_up,
    a_fully_refunded_order_says_so,
    oscars_books_add_up,
    no_more_is_asked_back_than_is_left,
    all_of_pings_money_is_here_in_the_end,
]
