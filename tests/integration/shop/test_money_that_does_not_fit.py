"""Money that does not fit its order: recorded whatever it is, fulfilled never, shown to staff once."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest
from django.core import mail
from django.db.models import ProtectedError
from django.urls import reverse
from django.utils import timezone
from oscar.core.loading import get_model

from oscar_pingpayments import facade
from oscar_pingpayments.models import Payment, PaymentOrder
from tests.shopper import Shopper

from .answers import answer, let_ping_answer, refunded
from .conftest import nothing_changes
from .test_overtaking import save_status

Order = get_model("order", "Order")


def try_again(shopper):
    return shopper.client.post(reverse("pingpayments:pay", args=[shopper.payment_order.token]))


def attempt(number: int) -> Payment:
    return Payment.objects.get(number=number)


def attention(heard) -> list[str]:
    return [facts["reason"] for name, facts in heard if name == "attention_needed"]


def test_m1_two_attempts_that_are_both_paid_pay_the_order_once(started, ping, heard):
    ping.decline(started.payment.pay_url)
    facade.refresh(started.payment.pk, by="test")
    try_again(started)
    ping.says(attempt(2).ping_id, "COMPLETED")
    facade.refresh(attempt(2).pk, by="test")

    ping.says(attempt(1).ping_id, "COMPLETED")
    for _ in range(2):
        facade.refresh(attempt(1).pk, by="test")

    payment_order = started.payment_order
    assert (payment_order.state, payment_order.attention) == ("paid", "duplicate")
    assert payment_order.attention_detail == "Attempt 1 was paid too."
    assert payment_order.amount_paid == Decimal("598.00")
    source = started.order.sources.get()
    assert (source.amount_allocated, source.amount_debited) == (Decimal("598.00"), Decimal("598.00"))
    assert [row.amount for row in source.transactions.all()] == [Decimal("299.00")] * 2
    assert [event.line_quantities.count() for event in started.order.payment_events.order_by("pk")] == [1, 0]
    assert started.order.status == "Being processed"
    assert len(mail.outbox) == 1
    assert [name for name, _ in heard].count("order_paid") == 1
    assert attention(heard) == ["duplicate"]
    assert started.order.notes.order_by("-pk").first().message == (
        "Money came that does not fit (Paid twice): nothing was done with the order."
    )


def test_m1_an_open_attempt_is_stopped_when_an_older_one_is_paid_after_all(started, ping):
    ping.decline(started.payment.pay_url)
    facade.refresh(started.payment.pk, by="test")
    try_again(started)
    ping.says(attempt(1).ping_id, "COMPLETED")

    facade.refresh(attempt(1).pk, by="test")

    assert started.payment_order.state == "paid"
    assert {remote["id"]: remote["status"] for remote in ping.payments()} == {
        str(attempt(1).ping_id): "COMPLETED",
        str(attempt(2).ping_id): "STOPPED",
    }
    facade.refresh(attempt(2).pk, by="test")
    assert (attempt(2).status, attempt(2).live) == ("STOPPED", None)
    assert started.payment_order.attention == ""


@pytest.mark.parametrize("end", [facade.cancel, facade.expire])
def test_m2_money_that_comes_after_the_order_ended_is_kept_and_moves_nothing(
    started, product, ping, heard, end
):
    PaymentOrder.objects.update(expires_at="2026-01-01T00:00Z")
    end(started.payment_order.pk, by="test")
    state = started.payment_order.state
    mail.outbox.clear()
    ping.says(started.payment.ping_id, "COMPLETED")

    facade.refresh(started.payment.pk, by="test")

    payment_order = started.payment_order
    assert (payment_order.state, payment_order.attention) == (state, "late")
    assert payment_order.amount_paid == Decimal("299.00")
    assert payment_order.paid_at is None
    assert started.order.status == "Cancelled"
    assert started.order.sources.get().amount_debited == Decimal("299.00")
    assert product.stockrecords.get().num_allocated == 0
    assert mail.outbox == []
    assert "order_paid" not in [name for name, _ in heard]
    assert attention(heard) == ["late"]
    page = started.sees().content.decode()
    assert "We are checking your payment" in page
    assert "Please do not pay again" in page


@pytest.mark.parametrize(
    ("changes", "received", "said"),
    [
        ({"total_amount": 29899}, "298.99", "298.99 SEK"),
        ({"total_amount": 29901}, "299.01", "299.01 SEK"),
        ({"total_amount": 0}, "0.00", "0.00 SEK"),
        ({"total_amount": 29900, "currency": "EUR"}, "0.00", "299.00 EUR"),
        ({"total_amount": 299, "currency": "JPY"}, "0.00", "299 JPY (in the smallest unit)"),
        ({"total_amount": 29900, "currency": "sek"}, "0.00", "29900 sek (in the smallest unit)"),
        ({"total_amount": 2**63 - 1}, "0.00", "92233720368547758.07 SEK"),
    ],
    ids=str,
)
def test_m3_another_amount_or_currency_is_never_paid(started, ping, heard, changes, received, said):
    let_ping_answer(ping, started.payment, **changes)

    facade.refresh(started.payment.pk, by="test")

    payment_order = started.payment_order
    assert (payment_order.state, payment_order.attention) == ("awaiting", "amount")
    assert payment_order.attention_detail == (f"Ping says {said}, and 299.00 SEK was asked for.")
    assert payment_order.amount_paid == Decimal(received)
    assert started.payment.amount_received == Decimal(received)
    assert started.order.status == "Pending"
    assert started.order.sources.get().amount_debited == Decimal(received)
    assert mail.outbox == []
    assert attention(heard) == ["amount"]


@pytest.mark.parametrize(
    "changes", [{"total_amount": 100}, {"total_amount": 29900, "currency": "EUR"}], ids=["amount", "currency"]
)
def test_m3_an_order_with_money_that_a_person_must_look_at_is_neither_paid_again_nor_ended(
    started, ping, changes
):
    let_ping_answer(ping, started.payment, **changes)
    facade.refresh(started.payment.pk, by="test")
    PaymentOrder.objects.update(expires_at="2026-01-01T00:00Z")
    calls = len(ping.payments())

    assert try_again(started)["Location"] == reverse(
        "pingpayments:payment", args=[started.payment_order.token]
    )
    facade.sync()
    facade.cancel(started.payment_order.pk, by="test")

    assert len(ping.payments()) == calls
    assert started.payment_order.state == "awaiting"
    assert started.order.status == "Pending"
    assert "We are checking your payment" in started.sees().content.decode()


@pytest.mark.parametrize("member", ["id", "payment_order_id"])
def test_m4_an_answer_about_another_payment_is_never_believed(started, ping, heard, member):
    let_ping_answer(ping, started.payment, **{member: "00000000-0000-4000-8000-00000000beef"})

    facade.refresh(started.payment.pk, by="test")

    payment_order = started.payment_order
    assert (payment_order.state, payment_order.attention) == ("awaiting", "identity")
    assert payment_order.amount_paid == 0
    assert started.payment.status == ""
    assert started.payment.history[-1]["note"] == "identity"
    assert started.order.status == "Pending"
    assert started.order.sources.get().amount_debited == 0
    assert attention(heard) == ["identity"]


def test_o12_a_payment_that_ping_does_not_know_is_for_a_person(started, ping, heard):
    ping.misbehave("get_payment", "status", status=404, body={"errors": [{"error": "not_found"}]}, times=None)

    for _ in range(2):
        facade.refresh(started.payment.pk, by="sync")

    assert started.payment_order.attention == "identity"
    assert started.payment_order.attention_detail == "Ping does not know attempt 1."
    assert started.payment_order.state == "awaiting"
    assert started.payment.failed_asks == 2
    assert attention(heard) == ["identity"]


def test_c10_a_word_that_we_do_not_know_changes_nothing_and_is_shown_until_a_known_one_comes(
    started, ping, heard
):
    for _ in range(2):
        let_ping_answer(ping, started.payment, "HELD_FOR_REVIEW")
        facade.refresh(started.payment.pk, by="test")
    assert started.payment_order.attention == "unknown_status"
    assert [entry["status"] for entry in started.payment.history] == ["HELD_FOR_REVIEW"]
    assert started.payment_order.attention_detail == "Ping's word: HELD_FOR_REVIEW"
    assert (started.payment.status, started.payment.live) == ("", True)
    assert started.order.status == "Pending"

    ping.says(started.payment.ping_id, "COMPLETED")
    facade.refresh(started.payment.pk, by="test")

    assert started.payment_order.attention == ""
    assert started.payment_order.attention_detail == ""
    assert started.order.status == "Being processed"
    assert attention(heard) == ["unknown_status"]


def test_c10_an_order_does_not_end_while_ping_says_a_word_of_it_that_we_do_not_know(started, ping):
    """The word may mean that the money is on its way."""
    ping.misbehave(
        "get_payment", "status", status=200, body=answer(started.payment, "AUTHORISED"), times=None
    )
    PaymentOrder.objects.update(expires_at=timezone.now() - timedelta(seconds=1))

    facade.sync()
    with pytest.raises(facade.StillPayableError):
        facade.change_order(started.payment_order.pk, started.basket)

    assert (started.payment_order.state, started.payment_order.attention) == ("awaiting", "unknown_status")
    assert started.order.lines.get().num_allocated == 1

    facade.resolve(started.payment_order.pk, person=facade.Person("Karin"), note="Ping was called")
    facade.sync()

    assert started.payment_order.state == "expired"


def test_a_word_that_a_person_has_looked_at_is_not_for_a_person_again_until_it_is_another(
    started, ping, heard
):
    let_ping_answer(ping, started.payment, "HELD_FOR_REVIEW")
    facade.refresh(started.payment.pk, by="test")
    facade.resolve(started.payment_order.pk, person=facade.Person("Karin"), note="Ping was called")

    facade.refresh(started.payment.pk, by="test")
    assert started.payment_order.attention == ""
    let_ping_answer(ping, started.payment, "HELD_AGAIN")
    facade.refresh(started.payment.pk, by="test")

    assert started.payment_order.attention == "unknown_status"
    assert attention(heard) == ["unknown_status", "unknown_status"]


def test_a_word_that_we_do_not_know_needs_nobody_when_ping_takes_it_back(started, ping, heard):
    for word in ("PENDING", "HELD_FOR_REVIEW", "PENDING"):
        let_ping_answer(ping, started.payment, word)
        facade.refresh(started.payment.pk, by="test")

    assert started.payment_order.attention == ""
    assert [entry["status"] for entry in started.payment.history] == ["PENDING", "HELD_FOR_REVIEW", "PENDING"]
    assert attention(heard) == ["unknown_status"]


def test_a_reason_that_settles_itself_takes_no_other_one_with_it(started, ping, heard):
    """Ping's word of the second attempt is not known, the third is refused, and the second is declined."""
    ping.decline(started.payment.pay_url)
    facade.refresh(started.payment.pk, by="test")
    try_again(started)
    let_ping_answer(ping, attempt(2), "HELD_FOR_REVIEW")
    facade.refresh(attempt(2).pk, by="test")
    Payment.objects.update(live=None)
    ping.misbehave("initiate_payment", "status", status=422, body={"errors": [{"error": "closed"}]})
    try_again(started)
    assert started.payment_order.attention == "unknown_status"

    let_ping_answer(ping, attempt(2), "DECLINED")
    facade.refresh(attempt(2).pk, by="test")

    payment_order = started.payment_order
    assert (payment_order.attention, payment_order.attention_detail) == ("refused", "closed")
    assert attention(heard) == ["unknown_status", "refused"]


