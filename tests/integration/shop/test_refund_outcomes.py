"""What becomes of a refund that Ping has, or may have: lost, listed, failed, missing, done elsewhere."""

from __future__ import annotations

from contextlib import nullcontext
from datetime import timedelta
from decimal import Decimal
from uuid import uuid4

import pytest
from django.db import OperationalError, connection
from django.utils import timezone

from oscar_pingpayments import facade
from oscar_pingpayments.exceptions import OutcomeUnknownError, RejectedError
from oscar_pingpayments.ledger import listed
from oscar_pingpayments.models import Payment, PaymentOrder, Refund, StaffAction
from oscar_pingpayments.statuses import RefundState

from .answers import let_ping_answer, refunded
from .refunding import TOTAL, asked, carried_out, refunded_events, sums

FIFTY, HUNDRED = Decimal("50.00"), Decimal("100.00")
AT, LATER = "2026-03-01T12:00:00Z", "2026-03-02T12:00:00Z"


def hear(shopper, ping, *entries, **changes) -> None:
    """Let Ping list these refunds, and ask."""
    payment = Payment.objects.select_related("payment_order").get()
    let_ping_answer(ping, payment, **{"total_amount": 105600, "refunds": list(entries), **changes})
    facade.refresh(payment.pk, by="test")


def entry(amount: int, at: str | None = AT, **more) -> dict[str, object]:
    """Return a refund as Ping lists it."""
    return {"amount": amount, "refunded_at": at, **more}


@pytest.fixture
def lost(bought, ping, change) -> Refund:
    """A refund of 50.00 whose answer was lost on its way: Ping has it."""
    change(TIMEOUT=(0.5, 0.5))
    ping.misbehave("refund_payment", "drop_after")
    with pytest.raises(OutcomeUnknownError):
        bought.refund(amount=FIFTY, key="a")
    return Refund.objects.get()


@pytest.fixture
def accepted(bought) -> Refund:
    """A refund of 50.00 that Ping has taken on."""
    return bought.refund(amount=FIFTY)


# F3: the answer was lost


def test_f3_a_refund_whose_answer_was_lost_is_looked_up_and_never_sent_again(lost, bought, ping, heard):
    assert lost.state is RefundState.UNKNOWN
    assert bought.payment_order.attention == "refund"
    assert bought.payment_order.attention_detail == "Whether Ping has the refund of 50.00 is not known."
    assert sums(bought) == (0, 0, 0)
    assert bought.payment.ask_again_at < timezone.now() + timedelta(minutes=2)
    with pytest.raises(facade.NotRefundableError, match=r"Only 1006\.00"):
        bought.refund(amount=TOTAL)
    with pytest.raises(facade.RefundExistsError, match="whether Ping has it is not known"):
        bought.refund(amount=FIFTY, key="a")

    ping.finish_refunds()
    Payment.objects.update(ask_again_at=timezone.now())
    assert facade.sync().asked == 1

    lost.refresh_from_db()
    assert lost.state is RefundState.DONE
    assert sums(bought) == (FIFTY, FIFTY, FIFTY)
    assert bought.payment_order.attention == ""  # it has settled itself
    assert len(asked(ping)) == 1
    assert [facts["refund"] for name, facts in heard if name == "refund_done"] == [lost]


def test_f3_an_answer_that_cannot_be_read_is_no_answer(bought, ping):
    ping.misbehave("refund_payment", "malformed", kind="not_json")

    with pytest.raises(OutcomeUnknownError):
        bought.refund(amount=FIFTY)

    assert Refund.objects.get().state is RefundState.UNKNOWN


def test_f3_a_refund_that_ping_lists_as_waiting_is_known_to_be_there(lost, bought, ping):
    ping.manners(lists_waiting_refunds=True)

    facade.refresh(bought.payment.pk, by="test")

    lost.refresh_from_db()
    assert (lost.state, lost.status) == (RefundState.ACCEPTED, "PENDING")
    assert bought.payment.ask_again_at > timezone.now()


