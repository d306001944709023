"""What happened, told from rows alone: no database, no Ping."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from django.utils import translation

from oscar_pingpayments.dashboard.case import Case, Record
from oscar_pingpayments.dashboard.timeline import Tone, timeline
from oscar_pingpayments.models import Effect, Payment, PaymentOrder, Refund, StaffAction
from oscar_pingpayments.statuses import Note, Status

ID = UUID("0b9ef1b0-62a5-4a4a-9f43-8f6c5e3b2d11")
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


def at(minutes: float) -> datetime:
    return NOON + timedelta(minutes=minutes)


def order(**facts: Any) -> PaymentOrder:
    return PaymentOrder(
        **{
            "order_number": "100001",
            "amount": Decimal("299.00"),
            "currency": "SEK",
            "created_at": NOON,
            **facts,
        }
    )


def attempt(number: int = 1, *history: tuple[str, float, str, str], **facts: Any) -> Payment:
    words = [
        {"status": status, "at": at(minutes).isoformat(), "by": by, "note": note}
        for status, minutes, by, note in history
    ]
    return Payment(
        **{
            "number": number,
            "currency": "SEK",
            "amount": Decimal("299.00"),
            "ping_id": ID,
            "created_at": at(1),
            "sent_at": at(1),
            "history": words,
            **facts,
        }
    )


def refund(**facts: Any) -> Refund:
    payment = attempt()
    return Refund(**{"payment": payment, "amount": Decimal("50.00"), "created_at": at(5), **facts})


def bare(words: object) -> str:
    """Return words without the spaces inside of amounts, which Babel's releases do not agree about."""
    return str(words).replace("\xa0", "")


def told(
    payment_order: PaymentOrder | None = None,
    *,
    payments: list[Payment] | None = None,
    refunds: list[Refund] | None = None,
    **record: Any,
) -> list[tuple[float, str, str, Tone]]:
    """Return the story without its beginning: minutes, title, detail, tone."""
    case = Case(payment_order or order(), payments or [], refunds or [])
    events = timeline(case, Record(**record))
    assert [event.at for event in events] == sorted(event.at for event in events)
    return [
        ((event.at - NOON).total_seconds() / 60, bare(event.title), bare(event.detail), event.tone)
        for event in events
    ][1:]


def test_it_begins_with_the_order():
    (event,) = timeline(Case(order(), [], []), Record())

    assert (event.at, bare(event.title), bare(event.detail), event.tone) == (
        NOON,
        "The order was placed",
        "SEK299.00 is to be paid.",
        Tone.PLAIN,
    )


def test_a_declined_card_another_one_and_money_back():
    bosse = StaffAction(name="refund", by="Bosse Berg", detail="Broken lantern", at=at(60))
    payments = [
        attempt(1, ("DECLINED", 2, "callback", ""), reason="Insufficient funds", status="DECLINED"),
        attempt(
            2,
            ("PENDING", 4, "page", ""),
            ("COMPLETED", 5, "return", ""),
            sent_at=at(3),
            amount_received=Decimal("299.00"),
        ),
    ]

    assert told(
        order(state="paid", paid_at=at(5)),
        payments=payments,
        refunds=[refund(origin="shop", sent_at=at(60), refunded_at=at(61), message="Sorry")],
        actions=[bosse],
        effects=[Effect(name="confirmation", done_at=at(6)), Effect(name="order_paid", done_at=at(6))],
    ) == [
        (1, "The payer was sent to PaymentIQ's card page", "", Tone.PLAIN),
        (2, "Declined: “Insufficient funds”", "Ping called the shop, and the shop asked Ping.", Tone.BAD),
        (3, "The payer tried again (attempt 2)", "", Tone.PLAIN),
        (
            4,
            "The payment was under way",
            "The shop asked Ping for the page that the payer was looking at.",
            Tone.PLAIN,
        ),
        (5, "Paid: SEK299.00", "The shop asked Ping when the payer came back.", Tone.GOOD),
        (6, "The order confirmation was sent", "", Tone.PLAIN),
        (60, "Bosse Berg asked for a refund", "Broken lantern", Tone.PERSON),
        (61, "SEK50.00 was given back", "", Tone.GOOD),
    ]