def test_with_the_first_of_several_reasons_a_person_has_looked_at_all(paid, ping, heard):
    person = facade.Person("Karin")
    for word in ("DECLINED", "HELD_FOR_REVIEW"):
        let_ping_answer(ping, paid.payment, word)
        facade.refresh(paid.payment.pk, by="test")
    assert attention(heard) == ["changed", "unknown_status"]
    facade.resolve(paid.payment_order.pk, person=person, note="Ping was called", reason="changed")
    assert (paid.payment_order.attention, paid.payment_order.concerns) == ("", None)

    let_ping_answer(ping, paid.payment, "HELD_AGAIN")
    facade.refresh(paid.payment.pk, by="test")

    assert attention(heard) == ["changed", "unknown_status", "unknown_status"]


def test_what_an_earlier_version_has_written_down_stays_beside_what_comes(paid, ping):
    """It knew of one reason at a time."""
    paid.payment_order.__class__.objects.update(attention="late", attention_detail="Attempt 1 was paid.")
    let_ping_answer(ping, paid.payment, "DECLINED")

    facade.refresh(paid.payment.pk, by="test")

    payment_order = paid.payment_order
    assert payment_order.attention == "late"
    assert payment_order.attention_detail == (
        "Attempt 1 was paid.\nPing changed its word after the payment had ended: From COMPLETED to DECLINED"
    )


