"""A person is asked for wherever something does not fit, and nowhere else."""

from __future__ import annotations

from ..model.look import Seen
from ..model.owed import MONEY, PASSES_WITH_PAYMENT
from ..model.told import Word
from ..model.world import World

REASONS = {
    "misnamed": "identity",
    "changed": "changed",
    "refused": "refused",
}


def work_out_what_is_owed(world: World, seen: list[Seen]) -> None:
    """Follow what Ping has said since the last step, word for word."""
    orders = {str(each.row.ping_id): each for each in seen}
    for word in world.told.news():
        each = orders[word.order]
        if word.what == "unknown":
            world.owed.arises(each.row.pk, "unknown_status", number_of(each, word))
        elif word.what in REASONS:
            world.owed.arises(each.row.pk, REASONS[word.what])
        elif word.what == "not known":
            world.owed.arises(each.row.pk, "identity", number_of(each, word))
        elif word.what == "known":
            world.owed.passes(each.row.pk, "identity", number_of(each, word))
        elif word.what in ("moved", "repeated"):
            world.owed.passes(each.row.pk, "unknown_status", number_of(each, word))
        elif word.what == "overdrawn":
            world.owed.arises(each.row.pk, "amount")
        elif word.what == "paid":
            money_came(world, each, word)
    for each in seen:
        money_went(world, each)


def number_of(each: Seen, word: Word) -> str:
    return next(str(row.row.number) for row in each.attempts if str(row.row.ping_id) == word.payment)


def money_came(world: World, each: Seen, word: Word) -> None:
    attempt = next(row for row in each.attempts if str(row.row.ping_id) == word.payment)
    world.came.append(word.payment)
    number = str(attempt.row.number)
    if attempt is each.payer:
        for reason in PASSES_WITH_PAYMENT:
            world.owed.passes(each.row.pk, reason)
    elif not attempt.fits:
        world.owed.arises(each.row.pk, "amount", number)
    else:
        reason = "duplicate" if is_paid_by_now(world, each) else "late"
        if world.is_set("REFUND_DUPLICATES" if reason == "duplicate" else "REFUND_LATE"):
            world.to_go_back.add(attempt.row.pk)
        else:
            world.owed.arises(each.row.pk, reason, number)


def is_paid_by_now(world: World, each: Seen) -> bool:
    """Whether the order was paid by an attempt whose money had come before the last one's."""
    return bool(each.payer and each.payer.told and each.payer.told.id in world.came)


def money_went(world: World, each: Seen) -> None:
    """Follow the refunds that are not where they should be."""
    for attempt in each.attempts:
        for refund in attempt.refunds:
            about = str(refund.pk)
            missed = refund.missed_at and refund.missed_at + world.elapsed
            if missed is None:
                missed = refund.state == "refused" and refund.origin == "automatic"
            elif missed == world.missed.get(refund.pk):
                continue
            if missed and missed != world.missed.get(refund.pk):
                world.owed.arises(each.row.pk, "refund", about)
            elif not missed:
                world.owed.passes(each.row.pk, "refund", about)
            world.missed[refund.pk] = missed


def a_person_is_asked_for_where_something_is_owed(world: World, seen: list[Seen]) -> None:
    for each in seen:
        owed = world.owed.reasons(each.row.pk)
        attention = each.row.attention
        if attention == "stuck" or (attention == "order" and each.row.pk in world.set_by_hand):
            continue
        assert bool(attention) == bool(owed), (attention, owed)
        assert not attention or attention in owed, (attention, owed)
        if owed & MONEY:
            assert attention in MONEY, (attention, owed)


def money_that_goes_back_by_itself_is_asked_for_once(world: World, seen: list[Seen]) -> None:
    for each in seen:
        automatic = [int(effect.about) for effect in each.effects if effect.name == "refund"]
        assert sorted(automatic) == sorted(
            attempt.row.number for attempt in each.attempts if attempt.row.pk in world.to_go_back
        )
        for attempt in each.attempts:
            asked = world.told.refunds[str(attempt.row.ping_id)]
            assert asked <= sum(refund.origin != "ping" for refund in attempt.refunds)


def a_refund_that_ping_does_not_make_is_for_a_person(world: World, seen: list[Seen]) -> None:
    for each in seen:
        for refund in (refund for attempt in each.attempts for refund in attempt.refunds):
            if world.everything_is_over and refund.state in ("unknown", "accepted", "intended"):
                assert refund.missed_at is not None


CHECKS = [
    work_out_what_is_owed,
    a_person_is_asked_for_where_something_is_owed,
    money_that_goes_back_by_itself_is_asked_for_once,
    a_refund_that_ping_does_not_make_is_for_a_person,
]
