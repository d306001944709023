"""Money that does not fit, dealt with by setting: given back by itself, or its order brought back."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest
from django.core import mail
from django.urls import reverse
from django.utils import timezone
from oscar.core.loading import get_model

from oscar_pingpayments import facade
from oscar_pingpayments.facade import outbox
from oscar_pingpayments.models import Effect, Payment, PaymentOrder, Refund
from tests.shopper import Shopper, create_product

from .answers import refunded
from .test_giving_back import create_offer, create_voucher, held

WAY_BACK = {"Cancelled": ("Being processed",)}
Order, Line = get_model("order", "Order"), get_model("order", "Line")


@pytest.fixture(autouse=True)
def refunds_wait(ping):
    """Let Ping carry refunds out when a test says so."""
    ping.manners(refunds="wait")


def attempt(number: int) -> Payment:
    return Payment.objects.get(number=number)


def refunds_at(ping: Any) -> list[int]:
    """What Ping has given back, in the smallest unit, once it has carried out what it took on."""
    ping.finish_refunds()
    return [entry["amount"] for payment in ping.payments() for entry in payment["refunds"] or []]


def subjects(shopper: Shopper) -> list[str]:
    """What was sent by e-mail, with {} for the order's number."""
    return [message.subject.replace(shopper.order.number, "{}") for message in mail.outbox]


def ended(shopper: Shopper, how: str = "cancel") -> None:
    PaymentOrder.objects.update(expires_at=timezone.now())
    getattr(facade, how)(shopper.payment_order.pk, by="test")


def pays_late(shopper: Shopper, ping: Any) -> None:
    ping.says(shopper.payment.ping_id, "COMPLETED")
    facade.refresh(shopper.payment.pk, by="test")
    outbox.carry_out_due()  # as the next sync does


@pytest.fixture
def twice(started, ping, change):
    """A payer who has paid on two pages; call it to let the shop hear of it."""
    change(REFUND_DUPLICATES=True)
    ping.decline(started.payment.pay_url)
    facade.refresh(started.payment.pk, by="test")
    started.client.post(reverse("pingpayments:pay", args=[started.payment_order.token]))
    for number in (2, 1):
        ping.says(attempt(number).ping_id, "COMPLETED")
    facade.refresh(attempt(2).pk, by="test")

    def hears() -> None:
        facade.refresh(attempt(1).pk, by="test")
        outbox.carry_out_due()  # as the next sync does

    started.hears = hears
    return started


def test_m1_what_was_paid_twice_is_given_back_once(twice, ping, heard):
    for _ in range(3):
        twice.hears()

    assert refunds_at(ping) == [29900]
    twice.hears()
    refund = Refund.objects.get()
    assert (refund.payment, refund.amount, refund.error) == (attempt(1), Decimal("299.00"), "")
    assert refund.ping_id is not None
    assert refund.refunded_at is not None
    payment_order = twice.payment_order
    assert (payment_order.state, payment_order.attention) == ("paid", "")
    assert (payment_order.amount_paid, payment_order.amount_refunded) == (
        Decimal("598.00"),
        Decimal("299.00"),
    )
    source = twice.order.sources.get()
    assert (source.amount_debited, source.amount_refunded) == (Decimal("598.00"), Decimal("299.00"))
    assert twice.order.status == "Being processed"
    assert "Attempt 1 was paid too. It is given back by itself." in {
        note.message for note in twice.order.notes.all()
    }
    assert len(mail.outbox) == 2  # the confirmation, and that the second payment went back
    assert "attention_needed" not in [name for name, _ in heard]


def test_a_refund_on_its_way_is_asked_about_until_it_is_there(twice, ping):
    twice.hears()
    twice.hears()
    again = attempt(1).ask_again_at
    assert Refund.objects.get().refunded_at is None
    assert again < timezone.now() + timedelta(minutes=2)

    ping.finish_refunds()
    twice.hears()
    assert Refund.objects.get().refunded_at is not None
    assert attempt(1).ask_again_at > timezone.now() + timedelta(hours=1)