def test_a_word_that_we_do_not_know_does_not_hide_what_a_person_must_see(started, ping):
    ping.decline(started.payment.pay_url)
    facade.refresh(started.payment.pk, by="test")
    ping.misbehave("initiate_payment", "status", status=422, body={"errors": [{"error": "closed"}]})
    try_again(started)
    assert started.payment_order.attention == "refused"

    let_ping_answer(ping, attempt(1), "HELD_FOR_REVIEW")
    facade.refresh(attempt(1).pk, by="test")

    assert started.payment_order.attention == "refused"
    assert attempt(1).history[-1]["status"] == "HELD_FOR_REVIEW"


def test_m5_a_paid_payment_of_which_ping_changes_its_word_stays_paid_and_is_shown(paid, ping, heard):
    let_ping_answer(ping, paid.payment, "DECLINED")

    facade.refresh(paid.payment.pk, by="test")

    assert (paid.payment.status, paid.payment_order.state) == ("COMPLETED", "paid")
    assert paid.payment_order.attention == "changed"
    assert paid.payment_order.attention_detail == "From COMPLETED to DECLINED"
    assert paid.order.status == "Being processed"
    assert paid.order.sources.get().amount_debited == Decimal("299.00")
    assert attention(heard) == ["changed"]


def test_c2_an_answer_that_was_overtaken_contradicts_nobody(paid, ping):
    Payment.objects.update(asked_at="2100-01-01T00:00Z")  # a later question was answered first
    let_ping_answer(ping, paid.payment, "DECLINED")

    facade.refresh(paid.payment.pk, by="test")

    assert paid.payment_order.attention == ""
    assert [entry["status"] for entry in paid.payment.history] == ["COMPLETED", "DECLINED"]
    Payment.objects.update(asked_at="2026-01-01T00:00Z")
    let_ping_answer(ping, paid.payment, "DECLINED")
    facade.refresh(paid.payment.pk, by="test")
    assert paid.payment_order.attention == "changed"  # Ping says it still


