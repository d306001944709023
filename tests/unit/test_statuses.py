"""What Ping's words mean, which may follow which, and when Ping is asked again."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from oscar_pingpayments import statuses
from oscar_pingpayments.statuses import Meaning, Move, State, Status

NOW = datetime(2026, 3, 29, 1, 30, tzinfo=UTC)  # half an hour before Europe's clocks go forward
FAILED = [Status.DECLINED, Status.ABORTED, Status.EXPIRED, Status.CRASHED, Status.STOPPED]
WAITING = [Status.INITIATED, Status.PENDING]


@pytest.mark.parametrize("first", list(Status))
def test_any_word_may_be_the_first_one(first):
    assert statuses.move("", first) is Move.FORWARD


@pytest.mark.parametrize("word", list(Status))
def test_the_same_word_again_is_a_repeat(word):
    assert statuses.move(word, word) is Move.REPEAT


@pytest.mark.parametrize("answer", [status for status in Status if status is not Status.COMPLETED])
def test_c2_nothing_leads_away_from_money_received(answer):
    assert statuses.move("COMPLETED", answer) is Move.BACKWARD


@pytest.mark.parametrize("current", WAITING + FAILED)
def test_m5_money_may_come_after_any_other_word(current):
    assert statuses.move(current, "COMPLETED") is Move.FORWARD


@pytest.mark.parametrize("current", FAILED)
@pytest.mark.parametrize("answer", WAITING)
def test_m5_an_attempt_that_failed_does_not_wait_again(current, answer):
    assert statuses.move(current, answer) is Move.BACKWARD


def test_pending_does_not_go_back_to_initiated():
    assert statuses.move("INITIATED", "PENDING") is Move.FORWARD
    assert statuses.move("PENDING", "INITIATED") is Move.BACKWARD


@pytest.mark.parametrize("word", ["", "completed", "FUNDED", "REFUNDED", "COMPLETED "])
def test_a_word_that_is_not_a_card_payments_is_unknown_and_means_waiting(word):
    assert statuses.move("PENDING", word) is Move.UNKNOWN
    assert statuses.parse(word) is None
    assert statuses.meaning(word) is Meaning.WAITING


def test_denied_is_another_word_for_declined():
    assert statuses.parse("DENIED") is Status.DECLINED
    assert statuses.move("DECLINED", "DENIED") is Move.REPEAT


def test_completed_alone_means_paid():
    assert [status for status in Status if statuses.meaning(status) is Meaning.PAID] == [Status.COMPLETED]
    assert [status for status in Status if statuses.meaning(status) is Meaning.FAILED] == FAILED


def test_nothing_but_money_leads_away_from_the_end():
    """Money that came late, or whose refund failed after all."""
    for state in (State.REFUNDED, State.CANCELLED, State.EXPIRED):
        assert statuses.STATE_TRANSITIONS[state] == {State.PAID}


@pytest.mark.parametrize(
    ("age", "pause"),
    [
        (timedelta(0), timedelta(seconds=15)),
        (timedelta(minutes=2), timedelta(minutes=1)),
        (timedelta(minutes=10), timedelta(minutes=5)),
        (timedelta(hours=2), timedelta(hours=1)),
        (timedelta(days=40), timedelta(days=1)),
        (timedelta(days=60), None),
    ],
)
def test_a_payment_that_waits_is_asked_about_less_often_as_it_grows_old(age, pause):
    again = statuses.ask_again("PENDING", began=NOW - age, changed=NOW, now=NOW)

    assert again == (pause and NOW + pause)


@pytest.mark.parametrize(
    ("since", "days"), [(timedelta(0), 1), (timedelta(days=1), 7), (timedelta(days=7, seconds=1), 30)]
)
def test_a_final_payment_is_asked_about_after_one_seven_and_thirty_days(since, days):
    changed = NOW - since
    expected = changed + timedelta(days=days)
    assert statuses.ask_again("COMPLETED", began=changed, changed=changed, now=NOW) == expected


def test_after_thirty_days_a_final_payment_is_left_alone():
    changed = NOW - timedelta(days=30)
    assert statuses.ask_again("DECLINED", began=changed, changed=changed, now=NOW) is None


@pytest.mark.parametrize(("count", "seconds"), [(0, 15), (1, 30), (7, 1920), (8, 3600), (10_000, 3600)])
def test_asks_without_an_answer_are_repeated_later_each_time(count, seconds):
    assert statuses.after_failed_asks(count, NOW) == NOW + timedelta(seconds=seconds)
