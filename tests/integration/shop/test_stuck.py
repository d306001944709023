"""A payment that cannot be followed up: kept apart from the others, put off, and shown to staff."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.core import mail
from django.db import connection
from django.urls import reverse

from oscar_pingpayments import facade
from oscar_pingpayments.facade import refreshing
from oscar_pingpayments.facade.starting import GRACE
from oscar_pingpayments.models import Exchange, Payment, PaymentOrder
from tests.shopper import Shopper

from .answers import answer, let_ping_answer
from .conftest import call_back

#: Members of Ping's answer, and what is no value for them; None leaves the member out.
ODD = [
    {"status": None},
    {"status": 7},
    {"status": ["COMPLETED"]},
    {"total_amount": None},
    {"total_amount": "29900"},
    {"total_amount": 299.5},
    {"total_amount": True},
    {"currency": None},
    {"currency": {"code": "SEK"}},
    {"id": "42"},
    {"payment_order_id": None},
    {"refunds": "none"},
    {"refunds": [{"amount": -1, "refunded_at": "yesterday"}]},
    {"status_history": [{}]},
]


def odd_answers(ping, payment: Payment, changes: dict[str, object]) -> None:
    body = {
        key: value for key, value in answer(payment, **changes).items() if changes.get(key, "") is not None
    }
    ping.misbehave("get_payment", "status", status=200, body=body, times=None)


@pytest.mark.parametrize("changes", ODD, ids=str)
def test_c10_an_answer_that_cannot_be_read_is_kept_and_changes_nothing(started, ping, changes):
    odd_answers(ping, started.payment, changes)

    assert call_back(started).status_code == 503
    assert facade.sync().paid == 0

    assert (started.payment.status, started.payment.live) == ("", True)
    assert (started.payment_order.state, started.payment_order.amount_paid) == ("awaiting", 0)
    assert started.order.status == "Pending"
    assert mail.outbox == []
    kept = Exchange.objects.filter(method="GET").latest("pk")
    assert kept.status_code == 200
    assert '"provider":"payment_iq"' in kept.response_body.replace(" ", "")


def test_c10_fields_that_we_do_not_know_change_nothing(started, ping):
    let_ping_answer(ping, started.payment, risk={"score": [1, {"a": None}]}, fee=-5, paid=False)

    assert call_back(started).status_code == 200

    assert started.order.status == "Being processed"
    assert started.payment_order.attention == ""


@pytest.fixture
def told(change):
    change(STAFF_EMAILS=["payments@shop.example"])
    return lambda: [message.subject for message in mail.outbox if message.to == ["payments@shop.example"]]


def test_c10_an_answer_that_can_never_be_read_is_shown_to_staff_until_it_can(started, ping, clock, told):
    odd_answers(ping, started.payment, {"total_amount": None})
    for asks in range(refreshing.STUCK_AFTER):
        assert started.payment_order.attention == ""
        clock.passes(hours=0.5)
        PaymentOrder.objects.update(expires_at=clock.now() + GRACE)
        assert facade.sync().unanswered == 1, asks

    assert started.payment_order.attention == "stuck"
    assert started.payment_order.attention_detail == "Attempt 1: In Ping's answer total_amount is missing"
    assert started.payment_order.state == "awaiting"
    assert len(told()) == 1
    ping.clear_faults()
    clock.passes(hours=1)
    PaymentOrder.objects.update(expires_at=clock.now() + GRACE)
    facade.sync()

    assert started.payment_order.attention == ""


def test_o11_one_that_always_raises_is_put_off_and_shown_while_the_others_go_on(several, ping, clock, told):
    broken, *others = several(10)
    Payment.objects.filter(pk=broken.pk).update(history=[None])  # not as we write it
    ping.says(broken.ping_id, "COMPLETED")
    seen = []

    for turn in range(refreshing.STUCK_AFTER):
        for payment in others[turn::5]:
            ping.says(payment.ping_id, "COMPLETED")
        clock.passes(minutes=5)
        before = clock.now()
        summary = facade.sync()
        broken.refresh_from_db()
        seen.append((summary.failed, summary.paid, broken.failed_asks, summary.needs_a_person))
        pause = timedelta(seconds=15 * 2**turn)
        assert before + pause <= broken.ask_again_at <= clock.now() + pause

    assert seen == [(1, 2, 1, True), (1, 2, 2, True), (1, 2, 3, True), (1, 2, 4, True), (1, 1, 5, True)]
    assert PaymentOrder.objects.filter(state="paid").count() == 9
    stuck = PaymentOrder.objects.get(pk=broken.payment_order_id)
    assert (stuck.state, stuck.attention, stuck.amount_paid) == ("awaiting", "stuck", 0)
    assert stuck.attention_detail == "Attempt 1: AttributeError"
    assert told() == [
        f"Order {stuck.order_number} needs a person: It cannot be followed up, however often Ping is asked"
    ]


def test_o11_an_order_that_cannot_be_ended_is_put_off_too(started, ping, clock):
    ping.says(started.payment.ping_id, "DECLINED")
    Payment.objects.update(history=[None], ask_again_at=None)
    clock.passes(hours=2)
    assert facade.sync().failed == 1

    assert facade.sync().failed == 0

    clock.passes(minutes=1)
    Payment.objects.update(history=[])
    assert facade.sync().ended == 1
    assert started.order.status == "Cancelled"
    page = started.client.get(reverse("pingpayments:payment", args=[started.payment_order.token]))
    assert "can no longer be paid" in page.content.decode()


def test_o11_an_order_without_an_attempt_that_cannot_be_ended_does_not_keep_the_others(
    started, product, clock
):
    Payment.objects.all().delete()
    other = Shopper(email="karl@example.org")
    other.buys(product)
    broken = PaymentOrder.objects.earliest("pk")

    def fail(execute, sql, params, many, context):
        if sql.startswith("INSERT") and "ordernote" in sql.lower() and broken.order_id in params:
            raise RuntimeError("no room for notes")
        return execute(sql, params, many, context)

    clock.passes(hours=2)
    with connection.execute_wrapper(fail):
        summary = facade.sync()

    assert (summary.failed, summary.ended) == (1, 1)
    assert list(PaymentOrder.objects.order_by("pk").values_list("state", flat=True)) == [
        "awaiting",
        "expired",
    ]