def test_m5_a_failure_that_becomes_another_failure_is_only_remembered(started, ping, heard):
    ping.decline(started.payment.pay_url)
    facade.refresh(started.payment.pk, by="test")
    let_ping_answer(ping, started.payment, "EXPIRED")

    facade.refresh(started.payment.pk, by="test")

    assert started.payment.status == "DECLINED"
    assert [entry["status"] for entry in started.payment.history] == ["DECLINED", "EXPIRED"]
    assert started.payment_order.attention == ""
    assert [name for name, _ in heard].count("payment_failed") == 1


@pytest.mark.parametrize(
    ("word", "fault", "attention"),
    [
        ("PENDING", None, ""),
        ("COMPLETED", "unknown_status", "unknown_status"),
        ("COMPLETED", "wrong_payment_id", "identity"),
    ],
    ids=["open again", "a word that we do not know", "another payment"],
)
def test_m5_a_failed_attempt_that_ping_does_not_call_failed_is_asked_about_soon(
    started, ping, word, fault, attention
):
    ping.decline(started.payment.pay_url)
    facade.refresh(started.payment.pk, by="test")
    a_day = timezone.now() + timedelta(hours=23)
    assert started.payment.ask_again_at > a_day
    ping.edit(started.payment.ping_id, status=word)
    if fault:
        ping.misbehave("get_payment", "malformed", times=None, kind=fault)

    facade.refresh(started.payment.pk, by="test")

    assert (started.payment.status, started.payment_order.attention) == ("DECLINED", attention)
    assert started.payment.ask_again_at < timezone.now() + timedelta(seconds=20)
    Payment.objects.update(created_at=timezone.now() - timedelta(days=90))
    facade.refresh(started.payment.pk, by="test")
    assert started.payment.ask_again_at > a_day