def test_a_refund_that_ping_refuses_is_for_a_person(twice, ping, heard):
    ping.misbehave(
        "refund_payment", "status", status=403, body={"errors": [{"error": "refund_window_closed"}]}
    )

    for _ in range(2):
        twice.hears()

    assert refunds_at(ping) == []
    assert Refund.objects.get().error == "refund_window_closed"
    assert (twice.payment_order.attention, twice.payment_order.attention_detail) == (
        "refund",
        "refund_window_closed",
    )
    assert twice.payment_order.amount_refunded == 0
    assert [name for name, _ in heard].count("attention_needed") == 1


def test_f2_money_of_which_some_went_back_in_the_portal_meanwhile_is_not_asked_for_by_itself(twice, ping):
    facade.refresh(attempt(1).pk, by="test")
    ping.refund_in_portal(attempt(1).ping_id, 10000)

    for _ in range(2):
        twice.hears()

    assert "refund_payment" not in [call["operation"] for call in ping.calls()]
    assert refunds_at(ping) == [10000]
    assert [(refund.origin, refund.amount, refund.error) for refund in Refund.objects.order_by("pk")] == [
        ("automatic", Decimal("299.00"), "Only 199.00 SEK is left to refund."),
        ("ping", Decimal("100.00"), ""),
    ]
    payment_order = twice.payment_order
    assert (payment_order.attention, payment_order.attention_detail) == (
        "refund",
        "Only 199.00 SEK is left to refund.",
    )
    assert (payment_order.amount_paid, payment_order.amount_refunded) == (
        Decimal("598.00"),
        Decimal("100.00"),
    )


def test_f4_a_refund_that_ping_says_at_once_it_does_not_make_is_for_a_person(twice, ping):
    body = {"id": str(uuid4()), "amount": 29900, "currency": "SEK", "status": "DECLINED"}
    ping.misbehave("refund_payment", "status", status=200, body=body)

    for _ in range(2):
        twice.hears()

    assert (twice.payment_order.attention, twice.payment_order.attention_detail) == (
        "refund",
        "Ping's word: DECLINED",
    )
    assert len([call for call in ping.calls() if call["operation"] == "refund_payment"]) == 1


def test_a_refund_whose_answer_was_lost_is_never_sent_again(twice, ping, change):
    change(TIMEOUT=(0.5, 0.5))
    ping.misbehave("refund_payment", "drop_after")
    twice.hears()
    assert twice.payment_order.attention == "refund"
    assert "is not known." in twice.payment_order.attention_detail

    Effect.objects.update(done_at=None, claimed_at=timezone.now() - timedelta(hours=1))
    facade.sync()
    calls = [call for call in ping.calls() if call["operation"] == "refund_payment"]
    assert len(calls) == 1

    ping.finish_refunds()
    twice.hears()
    assert refunds_at(ping) == [29900]
    assert Refund.objects.get().refunded_at is not None
    assert twice.payment_order.attention == ""  # Ping's list has told


def test_money_that_does_not_fit_is_still_for_a_person_when_a_lost_refund_is_found(twice, ping):
    ping.misbehave("refund_payment", "malformed", kind="not_json")
    twice.hears()
    assert twice.payment_order.attention == "refund"
    ping.finish_refunds()
    ping.edit(attempt(1).ping_id, refunds=refunded(29900, 29900))  # the portal takes no more than there is
    ping.refund_in_portal(attempt(2).ping_id, 29900)
    facade.refresh(attempt(2).pk, by="test")

    twice.hears()

    payment_order = twice.payment_order
    assert (payment_order.attention, payment_order.attention_detail) == (
        "amount",
        "Ping lists refunds of 897.00, more than was paid.",
    )


