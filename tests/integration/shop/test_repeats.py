"""The same call again and again, answers that overtake each other, and calls that never come."""

from __future__ import annotations

from functools import partial

import pytest
from django.core import mail
from django.db import connection
from django.urls import reverse

from oscar_pingpayments import facade
from oscar_pingpayments.models import Callback, Payment, PaymentOrder
from tests.shopper import Shopper

from .answers import let_ping_answer
from .books import confirmed
from .conftest import call_back, rows


def test_c1_a_thousand_repeats_have_one_effect_and_cost_one_question(started, ping, heard):
    ping.pay(started.payment.pay_url)
    calls = len(ping.calls())
    token = started.payment.token

    first = facade.receive(token, b'{"status": "COMPLETED"}', "")
    after_one = rows()
    answers = [facade.receive(token, b'{"status": "COMPLETED"}', "") for _ in range(999)]

    assert {first, *answers} == {facade.Received.DONE}
    assert rows() == {**after_one, "Callback": 1000}
    assert len(ping.calls()) == calls + 1
    assert [name for name, _ in heard].count("order_paid") == 1
    assert [message.to for message in mail.outbox] == [["astrid@example.org"]]
    assert started.order.status_changes.count() == 1


def test_c2_a_pending_that_was_asked_for_first_and_is_written_last_changes_nothing(started, ping):
    """One process has Ping's PENDING in its hand while another asks, hears COMPLETED and writes it."""
    let_ping_answer(ping, started.payment, "PENDING")
    pay_meanwhile = [partial(ping.says, started.payment.ping_id, "COMPLETED"), partial(call_back, started)]

    def overtake(execute, sql, params, many, context):
        if sql.startswith("INSERT") and "pingpayments_exchange" in sql:  # Ping has answered
            while pay_meanwhile:
                pay_meanwhile.pop(0)()
        return execute(sql, params, many, context)

    with connection.execute_wrapper(overtake):
        facade.refresh(started.payment.pk, by="return")

    words = [(entry["status"], entry["by"]) for entry in started.payment.history]
    assert words == [("COMPLETED", "callback"), ("PENDING", "return")]
    assert (started.payment.status, started.payment_order.state) == ("COMPLETED", "paid")
    assert started.order.status == "Being processed"
    assert started.payment_order.attention == ""
    assert len(mail.outbox) == 1


def test_c3_a_sync_that_runs_every_15_seconds_learns_within_15_seconds_what_no_callback_told(
    started, ping, clock
):
    ping.lose_callbacks()
    ping.pay(started.payment.pay_url)
    assert facade.sync().asked == 0

    clock.passes(seconds=15)
    assert facade.sync().paid == 1

    assert started.order.status == "Being processed"
    assert len(mail.outbox) == 1
    assert not Callback.objects.exists()


def test_c16_where_no_callback_ever_arrives_every_order_is_finished_all_the_same(product, ping, clock):
    """Nor does any payer come back: only the sync is left."""
    ping.lose_callbacks()
    payments = []
    for number in range(4):
        payer = Shopper(email=f"payer{number}@example.org")
        payer.buys(product)
        payments.append(payer.payment)
    paid, declined, _left, again = payments
    ping.pay(paid.pay_url)
    ping.decline(declined.pay_url)
    ping.decline(again.pay_url)
    clock.passes(minutes=1)
    facade.sync()
    payer.client.post(reverse("pingpayments:pay", args=[again.payment_order.token]))
    ping.pay(payer.payment.pay_url)

    for _ in range(3):
        clock.passes(minutes=40)
        facade.sync()

    assert list(PaymentOrder.objects.order_by("pk").values_list("state", "order__status")) == [
        ("paid", "Being processed"),
        ("expired", "Cancelled"),
        ("expired", "Cancelled"),
        ("paid", "Being processed"),
    ]
    assert confirmed() == ["payer0@example.org", "payer3@example.org"]
    assert product.stockrecords.get().num_allocated == 2
    assert Payment.objects.filter(live=True).count() == 0
    assert not Callback.objects.exists()


@pytest.fixture
def two_ask(started, ping, in_between):
    """Two ask at once, and each hears what is named; what the first one hears is written last.

    A number is a status code with which Ping refuses.
    """

    def two_ask(first: str | int, second: str | int) -> None:
        for heard in (first, second):
            if isinstance(heard, int):
                ping.misbehave("get_payment", "status", status=heard)
            else:
                let_ping_answer(ping, started.payment, heard)
        ask = partial(facade.refresh, started.payment.pk, by="test")
        in_between("GET", str(started.payment.ping_id), ask)
        ask()

    return two_ask


def test_c2_an_overtaken_word_that_we_do_not_know_is_for_nobody(started, two_ask):
    two_ask("HELD_FOR_REVIEW", "PENDING")

    assert started.payment_order.attention == ""
    words = [(entry["status"], entry["note"]) for entry in started.payment.history]
    assert words == [("PENDING", ""), ("HELD_FOR_REVIEW", "overtaken")]


def test_c2_an_overtaken_repeat_does_not_take_back_a_word_that_we_do_not_know(started, ping, two_ask):
    let_ping_answer(ping, started.payment, "PENDING")
    facade.refresh(started.payment.pk, by="test")

    two_ask("PENDING", "HELD_FOR_REVIEW")

    assert started.payment_order.attention == "unknown_status"


def test_c2_a_word_that_we_do_not_know_needs_nobody_once_ping_repeats_one_that_had_overtaken_it(
    started, ping, two_ask
):
    """Declined was written after it, and was asked for before it: which of them is true now is not known."""
    ping.decline(started.payment.pay_url)
    two_ask("DECLINED", "HELD_FOR_REVIEW")
    assert (started.payment.status, started.payment_order.attention) == ("DECLINED", "unknown_status")

    facade.refresh(started.payment.pk, by="test")

    assert started.payment_order.attention == ""


def test_c2_an_overtaken_word_does_not_take_back_one_that_we_do_not_know(started, two_ask):
    two_ask("PENDING", "HELD_FOR_REVIEW")

    assert started.payment_order.attention == "unknown_status"
    assert started.payment.status == "PENDING"


def test_c2_an_attempt_that_ping_has_known_since_is_for_nobody(started, two_ask):
    two_ask(404, "PENDING")

    assert started.payment_order.attention == ""
    assert [entry["note"] for entry in started.payment.history] == [""]
    assert started.payment.failed_asks == 0


def test_c2_an_attempt_that_ping_does_not_know_any_more_is_for_a_person(started, two_ask):
    two_ask("PENDING", 404)

    assert started.payment_order.attention == "identity"
    assert started.payment.status == "PENDING"


def test_m5_a_word_that_a_person_has_looked_at_is_no_news_where_two_ask_at_once(started, ping, in_between):
    ping.pay(started.payment.pay_url)
    call_back(started)
    ping.says(started.payment.ping_id, "STOPPED")
    ask = partial(facade.refresh, started.payment.pk, by="test")
    in_between("GET", str(started.payment.ping_id), ask)
    ask()
    assert started.payment_order.attention == "changed"
    facade.resolve(started.payment_order.pk, person=facade.Person("Karin"), note="A word only")

    ask()

    assert started.payment_order.attention == ""
    assert [entry["status"] for entry in started.payment.history] == ["COMPLETED", "STOPPED"]