def test_f3_a_process_that_died_while_it_asked_leaves_a_refund_that_a_sync_tells_of(bought, ping):
    """It had written down that it asks, and nobody knows whether it came to that."""
    made = bought.refund(amount=FIFTY)
    Refund.objects.update(ping_id=None, status="", sent_at=timezone.now() - listed.NO_ANSWER)

    for _ in range(2):
        facade.refresh(bought.payment.pk, by="test")

    made.refresh_from_db()
    assert made.state is RefundState.UNKNOWN
    assert bought.payment_order.attention == "refund"
    assert PaymentOrder.objects.get().effects.filter(name="staff_mail").count() == 1
    assert len(asked(ping)) == 1
    facade.resolve(bought.payment_order.pk, person=facade.Person("Berit"), note="Asked Ping")
    facade.refresh(bought.payment.pk, by="test")
    assert bought.payment_order.attention == ""  # staff know


def test_f3_a_refund_that_is_being_asked_for_just_now_is_not_missed(bought, ping):
    bought.refund(amount=FIFTY)
    Refund.objects.update(ping_id=None, status="")

    facade.refresh(bought.payment.pk, by="test")

    assert bought.payment_order.attention == ""


def test_f3_an_answer_that_is_lost_after_ping_has_listed_the_refund_is_not_missed(bought, ping, in_between):
    """A callback was faster than the answer that never came."""
    ping.misbehave("refund_payment", "drop_after")
    in_between("POST", "/refund", lambda: carried_out(bought, ping))

    assert bought.refund(amount=FIFTY).state is RefundState.DONE

    assert bought.payment_order.attention == ""
    assert sums(bought) == (FIFTY, FIFTY, FIFTY)


def test_f10_a_callback_that_is_faster_than_the_answer_records_it_once(bought, ping, in_between, heard):
    in_between("POST", "/refund", lambda: carried_out(bought, ping))

    made = bought.refund(amount=FIFTY)

    assert made.ping_id is not None
    assert Refund.objects.get() == made
    assert made.state is RefundState.DONE
    assert sums(bought) == (FIFTY, FIFTY, FIFTY)
    assert [name for name, _ in heard].count("refund_done") == 1


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(("failures", "state"), [(2, "accepted"), (3, "unknown")])
def test_c8_pings_answer_is_written_at_the_third_try_or_looked_up_later(
    transactional_db, buyer, ping, failures, state
):
    """The database gives up on what Ping has just answered: it is not asked again all the same."""
    ping.pay(buyer.payment.pay_url)
    facade.refresh(buyer.payment.pk, by="test")
    left = failures

    def fail(execute, sql, params, many, context):
        nonlocal left
        if left and sql.startswith("UPDATE") and "pingpayments_refund" in sql and "status" in sql:
            left -= 1
            raise OperationalError("deadlock detected")
        return execute(sql, params, many, context)

    with (
        connection.execute_wrapper(fail),
        pytest.raises(OperationalError) if failures == 3 else nullcontext(),
    ):
        buyer.refund(key="a")

    assert Refund.objects.get().state == state
    assert len(asked(ping)) == 1
    carried_out(buyer, ping)
    assert sums(buyer) == (TOTAL, TOTAL, TOTAL)


# A person sets it aside


def test_a_refund_that_ping_does_not_have_is_set_aside_and_can_be_made_again(bought, ping, staff):
    ping.misbehave("refund_payment", "drop_before")
    with pytest.raises(OutcomeUnknownError):
        bought.refund(amount=TOTAL)
    lost = Refund.objects.get()

    aside = facade.set_refund_aside(lost.pk, person=staff, note="Not in the portal")

    assert (aside.state, aside.error) == (RefundState.FAILED, "Not in the portal")
    assert bought.payment_order.attention == ""
    action = StaffAction.objects.get()
    assert (action.name, action.by, action.detail) == (
        "refund_aside",
        "Berit",
        "1056.00 SEK: Not in the portal",
    )
    again = bought.refund()
    carried_out(bought, ping)
    again.refresh_from_db()
    assert again.state is RefundState.DONE
    assert sums(bought) == (TOTAL, TOTAL, TOTAL)
    aside.refresh_from_db()
    assert aside.state is RefundState.FAILED


def test_a_refund_that_ping_lists_after_all_cannot_be_set_aside(lost, bought, ping, staff):
    ping.finish_refunds()

    with pytest.raises(facade.NotRefundableError, match="not on its way: Refunded"):
        facade.set_refund_aside(lost.pk, person=staff, note="Not in the portal")

    assert sums(bought) == (FIFTY, FIFTY, FIFTY)
    assert not StaffAction.objects.exists()