def test_a_refund_that_a_killed_process_took_with_it_is_for_a_person(twice, ping):
    """It had written down that it asks, and nobody knows whether it came to that."""
    ping.misbehave("refund_payment", "status", status=429)
    twice.hears()
    assert Effect.objects.get(name="refund").done_at is None
    Refund.objects.update(sent_at=timezone.now())
    Effect.objects.update(claimed_at=timezone.now() - timedelta(hours=1))

    facade.sync()

    assert refunds_at(ping) == []
    assert twice.payment_order.attention == "refund"


def test_a_refund_that_ping_never_heard_of_is_sent_later(twice, ping):
    ping.misbehave("refund_payment", "status", status=429)
    twice.hears()
    effect = Effect.objects.get(name="refund")
    assert (effect.done_at, effect.error) == (None, "NotSentError")
    assert Refund.objects.get().sent_at is None

    Effect.objects.update(claimed_at=timezone.now() - outbox.RETRY_AFTER - timedelta(seconds=1))
    facade.sync()

    assert refunds_at(ping) == [29900]


def test_a_refund_that_cannot_be_sent_for_days_is_for_a_person(twice, ping):
    ping.misbehave("refund_payment", "status", status=429, times=None)
    twice.hears()
    for _ in range(outbox.MAX_TRIES):
        Effect.objects.update(claimed_at=timezone.now() - timedelta(days=3))
        facade.sync()

    assert refunds_at(ping) == []
    assert twice.payment_order.attention == "refund"


def test_a_refund_that_staff_were_faster_with_is_not_sent(twice, ping):
    ping.misbehave("refund_payment", "status", status=429)
    twice.hears()
    ping.refund_in_portal(attempt(1).ping_id, 29900)
    twice.hears()

    Effect.objects.update(claimed_at=timezone.now() - timedelta(hours=1))
    facade.sync()

    assert refunds_at(ping) == [29900]
    assert twice.payment_order.attention == ""


@pytest.mark.parametrize("asked", [False, True])
def test_a_refund_that_a_killed_process_took_with_it_at_the_last_try_is_for_a_person(twice, ping, asked):
    facade.refresh(attempt(1).pk, by="test")
    Effect.objects.filter(name="refund").update(tries=outbox.MAX_TRIES)
    Refund.objects.update(sent_at=timezone.now() if asked else None)

    facade.sync()
    facade.sync()

    assert twice.payment_order.attention == "refund"
    assert refunds_at(ping) == []


def test_o11_a_refund_that_cannot_be_given_up_stops_no_sync_and_is_given_up_by_the_next(
    twice, ping, monkeypatch, caplog
):
    def fail(effect: Effect) -> None:
        raise ValueError("not as we write it")

    facade.refresh(attempt(1).pk, by="test")
    Effect.objects.filter(name="refund").update(tries=outbox.MAX_TRIES)
    with monkeypatch.context() as patch:
        patch.setitem(outbox.GIVE_UP, Effect.Name.REFUND, fail)
        facade.sync()
    assert "An effect of a payment could not be given up" in caplog.text
    assert twice.payment_order.attention == ""

    facade.sync()

    assert twice.payment_order.attention == "refund"


def test_a_refund_that_came_through_at_the_last_try_needs_nobody(twice, ping):
    twice.hears()
    Effect.objects.filter(name="refund").update(
        tries=outbox.MAX_TRIES, done_at=None, claimed_at="2026-01-01T00:00Z"
    )

    facade.sync()

    assert refunds_at(ping) == [29900]
    assert twice.payment_order.attention == ""


def test_c18_a_callback_does_not_wait_for_a_refund(twice, ping):
    ping.misbehave("refund_payment", "silent", seconds=30)

    facade.refresh(attempt(1).pk, by="callback")

    assert "refund_payment" not in [call["operation"] for call in ping.calls()]


def test_what_failing_effects_wait_for_grows(twice, ping):
    ping.misbehave("refund_payment", "status", status=429, times=None)
    waits = []
    twice.hears()
    for _ in range(3):
        effect = Effect.objects.get(name="refund")
        waits.append(round((effect.claimed_at + outbox.RETRY_AFTER - timezone.now()) / timedelta(minutes=5)))
        Effect.objects.update(claimed_at=timezone.now() - timedelta(days=3))
        facade.sync()

    assert waits == [1, 2, 4]


