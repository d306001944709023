"""Attempts that Ping does not know: perhaps the shop asks in the wrong place, so a person decides."""

from __future__ import annotations

from io import StringIO

import pytest
from django.core.management import call_command
from django.urls import reverse

from oscar_pingpayments import facade
from oscar_pingpayments.facade import StillPayableError
from oscar_pingpayments.models import PaymentOrder
from tests.shopper import Shopper

from .conftest import call_back


@pytest.fixture
def lost(shopper, product, ping, change):
    """A payer whose order is placed, and of whose attempt nobody knows whether Ping has it."""
    change(TIMEOUT=(0.5, 0.5))
    ping.misbehave("initiate_payment", "drop_before")
    shopper.buys(product)
    assert shopper.payment.outcome_unknown
    return shopper


@pytest.fixture
def missing(ping):
    """Call it to let Ping know no payment, nor a payment order, of ours any more."""

    def forget() -> None:
        for operation in ("get_payment", "get_payment_order", "stop_payment"):
            ping.misbehave(operation, "status", status=404, times=None)

    return forget


def resolve(shopper: Shopper, staff: facade.Person) -> None:
    assert facade.resolve(shopper.payment_order.pk, person=staff, note="Ping's support has never had it")


def told(heard) -> list[str]:
    return [facts["reason"] for name, facts in heard if name == "attention_needed"]


def is_untouched(shopper: Shopper) -> bool:
    """Whether the order still waits for its money, and holds what it held."""
    return (
        shopper.payment_order.state == "awaiting"
        and shopper.order.status == "Pending"
        and shopper.order.lines.get().num_allocated == 1
    )


def test_o12_what_a_person_has_looked_at_is_for_nobody_again_while_ping_does_not_know_it(
    started, missing, staff, heard, clock
):
    missing()
    facade.refresh(started.payment.pk, by="sync")
    assert started.payment_order.attention_detail == "Ping does not know attempt 1."
    resolve(started, staff)

    for by in ("sync", "page", "callback"):
        clock.passes(minutes=5)
        facade.refresh(started.payment.pk, by=by)

    assert started.payment_order.attention == ""
    assert told(heard) == ["identity"]
    assert [entry["note"] for entry in started.payment.history] == ["missing"]
    assert started.payment.failed_asks == 0
    assert started.payment.ask_again_at > clock.now()


def test_o12_ping_knows_it_again_and_then_does_not_which_is_told_again(started, ping, missing, staff, heard):
    missing()
    facade.refresh(started.payment.pk, by="sync")
    resolve(started, staff)
    ping.clear_faults()
    facade.refresh(started.payment.pk, by="sync")
    missing()

    facade.refresh(started.payment.pk, by="sync")

    assert started.payment_order.attention == "identity"
    assert told(heard) == ["identity", "identity"]


def test_o12_what_ping_knows_again_needs_nobody(started, ping, missing):
    missing()
    facade.refresh(started.payment.pk, by="sync")
    ping.clear_faults()

    facade.refresh(started.payment.pk, by="sync")

    assert started.payment_order.attention == ""
    assert started.payment.failed_asks == 0


def test_o12_no_order_ends_while_ping_knows_none_of_the_shops_payments(product, missing, clock):
    """A production database with the sandbox's address, say."""
    shoppers = [Shopper() for _ in range(3)]
    for shopper in shoppers:
        shopper.buys(product)
    missing()

    for _ in range(5):
        clock.passes(hours=2)
        assert facade.sync().ended == 0

    states = PaymentOrder.objects.values_list("state", "attention")
    assert list(states) == [("awaiting", "identity")] * 3
    product.stockrecords.get().refresh_from_db()
    assert product.stockrecords.get().num_allocated == 3


def test_o12_an_order_does_not_end_where_ping_is_first_found_not_to_know_its_attempt(started, missing, clock):
    missing()
    clock.passes(hours=2)

    with pytest.raises(StillPayableError):
        facade.expire(started.payment_order.pk)

    assert is_untouched(started)
    assert started.payment_order.attention == "identity"


def test_o12_once_a_person_has_looked_the_order_ends_and_gives_back_what_it_held(
    started, missing, staff, clock, heard
):
    missing()
    clock.passes(hours=2)
    assert facade.sync().ended == 0
    resolve(started, staff)
    clock.passes(hours=2)

    assert facade.sync().ended == 1

    assert (started.payment_order.state, started.payment_order.attention) == ("expired", "")
    assert started.order.status == "Cancelled"
    assert started.order.lines.get().num_allocated == 0
    assert told(heard) == ["identity"]