def test_the_history_has_an_end(started, ping):
    payment = started.payment
    payment.history = [{"status": str(n), "by": "test", "at": "", "note": ""} for n in range(100)]
    payment.save()
    ping.says(payment.ping_id, "COMPLETED")

    facade.refresh(payment.pk, by="test")

    assert len(started.payment.history) == 100
    assert started.payment.status == "COMPLETED"


@pytest.mark.parametrize(
    ("details", "reason"),
    [
        ({"provider_data": {"message": "Do not honour"}}, "Do not honour"),
        ({"provider_data": {"code": 5, "status_description": "Stolen card"}}, "Stolen card"),
        ({"provider_data": {"message": 5}}, ""),
        ({"provider_data": "Do not honour"}, ""),
        ({}, ""),
    ],
    ids=str,
)
def test_staff_read_why_a_card_was_declined(started, ping, details, reason):
    change = {"status": "DECLINED", "occurred_at": "2026-03-01T12:00:00Z", "details": details}
    let_ping_answer(ping, started.payment, "DECLINED", status_history=[change])

    facade.refresh(started.payment.pk, by="test")

    assert started.payment.reason == reason


def test_m6_an_order_that_staff_cancel_in_oscar_is_stopped_and_gives_back_what_it_held(
    started, product, ping
):
    save_status(started.order, "Cancelled")

    assert started.payment_order.state == "cancelled"
    assert product.stockrecords.get().num_allocated == 0
    assert [remote["status"] for remote in ping.payments()] == ["STOPPED"]


def test_m6_money_for_an_order_that_staff_have_cancelled_in_oscar_fulfils_nothing(started, ping, heard):
    """Ping could be asked neither to stop the payment nor how it went."""
    ping.misbehave("*", "refuse", times=None)
    save_status(started.order, "Cancelled")
    assert started.payment_order.state == "awaiting"
    assert try_again(started)["Location"] == reverse(
        "pingpayments:payment", args=[started.payment_order.token]
    )
    ping.clear_faults()
    ping.says(started.payment.ping_id, "COMPLETED")

    facade.refresh(started.payment.pk, by="test")

    assert (started.order.status, started.payment_order.state) == ("Cancelled", "cancelled")
    assert started.payment_order.attention == "late"
    assert started.order.sources.get().amount_debited == Decimal("299.00")
    assert {line.num_allocated for line in started.order.lines.all()} == {0}
    assert "order_paid" not in [name for name, _ in heard]
    assert mail.outbox == []


def test_m6_a_cancelled_order_whose_payment_could_not_be_stopped_ends_with_the_next_sync(started, ping):
    ping.misbehave("*", "refuse", times=None)
    save_status(started.order, "Cancelled")
    ping.clear_faults()
    Payment.objects.update(ask_again_at=timezone.now())

    facade.sync()

    assert started.payment_order.state == "expired"
    assert [remote["status"] for remote in ping.payments()] == ["STOPPED"]