# Money that came after the order had ended


@pytest.mark.parametrize("how", ["cancel", "expire"])
def test_m2_money_that_came_too_late_is_given_back(started, ping, change, how):
    change(REFUND_LATE=True)
    ended(started, how)
    state = started.payment_order.state

    pays_late(started, ping)
    assert "We are checking your payment" in started.sees().content.decode()

    assert refunds_at(ping) == [29900]
    facade.refresh(started.payment.pk, by="test")
    payment_order = started.payment_order
    assert (payment_order.state, payment_order.attention) == (state, "")
    assert (payment_order.amount_paid, payment_order.amount_refunded) == (Decimal("299.00"),) * 2
    assert started.order.status == "Cancelled"
    assert subjects(started) == ["Order {} has been cancelled"]
    assert "We are checking" not in started.sees().content.decode()


@pytest.fixture
def reinstating(change, settings, monkeypatch):
    """A shop whose cancelled orders may become paid, and their lines with them."""
    monkeypatch.setattr(Order, "pipeline", Order.pipeline | WAY_BACK)
    monkeypatch.setattr(Line, "pipeline", Line.pipeline | WAY_BACK)
    change(REINSTATE_LATE=True, REFUND_LATE=True)


@pytest.mark.parametrize("how", ["cancel", "expire"])
def test_m2_an_order_whose_money_came_too_late_is_brought_back(shopper, ping, reinstating, heard, how):
    product = create_product()
    voucher = create_voucher()
    create_offer()
    shopper.has(product)
    shopper.enters_voucher(voucher.code)
    shopper.buys()
    before = held()
    ended(shopper, how)
    assert held() != before

    pays_late(shopper, ping)
    facade.refresh(shopper.payment.pk, by="test")

    assert held() == before
    payment_order = shopper.payment_order
    assert (payment_order.state, payment_order.attention, payment_order.ended_at) == ("paid", "", None)
    assert shopper.order.status == "Being processed"
    assert {line.num_allocated for line in shopper.order.lines.all()} == {1}
    assert {line.status for line in shopper.order.lines.all()} == {"Being processed"}
    assert refunds_at(ping) == []
    assert subjects(shopper) == ["Order {} has been cancelled", "Confirmation of order {}"]
    assert [name for name, _ in heard].count("order_paid") == 1


def test_an_order_that_was_brought_back_is_not_said_to_be_cancelled_any_more(
    started, ping, reinstating, heard
):
    ended(started)
    Effect.objects.filter(name="order_cancelled").update(  # as where the process was killed
        done_at=None, claimed_at=timezone.now() - timedelta(hours=1)
    )
    pays_late(started, ping)
    facade.refresh(started.payment.pk, by="test")
    heard.clear()

    facade.sync()

    assert started.payment_order.is_paid
    assert heard == []
    assert Effect.objects.get(name="order_cancelled").done_at is not None


def test_m2_an_order_whose_payer_has_everything_back_in_a_basket_is_not_brought_back(
    started, ping, change, reinstating
):
    """They may have bought it anew, and paid for that."""
    change(REINSTATE_LATE=True, REFUND_LATE=False)
    ping.manners(stop_refused=True)
    late = started.payment
    started.client.post(reverse("pingpayments:change", args=[started.payment_order.token]))
    started.stands_at_preview().places_order()
    assert started.payment_order.pk != late.payment_order_id

    ping.says(late.ping_id, "COMPLETED")
    facade.refresh(late.pk, by="test")

    late.payment_order.refresh_from_db()
    assert (late.payment_order.state, late.payment_order.attention) == ("cancelled", "late")


def test_m2_an_order_whose_pipeline_leads_nowhere_is_not_brought_back(started, ping, change):
    change(REINSTATE_LATE=True)
    ended(started)

    pays_late(started, ping)

    assert (started.payment_order.state, started.payment_order.attention) == ("cancelled", "late")