def test_while_another_refund_is_missing_staff_must_look(lost, bought, ping, staff):
    ping.misbehave("refund_payment", "drop_before")
    with pytest.raises(OutcomeUnknownError):
        bought.refund(amount=Decimal("20.00"))

    facade.set_refund_aside(lost.pk, person=staff, note="Not in the portal")

    assert bought.payment_order.attention == "refund"


def test_a_refund_that_was_never_sent_cannot_be_set_aside(bought, staff):
    waiting = Refund.objects.create(payment=bought.payment, amount=FIFTY, origin="automatic")

    with pytest.raises(facade.NotRefundableError, match="Not sent to Ping yet"):
        facade.set_refund_aside(waiting.pk, person=staff, note="")


def test_a_refund_that_was_set_aside_and_came_after_all_is_recorded_once(lost, bought, ping, staff):
    facade.set_refund_aside(lost.pk, person=staff, note="Not in the portal")

    carried_out(bought, ping)

    assert Refund.objects.get() == lost
    assert Refund.objects.get().state is RefundState.DONE
    assert sums(bought) == (FIFTY, FIFTY, FIFTY)


# F4: accepted, and then not done


@pytest.mark.parametrize("listed_as_failed", [True, False])
def test_f4_a_refund_that_fails_later_is_shown_and_can_be_tried_again(
    bought, ping, staff, heard, listed_as_failed
):
    made = bought.refund()
    ping.fail_refunds(listed=listed_as_failed)
    Refund.objects.update(sent_at=timezone.now() - listed.OVERDUE - timedelta(hours=1))

    for _ in range(3):
        facade.refresh(bought.payment.pk, by="test")

    made.refresh_from_db()
    if listed_as_failed:
        assert (made.state, made.error, made.status) == (RefundState.FAILED, "FAILED", "FAILED")
        assert (
            bought.payment_order.attention_detail == "The refund of 1056.00 SEK failed. Ping's word: FAILED"
        )
    else:
        assert made.state is RefundState.ACCEPTED
        assert "and does not list it as done." in bought.payment_order.attention_detail
    assert bought.payment_order.attention == "refund"
    assert [name for name, _ in heard].count("attention_needed") == 1
    assert sums(bought) == (0, 0, 0)
    assert refunded_events(bought) == []
    assert (bought.payment_order.state, bought.order.status) == ("paid", "Being processed")

    if not listed_as_failed:
        facade.set_refund_aside(made.pk, person=staff, note="Failed, says the portal")
    again = bought.refund()
    carried_out(bought, ping)

    again.refresh_from_db()
    made.refresh_from_db()
    assert (again.state, made.state) == (RefundState.DONE, RefundState.FAILED)
    assert sums(bought) == (TOTAL, TOTAL, TOTAL)
    assert (bought.payment_order.state, bought.order.status) == ("refunded", "Refunded")
    assert len(asked(ping)) == 2


def test_f4_staff_who_know_of_a_refund_that_is_overdue_are_not_told_again(accepted, bought):
    Refund.objects.update(sent_at=timezone.now() - listed.OVERDUE - timedelta(hours=1))
    facade.refresh(bought.payment.pk, by="test")
    assert bought.payment_order.attention == "refund"
    facade.resolve(bought.payment_order.pk, person=facade.Person("Berit"), note="Asked Ping")

    facade.refresh(bought.payment.pk, by="test")

    assert bought.payment_order.attention == ""


def test_f4_a_refund_on_its_way_is_not_missed_before_its_time(accepted, bought):
    Refund.objects.update(sent_at=timezone.now() - listed.OVERDUE + timedelta(hours=1))

    facade.refresh(bought.payment.pk, by="test")

    assert bought.payment_order.attention == ""
    assert bought.payment.ask_again_at is not None


@pytest.mark.parametrize("word", ["ON_HOLD", "REVIEWING"])
def test_f4_a_word_that_nobody_knows_is_kept_and_means_on_its_way(accepted, bought, ping, word):
    hear(bought, ping, entry(5000, None, status=word))

    accepted.refresh_from_db()
    assert (accepted.state, accepted.status) == (RefundState.ACCEPTED, word)
    assert sums(bought) == (0, 0, 0)
    assert bought.payment_order.attention == ""

    hear(bought, ping, entry(5000, status="SETTLED_BY_BANK"))
    accepted.refresh_from_db()
    assert (accepted.state, accepted.status) == (RefundState.DONE, "SETTLED_BY_BANK")


