"""Two shops in one database: each asks Ping, with its own credentials, about its own payments alone."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.core import mail
from django.utils import timezone

from oscar_pingpayments import facade
from oscar_pingpayments.exceptions import AuthenticationError
from oscar_pingpayments.facade import outbox
from oscar_pingpayments.models import Effect, Payment, PaymentOrder, Refund

from .answers import let_ping_answer
from .conftest import call_back
from .test_settling import ships_all, steps
from .test_syncing import warned

OTHER = "00000000-0000-4000-8000-00000000abcd"
WHO = [{"ENVIRONMENT": "production", "BASE_URL": None}, {"TENANT_ID": OTHER}]


@pytest.fixture
def theirs(change):
    """Call it to become the other shop, whose tenant Ping knows as little as its secret."""
    return lambda: change(TENANT_ID=OTHER, API_SECRET="their-secret")


def due() -> None:
    Payment.objects.update(ask_again_at=timezone.now() - timedelta(seconds=1))
    PaymentOrder.objects.update(expires_at=timezone.now() - timedelta(seconds=1))


@pytest.mark.parametrize("other", WHO, ids=["environment", "tenant"])
def test_o16_what_is_due_is_left_to_its_own_shop(started, ping, change, shop, other):
    ours = shop.PINGPAYMENTS
    ping.pay(started.payment.pay_url)
    due()
    before = started.payment.ask_again_at
    calls = len(ping.calls())
    change(**other)

    assert facade.sync() == facade.SyncSummary()

    assert len(ping.calls()) == calls
    assert (started.payment.ask_again_at, started.payment.failed_asks) == (before, 0)
    shop.PINGPAYMENTS = ours
    assert facade.sync().paid == 1


def test_o16_each_shop_asks_with_its_own_credentials_about_its_own_payments(started, ping, product, theirs):
    ours = started.payment
    copy = Payment.objects.get(pk=ours.pk)
    their_order = PaymentOrder.objects.get(pk=ours.payment_order_id)
    their_order.pk, their_order.order, their_order.token = None, None, "their-order"
    their_order.tenant_id, their_order.ping_id = OTHER, "00000000-0000-4000-8000-00000000000a"
    their_order.save()
    copy.pk, copy.payment_order, copy.token = None, their_order, "their-attempt"
    copy.ping_id = "00000000-0000-4000-8000-00000000000b"
    copy.save()
    Payment.objects.update(ask_again_at=timezone.now() - timedelta(seconds=1))
    before = len(ping.calls())
    theirs()

    assert facade.sync().unanswered == 1

    calls = ping.calls()[before:]
    assert {call["headers"]["Tenant-Id"] for call in calls} == {OTHER}
    assert all(str(copy.ping_id) in call["path"] for call in calls)
    assert Payment.objects.get(pk=ours.pk).failed_asks == 0


def test_o16_money_that_is_to_go_back_and_letters_are_left_to_the_shop_whose_they_are(
    started, ping, theirs, shop
):
    ours = shop.PINGPAYMENTS
    ping.pay(started.payment.pay_url)
    call_back(started)
    Refund.objects.create(payment=started.payment, amount=started.payment.amount, reason="other")
    Effect.objects.create(
        payment_order=started.payment_order, name="refund", about="1", claimed_at="2026-01-01T00:00Z"
    )
    Effect.objects.filter(name="confirmation").update(done_at=None, claimed_at="2026-01-01T00:00Z")
    mail.outbox.clear()
    theirs()

    for _ in range(outbox.MAX_TRIES + 1):
        assert facade.sync().effects == 0

    assert Effect.objects.get(name="refund").tries == 0
    assert mail.outbox == []
    shop.PINGPAYMENTS = ours
    assert facade.sync().effects == 2
    asked = [call["body"]["amount"] for call in ping.calls() if call["operation"] == "refund_payment"]
    assert asked == [29900]


def test_o16_what_needs_attention_in_one_shop_does_not_trouble_the_other(started, ping, theirs):
    let_ping_answer(ping, started.payment, total_amount=100)
    facade.refresh(started.payment.pk, by="test")
    assert facade.sync().attention == 1

    theirs()

    assert facade.sync().attention == 0


def test_o16_only_the_shops_own_payments_are_asked_about_again(started, theirs):
    before = started.payment.ask_again_at
    since = timezone.now() - timedelta(days=1)
    theirs()

    assert facade.ask_all_again(since) == 0

    assert started.payment.ask_again_at == before


@pytest.mark.parametrize("named", [True, False], ids=["the payment", "nothing"])
def test_o16_a_call_about_refunds_makes_the_shops_own_payments_due(started, ping, theirs, shop, named):
    ours = shop.PINGPAYMENTS
    ping.pay(started.payment.pay_url)
    call_back(started)
    payment = started.payment
    Refund.objects.create(payment=payment, amount=payment.amount, reason="other", sent_at=timezone.now())
    body = f'{{"id": "{payment.ping_id}"}}'.encode() if named else b"{}"
    theirs()

    facade.receive_about_refunds(facade.refund_token(), body, "")

    assert started.payment.ask_again_at == payment.ask_again_at
    shop.PINGPAYMENTS = ours
    facade.receive_about_refunds(facade.refund_token(), body, "")
    assert started.payment.ask_again_at < payment.ask_again_at


@pytest.mark.parametrize("other", WHO, ids=["environment", "tenant"])
@pytest.mark.parametrize("rule", ["never", "shipped"])
def test_o16_what_has_shipped_is_settled_whoever_syncs_in_between(bought, ping, change, shop, rule, other):
    change(SETTLE={"when": "shipped"})
    ours = shop.PINGPAYMENTS
    facade.sync()
    ships_all(bought)
    change(SETTLE={"when": rule}, **other)

    assert facade.sync().settled == 0

    assert steps(ping) == []
    shop.PINGPAYMENTS = ours
    assert facade.sync().settled == 1


def test_o16_what_had_shipped_before_a_shop_settles_by_itself_is_left_alone(
    bought, ping, change, shop, theirs
):
    ours = shop.PINGPAYMENTS
    change(SETTLE={"when": "shipped"})
    theirs()
    facade.sync()
    ships_all(bought)
    shop.PINGPAYMENTS = {**ours, "SETTLE": {"when": "shipped"}}

    assert [facade.sync().settled for _ in range(2)] == [0, 0]

    assert steps(ping) == []


def test_o16_a_sync_of_one_shop_is_none_of_the_other(started, shop, theirs):
    ours = shop.PINGPAYMENTS
    theirs()
    facade.sync()
    assert warned() == []  # they have no orders
    shop.PINGPAYMENTS = ours

    assert facade.last_sync() is None
    assert [sentence.split(":")[0] for sentence in warned()] == ["pingpayments_sync has never run"]


def test_o16_staff_of_each_shop_are_told_of_its_own_trouble(started, ping, change, theirs):
    change(STAFF_EMAILS=["staff@example.org"], API_SECRET="outdated")
    with pytest.raises(AuthenticationError):
        facade.refresh(started.payment.pk, by="test")
    theirs()
    PaymentOrder.objects.update(tenant_id=OTHER)

    for _ in range(2):
        with pytest.raises(AuthenticationError):
            facade.refresh(started.payment.pk, by="test")

    assert [message.to for message in mail.outbox] == [["staff@example.org"]] * 2