def test_o12_money_that_comes_after_all_is_recorded(started, ping, missing, staff, clock):
    missing()
    clock.passes(hours=2)
    facade.sync()
    resolve(started, staff)
    clock.passes(hours=2)
    facade.sync()
    ping.clear_faults()
    ping.says(started.payment.ping_id, "COMPLETED")

    facade.refresh(started.payment.pk, by="sync")

    assert (started.payment_order.state, started.payment_order.attention) == ("expired", "late")
    assert started.payment_order.amount_paid == started.payment_order.amount


def test_o12_until_the_order_ends_its_payer_may_try_again(started, ping, missing, staff):
    missing()
    facade.refresh(started.payment.pk, by="sync")
    resolve(started, staff)
    facade.refresh(started.payment.pk, by="sync")
    assert started.payment.live is None

    started.client.post(reverse("pingpayments:pay", args=[started.payment_order.token]))

    assert (started.payment.number, started.payment.live) == (2, True)
    ping.clear_faults()
    ping.says(started.payment.ping_id, "COMPLETED")
    assert call_back(started).status_code == 200
    assert started.payment_order.state == "paid"


def test_o12_its_payer_cannot_cancel_what_may_have_been_paid(started, missing):
    missing()

    answer = started.client.post(
        reverse("pingpayments:change", args=[started.payment_order.token]), follow=True
    )

    assert "The order cannot be cancelled just now: a payment may be on its way" in answer.content.decode()
    assert is_untouched(started)
    assert started.basket.is_empty


def test_o12_staff_cancel_what_ping_does_not_know(started, missing, staff):
    missing()

    assert facade.cancel(started.payment_order.pk, by="staff", person=staff).state == "cancelled"

    assert started.order.status == "Cancelled"
    assert started.order.lines.get().num_allocated == 0
    assert started.payment_order.staff_actions.get().name == "cancel"


def test_o12_an_attempt_whose_answer_was_lost_in_an_order_that_ping_does_not_know(
    lost, missing, staff, clock
):
    missing()
    clock.passes(hours=2)
    assert facade.sync().ended == 0
    assert lost.payment_order.attention == "identity"
    resolve(lost, staff)
    clock.passes(hours=2)

    assert facade.sync().ended == 1

    assert lost.payment_order.state == "expired"
    assert (lost.payment.live, lost.payment.ask_again_at) == (None, None)


def test_o12_staff_cancel_an_order_that_ping_does_not_know_and_whose_attempt_was_lost(lost, missing, staff):
    missing()

    assert facade.cancel(lost.payment_order.pk, by="staff", person=staff).state == "cancelled"

    assert lost.order.lines.get().num_allocated == 0


def test_the_command_tells_of_an_attempt_that_ping_does_not_know(started, missing):
    missing()
    facade.refresh(started.payment.pk, by="sync")
    out = StringIO()

    call_command("pingpayments_order", started.order.number, stdout=out, no_color=True)

    assert "  no word, asked by sync (missing)\n" in out.getvalue()
    assert "Ping does not know attempt 1." in out.getvalue()


def test_o12_each_attempt_that_ping_does_not_know_is_told(started, ping, missing, heard):
    ping.decline(started.payment.pay_url)
    first = facade.refresh(started.payment.pk, by="test")
    started.client.post(reverse("pingpayments:pay", args=[started.payment_order.token]))
    missing()

    for payment in (first, started.payment):
        facade.refresh(payment.pk, by="sync")

    assert told(heard) == ["identity", "identity"]
    assert started.payment_order.attention_detail == (
        "Ping does not know attempt 1.\nPing answered about another payment: Ping does not know attempt 2."
    )


def test_o12_a_full_history_makes_no_news_of_what_a_person_has_looked_at(started, missing, staff):
    payment = started.payment
    payment.history = [{"status": str(n), "by": "test", "at": "", "note": ""} for n in range(100)]
    payment.save()
    missing()
    facade.refresh(payment.pk, by="sync")
    resolve(started, staff)

    facade.refresh(payment.pk, by="sync")

    assert started.payment_order.attention == ""
    assert len(started.payment.history) == 100