def test_f4_a_refund_that_was_done_and_failed_after_all_is_undone(bought, ping, heard):
    """Whether Ping ever does that is not documented: the money is with the shop, so it says so."""
    made = bought.refund()
    carried_out(bought, ping)
    assert bought.payment_order.state == "refunded"

    for _ in range(2):
        hear(bought, ping, entry(105600, status="REJECTED"))

    made.refresh_from_db()
    assert (made.state, made.refunded_at) == (RefundState.FAILED, None)
    assert (bought.payment_order.state, bought.payment_order.attention) == ("paid", "refund")
    assert sums(bought) == (0, 0, 0)
    assert bought.order.status == "Refunded"  # from which the shop's pipeline leads nowhere
    hear(bought, ping, entry(105600))
    made.refresh_from_db()
    assert made.state is RefundState.DONE
    assert bought.payment_order.attention == ""
    assert sums(bought) == (TOTAL, TOTAL, TOTAL)
    assert [name for name, _ in heard].count("refund_done") == 1
    hear(bought, ping, entry(105600, status="REJECTED"))
    assert bought.payment_order.attention == "refund"
    assert [name for name, _ in heard].count("attention_needed") == 1


def test_f4_a_partial_refund_that_failed_after_all_leaves_the_rest_as_it_is(bought, ping):
    bought.refund(amount=FIFTY)
    bought.refund(amount=Decimal("20.00"))
    carried_out(bought, ping)

    hear(bought, ping, entry(5000, status="FAILED"), entry(2000))

    assert sums(bought) == (Decimal("20.00"),) * 3
    assert bought.payment_order.state == "paid"


def test_a_refund_of_a_deleted_order_that_failed_after_all_is_undone(bought, ping):
    bought.refund()
    carried_out(bought, ping)
    PaymentOrder.objects.update(order=None)

    hear(bought, ping, entry(105600, status="FAILED"))

    assert PaymentOrder.objects.get().amount_refunded == 0


def test_a_failed_refund_of_somebody_else_is_nothing_to_us(bought, ping):
    hear(bought, ping, entry(5000, None, status="FAILED"))

    assert not Refund.objects.exists()
    assert bought.payment_order.attention == ""


def test_a_refund_that_ping_no_longer_lists_is_for_a_person_and_stays_recorded(bought, ping):
    bought.refund(amount=FIFTY)
    carried_out(bought, ping)

    for _ in range(2):
        hear(bought, ping)

    assert bought.payment_order.attention == "refund"
    assert bought.payment_order.attention_detail == "Ping no longer lists the refund of 50.00 SEK."
    assert sums(bought) == (FIFTY, FIFTY, FIFTY)
    facade.refresh(bought.payment.pk, by="test")
    assert bought.payment_order.attention == ""  # it is there again


def test_an_answer_that_lists_no_refunds_at_all_takes_none_away(bought, ping):
    bought.refund(amount=FIFTY)
    carried_out(bought, ping)

    hear(bought, ping, refunds=None, refund=refunded(2000)[0])

    assert bought.payment_order.attention == ""
    assert sums(bought) == (Decimal("70.00"),) * 3


# One refund is shown, and none are listed


def hear_of_one(shopper, ping, refund: dict[str, object], refunds: list[object] | None = None) -> None:
    """Let Ping show this refund alone, and ask."""
    hear(shopper, ping, refund=refund, refunds=refunds)


@pytest.mark.parametrize("nothing", [None, []])
def test_f6_a_second_refund_of_the_same_amount_is_told_by_its_time_where_ping_shows_one_alone(
    bought, ping, nothing
):
    for shown in (entry(5000), entry(5000), entry(5000, LATER), entry(5000, LATER), entry(5000)):
        hear_of_one(bought, ping, shown, nothing)

    done = Refund.objects.order_by("pk").values_list("refunded_at", flat=True)
    assert [f"{at:%Y-%m-%d}" for at in done] == ["2026-03-01", "2026-03-02"]
    assert sums(bought) == (HUNDRED,) * 3
    assert bought.payment_order.attention == ""