@pytest.mark.parametrize("status", list(Status))
def test_each_of_pings_words_is_told(status):
    ((_, title, _, tone),) = told(payments=[attempt(1, (status, 2, "sync", ""), sent_at=None)])

    assert status.value not in title
    assert (tone is Tone.GOOD) == (status is Status.COMPLETED)


@pytest.mark.parametrize("by", ["callback", "return", "page", "sync", "staff", "payer", "refund"])
def test_it_is_told_how_the_shop_learnt(by):
    ((_, _, detail, _),) = told(payments=[attempt(1, ("PENDING", 2, by, ""), sent_at=None)])

    assert "Ping" in detail


def test_one_who_asked_that_nobody_knows_is_passed_over():
    assert told(payments=[attempt(1, ("PENDING", 2, "their_script", ""), sent_at=None)]) == [
        (2, "The payment was under way", "", Tone.PLAIN)
    ]


@pytest.mark.parametrize(
    ("word", "note", "title"),
    [
        ("FLYING", "unknown", "Ping used a word that this version does not know: nothing was changed"),
        ("PENDING", "backward", "Ping went back on its word: nothing was changed"),
        ("COMPLETED", "identity", "Ping answered about another payment: nothing was changed"),
    ],
)
def test_what_was_not_believed(word, note, title):
    assert told(payments=[attempt(1, (word, 2, "callback", note), sent_at=None)]) == [
        (2, title, f"{word}. Ping called the shop, and the shop asked Ping.", Tone.BAD)
    ]


@pytest.mark.parametrize("note", list(Note))
def test_each_reason_for_changing_nothing_is_told_in_words(note):
    ((_, title, _, tone),) = told(payments=[attempt(1, ("PENDING", 2, "sync", note), sent_at=None)])

    assert title.endswith(": nothing was changed")
    assert tone is Tone.BAD


def test_what_ping_does_not_know():
    assert told(payments=[attempt(1, ("", 2, "sync", "missing"), sent_at=None)]) == [
        (
            2,
            "Ping does not know the payment: nothing was changed",
            "The shop asked Ping by itself, as it does now and then.",
            Tone.BAD,
        )
    ]


def test_words_and_notes_of_another_version_are_told_as_they_are():
    payment = attempt(1, ("FUNDED", 2, "callback", ""), ("COMPLETED", 3, "x", "some note"), sent_at=None)

    assert [(title, detail) for _, title, detail, _ in told(payments=[payment])] == [
        ("FUNDED", "Ping called the shop, and the shop asked Ping."),
        ("some note", "COMPLETED. "),
    ]


def test_attempts_that_did_not_begin():
    payments = [
        attempt(1, error="null_value", ping_id=None),
        attempt(2, ping_id=None, sent_at=at(2)),
        attempt(3, ping_id=None, sent_at=None),
    ]

    assert told(payments=payments) == [
        (1, "Attempt 1 could not begin", "null_value", Tone.BAD),
        (
            2,
            "Attempt 2 was sent to Ping, and no answer came",
            "Whether Ping has it is found out by asking.",
            Tone.BAD,
        ),
    ]