def test_an_order_whose_lines_would_stay_cancelled_is_not_brought_back(
    started, ping, reinstating, monkeypatch
):
    monkeypatch.setattr(Line, "pipeline", Line.pipeline | {"Cancelled": ()})
    ended(started)

    pays_late(started, ping)

    assert started.payment_order.state == "cancelled"
    assert {line.status for line in started.order.lines.all()} == {"Cancelled"}
    assert refunds_at(ping) == [29900]


def test_an_order_whose_lines_do_not_follow_it_is_brought_back(started, ping, reinstating, monkeypatch):
    monkeypatch.setattr(Line, "pipeline", {})
    monkeypatch.setattr(Order, "cascade", {})
    ended(started)

    pays_late(started, ping)

    assert (started.payment_order.state, started.order.status) == ("paid", "Being processed")


def test_m2_an_order_whose_stock_is_gone_is_not_brought_back(started, product, ping, reinstating):
    ended(started)
    record = product.stockrecords.get()
    record.num_in_stock = 0
    record.save()

    pays_late(started, ping)

    assert started.payment_order.state == "cancelled"
    assert product.stockrecords.get().num_allocated == 0
    assert refunds_at(ping) == [29900]


def test_an_order_whose_product_is_gone_is_not_brought_back(started, product, ping, reinstating):
    ended(started)
    product.stockrecords.all().delete()

    pays_late(started, ping)

    assert started.payment_order.state == "cancelled"


def test_an_order_whose_offer_is_gone_is_brought_back_without_it(shopper, ping, reinstating):
    create_offer()
    shopper.has(create_product()).buys()
    ended(shopper)
    get_model("offer", "ConditionalOffer").objects.all().delete()

    pays_late(shopper, ping)

    assert (shopper.payment_order.state, shopper.order.status) == ("paid", "Being processed")
    assert shopper.order.discounts.get().frequency == 1


@pytest.mark.parametrize("limit", ["max_global_applications", "max_user_applications"])
def test_m2_an_order_whose_offer_was_used_up_meanwhile_is_not_brought_back(
    customer, shop, product, ping, reinstating, limit
):
    offer = create_offer(**{limit: 1})
    shopper = Shopper(user=customer, email=customer.email)
    shopper.has(product).buys()
    first = shopper.payment
    ended(shopper)
    shopper.has(product).buys()
    before = held()

    ping.says(first.ping_id, "COMPLETED")
    facade.refresh(first.pk, by="test")
    outbox.carry_out_due()

    assert held() == before
    offer.refresh_from_db()
    assert (offer.num_applications, offer.num_orders) == (1, 1)
    payment_order = PaymentOrder.objects.get(pk=first.payment_order_id)
    assert (payment_order.state, payment_order.order.status) == ("cancelled", "Cancelled")
    assert refunds_at(ping) == [26910]


@pytest.mark.parametrize("gone", ["used", "deleted"])
def test_an_order_whose_voucher_is_gone_is_not_brought_back(shopper, product, ping, reinstating, gone):
    voucher = create_voucher()
    shopper.has(product)
    shopper.enters_voucher(voucher.code)
    shopper.buys()
    ended(shopper)
    if gone == "used":
        voucher.applications.create(order=shopper.order)
    else:
        voucher.delete()

    pays_late(shopper, ping)

    assert shopper.payment_order.state == "cancelled"
    assert product.stockrecords.get().num_allocated == 0


def test_an_order_that_was_deleted_is_not_brought_back(started, ping, reinstating):
    ended(started)
    key = started.payment.pk
    ping.says(started.payment.ping_id, "COMPLETED")
    started.order.delete()

    facade.refresh(key, by="test")
    facade.sync()

    payment_order = PaymentOrder.objects.get()
    assert (payment_order.state, payment_order.order) == ("cancelled", None)
    assert refunds_at(ping) == [29900]