def test_f6_our_second_refund_of_the_same_amount_is_done_where_ping_shows_it_alone(accepted, bought, ping):
    hear_of_one(bought, ping, entry(5000))
    hear_of_one(bought, ping, entry(5000))
    second = bought.refund(amount=FIFTY)
    hear_of_one(bought, ping, entry(5000))
    second.refresh_from_db()
    assert (second.state, sums(bought)) == (RefundState.ACCEPTED, (FIFTY,) * 3)

    hear_of_one(bought, ping, entry(5000, LATER))

    assert [refund.state for refund in Refund.objects.all()] == [RefundState.DONE] * 2
    assert sums(bought) == (HUNDRED,) * 3


def test_f6_one_that_is_shown_without_a_time_counts_when_it_has_one(bought, ping):
    for shown in (entry(5000), entry(5000, None), entry(5000, None)):
        hear_of_one(bought, ping, shown)
    assert sums(bought) == (FIFTY,) * 3

    hear_of_one(bought, ping, entry(5000, LATER))

    assert sums(bought) == (HUNDRED,) * 3


def test_f6_one_that_has_an_id_is_the_same_whatever_its_time(bought, ping):
    known = str(uuid4())
    hear_of_one(bought, ping, entry(5000, id=known))

    hear_of_one(bought, ping, entry(5000, LATER, id=known))

    assert sums(bought) == (FIFTY,) * 3


def test_f6_one_that_was_listed_is_the_same_when_it_is_shown_alone(bought, ping):
    hear(bought, ping, entry(5000), entry(5000, LATER))

    for shown in (entry(5000, LATER), entry(5000)):
        hear_of_one(bought, ping, shown)

    assert sums(bought) == (HUNDRED,) * 3


# F6: made in Ping's portal


def test_f6_a_refund_in_the_portal_is_found_by_a_sync_and_recorded_once(bought, ping, heard):
    ping.refund_in_portal(bought.payment.ping_id, 5000)
    for _ in range(2):
        Payment.objects.update(ask_again_at=timezone.now())
        facade.sync()

    refund = Refund.objects.get()
    assert (refund.amount, refund.origin, refund.state) == (FIFTY, "ping", RefundState.DONE)
    assert sums(bought) == (FIFTY, FIFTY, FIFTY)
    assert [name for name, _ in heard].count("refund_done") == 1
    assert facade.refundable(bought.payment_order).payments[0].left == Decimal("1006.00")


def test_f6_one_of_the_same_amount_as_ours_is_told_apart_by_their_number(accepted, bought, ping):
    ping.refund_in_portal(bought.payment.ping_id, 5000)
    facade.refresh(bought.payment.pk, by="test")
    assert sums(bought) == (FIFTY, FIFTY, FIFTY)

    carried_out(bought, ping)

    assert [refund.state for refund in Refund.objects.all()] == [RefundState.DONE] * 2
    assert sums(bought) == (Decimal("100.00"),) * 3


def test_f6_what_was_found_already_is_not_taken_for_ours(bought, ping):
    ping.refund_in_portal(bought.payment.ping_id, 5000)
    made = bought.refund(amount=FIFTY)

    facade.refresh(bought.payment.pk, by="test")

    made.refresh_from_db()
    assert made.state is RefundState.ACCEPTED
    assert sums(bought) == (FIFTY, FIFTY, FIFTY)


def test_f6_an_id_in_pings_list_tells_better_than_an_amount(bought, ping):
    first = bought.refund(amount=FIFTY)
    second = bought.refund(amount=FIFTY)

    hear(bought, ping, entry(5000, id=str(second.ping_id)))

    first.refresh_from_db()
    second.refresh_from_db()
    assert (first.state, second.state) == (RefundState.ACCEPTED, RefundState.DONE)


def test_f6_an_id_in_pings_list_that_is_not_ours_leaves_ours_as_it_is(accepted, bought, ping):
    """Whether both are of one kind is not documented."""
    hear(bought, ping, entry(5000, id=str(uuid4())))

    assert Refund.objects.get().ping_id == accepted.ping_id
    assert Refund.objects.get().state is RefundState.DONE


