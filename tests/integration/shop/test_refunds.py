"""Refunds that Ping lists, made by whomever: recorded once, with Oscar's amounts right."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from django.core import mail
from django.urls import reverse
from django.utils import timezone

from oscar_pingpayments import facade
from oscar_pingpayments.models import Refund

from .answers import let_ping_answer, refunded
from .conftest import call_back


def hear(shopper, ping, *amounts: int, **changes: object) -> None:
    """Let Ping list these refunds, and ask."""
    let_ping_answer(ping, shopper.payment, refunds=refunded(*amounts), **changes)
    facade.refresh(shopper.payment.pk, by="test")


def test_f6_a_part_that_was_refunded_at_ping_is_recorded_once(paid, ping):
    for _ in range(2):
        hear(paid, ping, 5000)

    refund = Refund.objects.get()
    assert (refund.payment, refund.amount) == (paid.payment, Decimal("50.00"))
    assert refund.refunded_at == datetime(2026, 3, 1, 12, tzinfo=UTC)
    assert paid.payment_order.amount_refunded == Decimal("50.00")
    assert paid.payment_order.state == "paid"
    assert paid.order.status == "Being processed"
    source = paid.order.sources.get()
    assert (source.amount_debited, source.amount_refunded) == (Decimal("299.00"), Decimal("50.00"))
    assert list(source.transactions.order_by("pk").values_list("txn_type", "amount")) == [
        ("Debit", Decimal("299.00")),
        ("Refund", Decimal("50.00")),
    ]
    event = paid.order.payment_events.get(event_type__name="Refunded")
    assert (event.amount, event.line_quantities.count()) == (Decimal("50.00"), 0)
    assert paid.order.notes.order_by("-pk").first().message == "50.00 SEK was refunded."


def test_parts_of_the_same_amount_are_told_apart_by_their_number(paid, ping):
    hear(paid, ping, 5000)
    hear(paid, ping, 5000, 5000)
    hear(paid, ping, 5000, 5000)

    assert [refund.amount for refund in Refund.objects.all()] == [Decimal("50.00")] * 2
    assert paid.payment_order.amount_refunded == Decimal("100.00")


def test_the_rest_of_the_money_makes_the_order_refunded(paid, ping):
    hear(paid, ping, 5000)
    hear(paid, ping, 5000, 24900)

    assert paid.payment_order.state == "refunded"
    assert paid.payment_order.is_paid
    assert paid.payment_order.amount_refunded == Decimal("299.00")
    assert paid.order.status == "Refunded"
    assert paid.order.sources.get().amount_refunded == Decimal("299.00")
    assert paid.payment_order.attention == ""


def test_a_single_refund_may_be_listed_alone(paid, ping):
    let_ping_answer(ping, paid.payment, refund=refunded(29900)[0])

    facade.refresh(paid.payment.pk, by="test")

    assert paid.payment_order.state == "refunded"


def test_more_than_was_paid_is_recorded_and_shown(paid, ping):
    hear(paid, ping, 29900, 100)

    assert sorted(refund.amount for refund in Refund.objects.all()) == [Decimal("1.00"), Decimal("299.00")]
    assert paid.payment_order.attention == "amount"
    assert paid.payment_order.attention_detail == "Ping lists refunds of 300.00, more than was paid."
    assert paid.payment_order.amount_refunded == Decimal("299.00")
    source = paid.order.sources.get()
    assert source.amount_refunded == Decimal("299.00")
    assert source.amount_available_for_refund == 0


def test_f6_what_went_back_beyond_what_was_paid_counts_once_more_money_comes(started, ping):
    ping.decline(started.payment.pay_url)
    facade.refresh(started.payment.pk, by="test")
    first = started.payment
    started.client.post(reverse("pingpayments:pay", args=[started.payment_order.token]))
    ping.pay(started.payment.pay_url)
    call_back(started)
    hear(started, ping, 29900, 100)
    assert started.payment_order.amount_refunded == Decimal("299.00")

    ping.says(first.ping_id, "COMPLETED")
    facade.refresh(first.pk, by="test")

    payment_order = started.payment_order
    assert (payment_order.amount_paid, payment_order.amount_refunded) == (
        Decimal("598.00"),
        Decimal("300.00"),
    )
    source = started.order.sources.get()
    assert (source.amount_debited, source.amount_refunded) == (Decimal("598.00"), Decimal("300.00"))


def test_f6_what_went_back_of_an_attempt_that_failed_counts_once_another_is_paid(started, ping):
    """Ping says that it was declined, and lists a refund of it: what is that? A person is told."""
    ping.decline(started.payment.pay_url)
    hear(started, ping, 5000, status="DECLINED")
    assert (started.payment_order.amount_refunded, started.payment_order.attention) == (0, "amount")

    started.client.post(reverse("pingpayments:pay", args=[started.payment_order.token]))
    ping.pay(started.payment.pay_url)
    call_back(started)

    assert started.payment_order.is_paid
    assert started.payment_order.amount_refunded == Decimal("50.00")


def test_a_refund_that_ping_has_taken_on_becomes_done_without_a_second_row(paid, ping):
    waiting = Refund.objects.create(payment=paid.payment, amount=Decimal("50.00"), reason="other")

    hear(paid, ping, 5000)

    assert Refund.objects.get() == waiting
    assert Refund.objects.get().refunded_at == datetime(2026, 3, 1, 12, tzinfo=UTC)
    assert paid.payment_order.amount_refunded == Decimal("50.00")


def test_a_refund_without_a_time_is_not_done_yet(paid, ping):
    let_ping_answer(ping, paid.payment, refunds=[{"amount": 5000, "refunded_at": None}])

    facade.refresh(paid.payment.pk, by="test")

    assert not Refund.objects.exists()
    assert paid.payment_order.amount_refunded == 0
    assert paid.payment.ask_again_at < timezone.now() + timedelta(hours=2)

    hear(paid, ping, 5000)
    assert str(Refund.objects.get()) == "50.00 SEK"


@pytest.mark.parametrize("amount", [0, 2**63 - 1])
def test_a_refund_of_nothing_or_of_more_than_there_is_money_keeps_no_other_from_being_recorded(
    paid, ping, amount
):
    hear(paid, ping, amount, 5000)

    assert [refund.amount for refund in Refund.objects.all()] == [Decimal("50.00")]
    assert paid.payment_order.attention == ""


def test_money_that_came_twice_and_went_back_once_is_still_for_a_person(paid, ping):
    """The duplicate is refunded at Ping: the order stays paid, and its amounts say what is left."""
    payment_order = paid.payment_order
    payment_order.amount_paid = Decimal("598.00")
    payment_order.save()

    hear(paid, ping, 29900)

    assert paid.payment_order.state == "paid"
    assert paid.payment_order.amount_refunded == Decimal("299.00")
    assert paid.order.status == "Being processed"


def test_late_money_that_went_back_leaves_the_order_cancelled(started, ping):
    facade.cancel(started.payment_order.pk, by="test")
    ping.says(started.payment.ping_id, "COMPLETED")
    facade.refresh(started.payment.pk, by="test")

    hear(started, ping, 29900)

    assert started.payment_order.state == "cancelled"
    assert started.payment_order.amount_refunded == Decimal("299.00")
    assert started.order.status == "Cancelled"


def test_a_shop_whose_pipeline_has_no_refunded_status_keeps_the_order_where_it_is(paid, ping, change, caplog):
    change(ORDER_STATUS={"refunded": "Given back"})

    hear(paid, ping, 29900)

    assert paid.payment_order.state == "refunded"
    assert paid.order.status == "Being processed"
    assert "The order could not be moved to its new status" in caplog.text


def test_m9_the_same_money_is_not_heard_of_as_new_once_the_order_is_refunded(paid, product, ping):
    hear(paid, ping, 29900)
    allocated = product.stockrecords.get().num_allocated

    facade.refresh(paid.payment.pk, by="test")

    assert paid.payment_order.state == "refunded"
    assert product.stockrecords.get().num_allocated == allocated
    assert paid.order.status == "Refunded"


def test_m9_another_attempt_that_is_paid_after_the_refund_pays_nothing_again(started, product, ping, heard):
    """It was declined at first; the order was paid by the second attempt, and all of that went back."""
    first = started.payment
    ping.decline(first.pay_url)
    facade.refresh(first.pk, by="test")
    started.client.post(reverse("pingpayments:pay", args=[started.payment_order.token]))
    ping.pay(started.payment.pay_url)
    call_back(started)
    hear(started, ping, 29900)
    before = (
        product.stockrecords.get().num_allocated,
        started.order.status_changes.count(),
        len(mail.outbox),
    )
    ping.says(first.ping_id, "COMPLETED")
    url = reverse("pingpayments:callback", args=[first.token])

    for _ in range(2):
        assert started.client.post(url, "{}", content_type="application/json").status_code == 200

    after = (product.stockrecords.get().num_allocated, started.order.status_changes.count(), len(mail.outbox))
    assert after == before
    payment_order = started.payment_order
    assert (payment_order.state, payment_order.attention) == ("refunded", "duplicate")
    assert (payment_order.amount_paid, payment_order.amount_refunded) == (
        Decimal("598.00"),
        Decimal("299.00"),
    )
    assert started.order.status == "Refunded"
    assert [name for name, _ in heard].count("order_paid") == 1
    source = started.order.sources.get()
    assert (source.amount_debited, source.amount_refunded) == (Decimal("598.00"), Decimal("299.00"))