def test_a_cancelled_order_is_not_to_be_paid(started, ping):
    ping.decline(started.payment.pay_url)
    facade.refresh(started.payment.pk, by="test")
    Order.objects.update(status="Cancelled")  # by something that sends no signal

    assert try_again(started)["Location"] == reverse(
        "pingpayments:payment", args=[started.payment_order.token]
    )

    assert len(ping.payments()) == 1


def test_m1_each_payment_too_many_is_told(started, ping, heard):
    for _ in range(2):
        ping.decline(started.payment.pay_url)
        facade.refresh(started.payment.pk, by="test")
        try_again(started)
    for number in (3, 2, 1):
        ping.says(attempt(number).ping_id, "COMPLETED")
        facade.refresh(attempt(number).pk, by="test")

    assert attention(heard) == ["duplicate", "duplicate"]
    assert started.payment_order.attention_detail == (
        "Attempt 2 was paid too.\nPaid twice: Attempt 1 was paid too."
    )


def test_money_is_not_hidden_by_another_reason(started, ping, heard):
    let_ping_answer(ping, started.payment, total_amount=100)
    facade.refresh(started.payment.pk, by="test")
    ping.misbehave("get_payment", "status", status=404)

    facade.refresh(started.payment.pk, by="test")

    assert attention(heard) == ["amount", "identity"]
    assert started.payment_order.attention == "amount"
    assert started.payment_order.attention_detail.endswith(
        "\nPing answered about another payment: Ping does not know attempt 1."
    )


def test_money_comes_before_another_reason(started, ping, heard):
    let_ping_answer(ping, started.payment, id="00000000-0000-4000-8000-00000000beef")
    facade.refresh(started.payment.pk, by="test")
    let_ping_answer(ping, started.payment, total_amount=100)

    facade.refresh(started.payment.pk, by="test")

    assert attention(heard) == ["identity", "amount"]
    assert started.payment_order.attention == "amount"
    assert "Ping's answer names another payment" in started.payment_order.attention_detail


def test_what_was_not_seen_is_not_looked_at(started, ping):
    ping.misbehave("get_payment", "status", status=404)
    facade.refresh(started.payment.pk, by="test")
    let_ping_answer(ping, started.payment, total_amount=100)
    facade.refresh(started.payment.pk, by="test")

    assert (
        facade.resolve(started.payment_order.pk, person=facade.Person("Bosse"), note="Odd", reason="identity")
        is False
    )

    assert started.payment_order.attention == "amount"


# Orders that are deleted


def test_m11_an_unpaid_order_can_be_deleted_and_money_that_comes_for_it_is_recorded(started, ping, heard):
    payment_order, number = started.payment_order, started.order.number
    started.order.delete()
    ping.says(Payment.objects.get().ping_id, "COMPLETED")

    facade.refresh(Payment.objects.get().pk, by="test")

    payment_order.refresh_from_db()
    assert payment_order.order is None
    assert (payment_order.order_number, payment_order.amount_paid) == (number, Decimal("299.00"))
    assert payment_order.attention == "order"
    assert payment_order.attention_detail == "The order was deleted."
    assert mail.outbox == []
    assert [facts["order"] for name, facts in heard if name == "attention_needed"] == [None]


def test_m11_money_that_comes_late_for_an_order_that_was_deleted_is_for_a_person(started, ping):
    payment_order = started.payment_order
    facade.cancel(payment_order.pk, by="test")
    started.order.delete()
    ping.says(Payment.objects.get().ping_id, "COMPLETED")

    facade.refresh(Payment.objects.get().pk, by="test")

    payment_order.refresh_from_db()
    assert (payment_order.state, payment_order.attention) == ("cancelled", "late")
    assert payment_order.amount_paid == Decimal("299.00")


@pytest.mark.django_db(transaction=True)
def test_m11_an_order_is_deleted_without_a_transaction_around_it_too(started):
    started.order.delete()

    assert PaymentOrder.objects.get().order is None


def test_m3_refunds_in_another_currency_are_not_counted(started, ping):
    let_ping_answer(ping, started.payment, currency="EUR", refunds=refunded(5000))

    facade.refresh(started.payment.pk, by="test")

    assert started.payment_order.attention == "amount"
    assert started.payment.refunds.count() == 0
    assert started.payment_order.amount_refunded == 0


