"""What leaves the shop leaves once: the confirmation, the signal that an order is paid, word to staff."""

from __future__ import annotations

from collections import Counter

from django.core import mail

from ..model.look import Seen
from ..model.world import World


def an_order_is_confirmed_once(world: World, seen: list[Seen]) -> None:
    sent = Counter(
        number
        for message in mail.outbox
        if message.subject.startswith("Confirmation")
        for number in (each.row.order_number for each in seen)
        if number in message.body
    )
    for each in seen:
        waiting = undone(each, "confirmation")
        assert sent[each.row.order_number] + waiting == int(each.row.is_paid)
        assert not waiting or world.mail_server_is_down or world.mail_was_down


def order_paid_is_sent_once(world: World, seen: list[Seen]) -> None:
    for each in seen:
        assert world.signals["order_paid", each.row.pk, ""] == int(each.row.is_paid)


def an_order_ends_once(world: World, seen: list[Seen]) -> None:
    for each in seen:
        ended = world.signals["order_cancelled", each.row.pk, ""]
        assert ended <= 1
        if each.row.state in ("cancelled", "expired"):
            assert ended == int(not each.row.is_with_staff)


def staff_are_told_once(world: World, seen: list[Seen]) -> None:
    """By signal and by mail; of what hits every payer alike the mail is told once in an hour."""
    for each in seen:
        for reason in {about.partition("/")[0] for about in tellings(each)}:
            told = world.signals["attention_needed", each.row.pk, reason]
            if each.row.pk not in world.set_by_hand or reason != "order":
                assert told == world.owed.tellings[each.row.pk, reason], reason
            label = each.row.Attention(reason).label
            subject = f"Order {each.row.order_number} needs a person: {label}"
            mails = sum(message.subject == subject for message in mail.outbox)
            if reason in ("refused", "too_many"):
                assert mails <= told
            else:
                waiting = undone(each, "staff_mail", reason)
                assert mails + waiting <= told
                assert mails + waiting == told or world.mail_was_down


def nothing_is_left_undone_in_the_end(world: World, seen: list[Seen]) -> None:
    if world.everything_is_over:
        assert [effect for each in seen for effect in each.effects if effect.done_at is None] == []


def undone(each: Seen, name: str, reason: str = "") -> int:
    """Return how many effects of a name are still to be carried out."""
    return sum(
        effect.name == name and effect.done_at is None and effect.about.partition("/")[0] == reason
        for effect in each.effects
    )


def tellings(each: Seen) -> set[str]:
    return {effect.about for effect in each.effects if effect.name == "attention"}


CHECKS = [
    an_order_is_confirmed_once,
    order_paid_is_sent_once,
    an_order_ends_once,
    staff_are_told_once,
    nothing_is_left_undone_in_the_end,
]