@pytest.mark.parametrize("odd", [{"id": 7, "status": 7}, {"id": "seven", "status": None}])
def test_f6_ids_and_words_that_make_no_sense_are_not_read(bought, ping, odd):
    hear(bought, ping, entry(5000, **odd))

    refund = Refund.objects.get()
    assert (refund.ping_id, refund.status, refund.state) == (None, "", RefundState.DONE)


def test_f6_an_id_that_another_refund_has_is_not_taken(bought, ping):
    known = uuid4()
    Refund.objects.create(payment=bought.payment, amount=1, ping_id=known, error="x", sent_at=timezone.now())

    hear(bought, ping, entry(5000, id=str(uuid4())), entry(2000))

    assert Refund.objects.filter(origin="ping").count() == 2


def test_f6_a_refund_in_the_portal_while_ours_is_refused_is_the_portals(bought, ping, in_between):
    """Staff refund all of it in both places at once: Ping lists the portal's and refuses ours."""
    ping_id = bought.payment.ping_id
    in_between("GET", str(ping_id), lambda: ping.refund_in_portal(ping_id, 105600))
    in_between("POST", "/refund", lambda: facade.refresh(bought.payment.pk, by="callback"))

    with pytest.raises(RejectedError):
        bought.refund(key="a")

    refund = Refund.objects.get()
    assert (refund.origin, refund.state, refund.key) == ("ping", RefundState.DONE, None)
    assert sums(bought) == (TOTAL, TOTAL, TOTAL)
    assert bought.payment_order.state == "refunded"


# F11: long after


@pytest.mark.parametrize("days", [1, 7, 30])
def test_f11_a_refund_long_after_is_found(bought, ping, days):
    paid_at = timezone.now() - timedelta(days=days)
    PaymentOrder.objects.update(paid_at=paid_at)
    Payment.objects.update(
        changed_at=paid_at, asked_at=paid_at, ask_again_at=timezone.now() - timedelta(minutes=1)
    )
    ping.refund_in_portal(bought.payment.ping_id, 105600)

    assert facade.sync().asked == 1

    assert sums(bought) == (TOTAL, TOTAL, TOTAL)
    assert bought.order.status == "Refunded"


def test_f11_a_paid_payment_is_asked_about_after_a_day_then_seven_then_thirty(bought):
    for age, next_ask in ((0, 1), (1, 7), (7, 30)):
        changed = timezone.now() - timedelta(days=age)
        PaymentOrder.objects.update(paid_at=changed)
        Payment.objects.update(changed_at=changed)
        facade.refresh(bought.payment.pk, by="sync")
        assert bought.payment.ask_again_at == changed + timedelta(days=next_ask)


# What Ping answers to the asking


def test_an_answer_about_another_amount_is_for_a_person(bought, ping):
    body = {"id": str(uuid4()), "amount": 6000, "currency": "SEK", "provider": "x", "status": "PENDING"}
    ping.misbehave("refund_payment", "status", status=200, body=body)

    bought.refund(amount=FIFTY)

    assert bought.payment_order.attention == "amount"
    assert bought.payment_order.attention_detail == ("50.00 SEK was to be refunded, and Ping says 60.00 SEK.")


def test_f4_a_refund_that_ping_says_at_once_it_does_not_make_is_none(bought, ping):
    body = {"id": str(uuid4()), "amount": 5000, "currency": "SEK", "status": "DECLINED"}
    ping.misbehave("refund_payment", "status", status=200, body=body)

    with pytest.raises(RejectedError, match="DECLINED"):
        bought.refund(amount=FIFTY)

    refund = Refund.objects.get()
    assert (refund.state, refund.error) == (RefundState.FAILED, "DECLINED")
    assert facade.refundable(bought.payment_order).payments[0].left == TOTAL
    assert bought.payment_order.attention == ""


def test_an_id_that_another_refund_has_is_for_a_person(accepted, bought, ping):
    body = {
        "id": str(accepted.ping_id),
        "amount": 2000,
        "currency": "SEK",
        "provider": "payment_iq",
        "status": "PENDING",
    }
    ping.misbehave("refund_payment", "status", status=200, body=body)

    made = bought.refund(amount=Decimal("20.00"))

    assert bought.payment_order.attention == "identity"
    assert (made.ping_id, made.state) == (None, RefundState.ACCEPTED)