@pytest.mark.parametrize(
    ("facts", "expected"),
    [
        (
            {"refunded_at": at(9), "origin": "ping"},
            (9, "SEK50.00 was given back", "Not asked for in this shop: found at Ping.", Tone.GOOD),
        ),
        (
            {"refunded_at": at(9), "sent_at": at(7), "origin": "automatic"},
            (
                9,
                "SEK50.00 was given back",
                "By the shop itself: the order did not need this money.",
                Tone.GOOD,
            ),
        ),
        ({"refunded_at": at(9)}, (9, "SEK50.00 was given back", "", Tone.GOOD)),
        (
            {"sent_at": at(7), "error": "too late"},
            (7, "SEK50.00 was not given back", "too late", Tone.BAD),
        ),
        ({"error": "too late"}, (5, "SEK50.00 was not given back", "too late", Tone.BAD)),
        ({"sent_at": at(7), "ping_id": ID}, (7, "SEK50.00 is on its way back", "", Tone.PLAIN)),
        (
            {"sent_at": at(7)},
            (
                7,
                "SEK50.00 is to be given back, and whether Ping has the refund is not known yet",
                "",
                Tone.BAD,
            ),
        ),
        ({}, (5, "SEK50.00 is to be given back", "", Tone.PLAIN)),
    ],
)
def test_how_a_refund_stands(facts, expected):
    assert told(refunds=[refund(**facts)]) == [expected]


@pytest.mark.parametrize(
    ("state", "title"),
    [
        ("cancelled", "The order was cancelled, and what it held was given back"),
        ("expired", "The time to pay ran out: the order was cancelled, and what it held was given back"),
        ("paid", "The order ended"),
    ],
)
def test_the_end_of_an_order(state, title):
    assert told(order(state=state, ended_at=at(60))) == [(60, title, "", Tone.BAD)]


def test_who_cancelled_is_told_once():
    cancelled = StaffAction(name="cancel", by="Bosse Berg", at=at(60))

    assert told(order(state="cancelled", ended_at=at(60)), actions=[cancelled]) == [
        (60, "Bosse Berg cancelled the order", "", Tone.PERSON)
    ]


def test_what_needed_attention_and_who_was_told():
    effects = [
        Effect(name="attention", about="duplicate/2", created_at=at(3)),
        Effect(name="attention", about="late/1/77.", created_at=at(4)),
        Effect(name="staff_mail", about="duplicate/2", created_at=at(3), done_at=at(3.5)),
        Effect(name="staff_mail", about="late/1", created_at=at(4)),
    ]

    assert told(effects=effects) == [
        (3, "Needed attention: Paid twice", "", Tone.BAD),
        (3.5, "Staff were told by e-mail", "", Tone.PLAIN),
        (4, "Needed attention: Paid after the order was cancelled", "", Tone.BAD),
    ]


@pytest.mark.parametrize("name", [name for name in Effect.Name if "mail" in name or name == "confirmation"])
def test_every_e_mail_that_left_is_told(name):
    ((minutes, title, _, tone),) = told(effects=[Effect(name=name, created_at=at(3), done_at=at(4))])

    assert (minutes, tone) == (4, Tone.PLAIN)
    assert title.startswith(("The payer was ", "Staff were ", "The order confirmation was "))


def test_a_confirmation_that_could_not_be_sent():
    effects = [
        Effect(name="confirmation", created_at=at(3), error="SMTPException", tries=2),
        Effect(name="confirmation", created_at=at(3)),
        Effect(name="refund", created_at=at(3), done_at=at(3)),
    ]

    assert told(effects=effects) == [
        (3, "Not sent yet: e-mail: order confirmation", "Tried 2 times: SMTPException", Tone.BAD)
    ]


@pytest.mark.parametrize("name", StaffAction.Name.values)
def test_everything_that_staff_do_is_told_with_their_name(name):
    action = StaffAction(name=name, by="Bosse % Berg", detail="Why", at=at(3))

    ((_, title, detail, tone),) = told(actions=[action])

    assert title.startswith("Bosse % Berg ")
    assert (detail, tone) == ("Why", Tone.PERSON)


def test_what_staff_of_another_version_did_is_told_too():
    ((_, title, _, _),) = told(actions=[StaffAction(name="polished", by="Bosse", at=at(3))])

    assert title == "Bosse: polished"


def test_amounts_are_told_in_the_language_of_whoever_reads():
    with translation.override("sv"):
        (event,) = timeline(Case(order(amount=Decimal("1299.00")), [], []), Record())

    assert bare(event.detail) == "1299,00kr ska betalas."