@pytest.fixture
def in_euro(started, ping):
    """An order in kronor that was paid in euro: such money is not counted."""
    let_ping_answer(ping, started.payment, "COMPLETED", currency="EUR")
    facade.refresh(started.payment.pk, by="test")
    PaymentOrder.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    return started


def test_an_order_with_money_that_cannot_be_counted_ends_when_staff_have_looked_and_cancel_it(in_euro, ping):
    karin = facade.Person("Karin")
    number = in_euro.payment_order.pk
    assert facade.cancel(number, by="staff", person=karin).state == "awaiting"
    facade.resolve(number, person=karin, note="Given back in the portal")

    calls = len(ping.calls())
    facade.sync()
    assert len(ping.calls()) == calls  # it does not end by itself, and is not tried to end again and again
    assert in_euro.payment_order.state == "awaiting"
    assert facade.cancel(number, by="payer").state == "awaiting"

    assert facade.cancel(number, by="staff", person=karin).state == "cancelled"
    assert in_euro.order.lines.get().num_allocated == 0
    assert mail.outbox[1:] == []  # staff were told of the money; its payer has heard from them


def test_o10_an_order_with_money_that_cannot_be_counted_cannot_be_deleted(in_euro):
    with pytest.raises(ProtectedError):
        in_euro.order.delete()


def test_o10_an_order_with_money_cannot_be_deleted(paid):
    with pytest.raises(ProtectedError), nothing_changes():
        paid.order.delete()

    assert Order.objects.count() == 1


def test_m11_refunds_of_a_deleted_order_are_recorded_all_the_same(paid, ping):
    PaymentOrder.objects.update(order=None)
    let_ping_answer(ping, Payment.objects.get(), refunds=refunded(29900))

    facade.refresh(Payment.objects.get().pk, by="test")

    assert PaymentOrder.objects.get().amount_refunded == Decimal("299.00")
    assert PaymentOrder.objects.get().state == "refunded"


def test_m11_an_order_that_was_deleted_cannot_be_paid_and_ends_by_itself(started, ping):
    payment_order = started.payment_order
    started.order.delete()
    Payment.objects.update(live=None)
    url = reverse("pingpayments:payment", args=[payment_order.token])

    assert started.client.post(f"{url}pay/")["Location"] == url
    assert len(ping.payments()) == 1
    assert "can no longer be paid" in started.client.get(url).content.decode()

    PaymentOrder.objects.update(expires_at="2026-01-01T00:00Z")
    assert facade.sync().ended == 1
    assert PaymentOrder.objects.get().state == "expired"


def test_m11_a_customer_who_is_deleted_takes_no_payment_away(product, ping, customer):
    shopper = Shopper(user=customer)
    shopper.buys(product)
    customer.delete()
    ping.says(shopper.payment.ping_id, "COMPLETED")

    facade.refresh(shopper.payment.pk, by="test")

    assert shopper.order.status == "Being processed"
    assert shopper.payment_order.attention == ""


def test_m3_an_order_whose_money_did_not_fit_and_went_back_ends_when_its_time_runs_out(
    started, ping, staff, clock
):
    let_ping_answer(ping, started.payment, total_amount=10000)
    facade.refresh(started.payment.pk, by="test")
    assert (started.payment_order.state, started.payment_order.amount_paid) == ("awaiting", Decimal("100.00"))
    clock.passes(hours=3)
    assert facade.sync().ended == 0

    ping.clear_faults()
    let_ping_answer(ping, started.payment, total_amount=10000, refunds=refunded(10000))
    facade.refresh(started.payment.pk, by="test")
    facade.resolve(started.payment_order.pk, person=staff, note="given back")
    assert facade.sync().ended == 1

    assert (started.payment_order.state, started.order.status) == ("expired", "Cancelled")
    assert started.order.lines.get().num_allocated == 0
