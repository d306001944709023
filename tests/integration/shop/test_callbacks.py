"""Calls to the callback address, from Ping and from others: what they cause, cost and leave behind."""

from __future__ import annotations

import base64
import io
import json
import time
from datetime import timedelta

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from django.core import mail
from django.db import IntegrityError, OperationalError, connection, transaction
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from oscar.apps.order.signals import order_status_changed

from oscar_pingpayments import facade, ledger, signals
from oscar_pingpayments.facade import callbacks
from oscar_pingpayments.models import Callback, Payment, PaymentOrder
from tests.shopper import Shopper

from .answers import let_ping_answer
from .conftest import call_back, nothing_changes, rows

BODY = b'{"status": "COMPLETED"}'
OLD, NEW, FOREIGN = (Ed25519PrivateKey.from_private_bytes(bytes([seed]) * 32) for seed in (1, 2, 3))


def public(key: Ed25519PrivateKey) -> str:
    return base64.b64encode(key.public_key().public_bytes_raw()).decode()


def signed(key: Ed25519PrivateKey, body: bytes = BODY) -> str:
    return base64.b64encode(key.sign(body)).decode()


@pytest.fixture
def signatures(change):
    """Callbacks are signed; Ping is just changing from one key to the next."""
    keys = [public(OLD), public(NEW)]
    change(CALLBACK_SIGNATURE={"header": "X-Ping-Signature", "keys": keys, "encoding": "base64"})


# What is not ours


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"null",
        b"[]",
        b'"COMPLETED"',
        b"status=COMPLETED",
        b"{",
        b"\xff\xfe",
        b'{"status": "\x00"}',
        b"[" * 50_000,
        b'{"a":' * 10_000,
        b"<callback/>",
    ],
    ids=lambda body: str(body[:12]),
)
def test_c6_a_body_that_is_no_json_object_is_refused_and_leaves_nothing(started, ping, body):
    calls = len(ping.calls())

    with nothing_changes():
        response = call_back(started, body)

    assert response.status_code == 400
    assert len(ping.calls()) == calls


def test_c6_ten_megabytes_are_refused_without_being_read(started, ping):
    calls, read = len(ping.calls()), []

    class Endless(io.RawIOBase):
        def read(self, size: int = -1) -> bytes:
            read.append(size)
            return b"x" * size

    url = reverse("pingpayments:callback", args=[started.payment.token])
    with nothing_changes():
        response = Client().generic(
            "POST", url, **{"wsgi.input": Endless(), "CONTENT_LENGTH": "10000000"}, content_type="text/plain"
        )

    assert response.status_code == 413
    assert sum(read) == facade.MAX_BODY + 1
    assert len(ping.calls()) == calls


@pytest.mark.parametrize("method", ["get", "head", "put", "patch", "delete", "options"])
def test_c6_only_a_post_is_a_callback(started, ping, method):
    calls = len(ping.calls())

    with nothing_changes():
        response = getattr(started.client, method)(
            reverse("pingpayments:callback", args=[started.payment.token])
        )

    assert response.status_code == 405
    assert len(ping.calls()) == calls


@pytest.mark.parametrize("content_type", ["text/plain", "application/x-www-form-urlencoded", ""])
def test_c6_what_the_body_calls_itself_does_not_matter(started, ping, content_type):
    ping.pay(started.payment.pay_url)
    url = reverse("pingpayments:callback", args=[started.payment.token])

    assert Client().generic("POST", url, BODY, content_type=content_type).status_code == 200

    assert started.order.status == "Being processed"


@pytest.mark.parametrize(
    "middleware",
    [
        "django.middleware.csrf.CsrfViewMiddleware",
        "django.contrib.auth.middleware.LoginRequiredMiddleware",
    ],
)
def test_c13_a_shop_that_asks_everybody_for_a_token_or_a_login_does_not_ask_ping(
    started, ping, settings, middleware
):
    settings.MIDDLEWARE = [*settings.MIDDLEWARE, middleware]
    back = ping.pay(started.payment.pay_url)
    stranger = Client(enforce_csrf_checks=True)
    url = reverse("pingpayments:callback", args=[started.payment.token])

    assert stranger.post(url, BODY, content_type="application/json").status_code == 200

    assert started.order.status == "Being processed"
    assert stranger.post(back).status_code == 303
    page = reverse("pingpayments:payment", args=[started.payment_order.token])
    assert stranger.get(page).status_code == 200


def test_the_body_is_kept_for_people_up_to_a_length(started):
    long = json.dumps({"status": "PENDING", "more": "x" * 20_000})
    call_back(started, long)

    assert Callback.objects.get().body == long[: callbacks.KEPT_BODY]


# Signatures


@pytest.mark.parametrize("key", [OLD, NEW])
def test_c11_both_keys_are_good_while_ping_changes_them(started, ping, signatures, key):
    ping.pay(started.payment.pay_url)

    assert call_back(started, BODY, **{"X-Ping-Signature": signed(key)}).status_code == 200

    assert Callback.objects.get().verified is True
    assert started.order.status == "Being processed"


@pytest.mark.parametrize(
    "header",
    [
        {},
        {"X-Ping-Signature": ""},
        {"X-Ping-Signature": "x"},
        {"X-Ping-Signature": signed(FOREIGN)},
        {"X-Ping-Signature": signed(NEW, BODY + b" ")},
        {"X-Signature": signed(NEW)},
    ],
    ids=["missing", "empty", "no signature", "foreign key", "another body", "another header"],
)
def test_c11_a_callback_without_the_right_signature_is_refused_and_counted(started, ping, signatures, header):
    ping.pay(started.payment.pay_url)
    before, calls = rows(), len(ping.calls())

    assert call_back(started, BODY, **header).status_code == 401

    assert rows() == {**before, "Callback": 1}
    assert [(row.outcome, row.verified) for row in Callback.objects.all()] == [("refused", False)]
    assert len(ping.calls()) == calls
    assert started.order.status == "Pending"


def test_c11_a_key_that_was_taken_out_of_the_settings_is_no_longer_good(started, ping, signatures, change):
    change(CALLBACK_SIGNATURE={"header": "X-Ping-Signature", "keys": [public(NEW)]})

    assert call_back(started, BODY, **{"X-Ping-Signature": signed(OLD)}).status_code == 401


def test_c5_a_right_signature_does_not_replace_asking_ping(started, ping, signatures):
    assert call_back(started, BODY, **{"X-Ping-Signature": signed(NEW)}).status_code == 200

    assert started.order.status == "Pending"
    assert started.payment_order.amount_paid == 0


def test_without_a_configured_signature_a_callback_is_neither_verified_nor_refused(started):
    call_back(started, BODY, **{"X-Ping-Signature": "x"})

    assert [(row.outcome, row.verified) for row in Callback.objects.all()] == [("asked", None)]


# Many


def test_c12_a_flood_on_one_token_costs_a_bounded_number_of_calls(started, ping):
    calls = len(ping.calls())

    answers = [call_back(started).status_code for _ in range(callbacks.FLOOD + 5)]

    assert answers == [200] * callbacks.FLOOD + [202] * 5
    assert len(ping.calls()) - calls == callbacks.FLOOD
    assert Callback.objects.filter(outcome="too_many").count() == 5
    assert started.payment.ask_again_at <= timezone.now()


def test_c12_what_a_flood_put_off_is_done_by_the_next_sync(started, ping):
    Callback.objects.bulk_create(
        Callback(payment=started.payment, outcome=Callback.Outcome.ASKED) for _ in range(callbacks.FLOOD)
    )
    ping.pay(started.payment.pay_url)
    assert call_back(started).status_code == 202

    assert facade.sync().paid == 1

    assert started.order.status == "Being processed"


def test_c12_a_flood_is_over_after_a_while(started, ping):
    Callback.objects.bulk_create(
        Callback(
            payment=started.payment,
            outcome=Callback.Outcome.ASKED,
            at=timezone.now() - callbacks.FLOOD_WINDOW - timedelta(seconds=1),
        )
        for _ in range(callbacks.FLOOD)
    )
    ping.pay(started.payment.pay_url)

    assert call_back(started).status_code == 200

    assert started.order.status == "Being processed"


def test_c1_a_callback_of_a_paid_payment_asks_nobody(started, ping):
    ping.pay(started.payment.pay_url)
    call_back(started)
    calls = len(ping.calls())

    assert call_back(started).status_code == 200

    assert [row.outcome for row in Callback.objects.order_by("pk")] == ["asked", "finished"]
    assert len(ping.calls()) == calls


# At a bad moment


def test_c4_a_callback_that_comes_before_the_answer_to_the_payment_is_not_lost(
    shopper, product, ping, change
):
    change(TIMEOUT=(0.5, 0.5))
    ping.misbehave("initiate_payment", "drop_after")
    shopper.buys(product)
    assert shopper.payment.ping_id is None
    (remote,) = ping.payments()
    ping.says(remote["id"], "COMPLETED")

    assert call_back(shopper).status_code == 200

    assert str(shopper.payment.ping_id) == remote["id"]
    assert shopper.order.status == "Being processed"


@pytest.mark.parametrize("by", ["callback", "sync"])
@pytest.mark.parametrize("fault", ["refuse", "silent", "status"])
def test_c7_a_callback_that_cannot_be_followed_up_is_done_by_its_repeat_or_by_a_sync(
    started, ping, change, fault, caplog, by
):
    change(TIMEOUT=(0.2, 0.3))
    ping.pay(started.payment.pay_url)
    ping.misbehave("get_payment", fault, times=None)
    began = time.monotonic()

    response = call_back(started)

    assert time.monotonic() - began < 5
    assert response.status_code == 503
    assert response["Retry-After"] == "30"
    assert Callback.objects.get().outcome == "no_answer"
    assert started.order.status == "Pending"
    assert started.payment.failed_asks == 0  # which only a sync counts
    assert timezone.now() < started.payment.ask_again_at < timezone.now() + timedelta(seconds=20)
    assert "A callback could not be followed up" in caplog.text

    ping.clear_faults()
    change(TIMEOUT=(3, 7))
    if by == "callback":
        assert call_back(started).status_code == 200
    else:
        Payment.objects.update(ask_again_at=timezone.now())
        assert facade.sync().paid == 1
    assert started.order.status == "Being processed"
    assert started.payment.failed_asks == 0


@pytest.mark.parametrize("operation", ["get_payment", "stop_payment"])
def test_c18_whoever_calls_is_answered_within_five_seconds_whatever_ping_does(started, ping, operation):
    """With the settings as they come, by which a payer waits for ten: two calls, and some air."""
    assert 2 * callbacks.PATIENCE < 5
    ping.decline(started.payment.pay_url)
    facade.refresh(started.payment.pk, by="test")
    first = started.payment
    started.client.post(reverse("pingpayments:pay", args=[started.payment_order.token]))
    ping.says(first.ping_id, "COMPLETED")
    ping.misbehave(operation, "silent", seconds=20)
    began = time.monotonic()

    response = started.client.post(
        reverse("pingpayments:callback", args=[first.token]), BODY, content_type="application/json"
    )

    assert time.monotonic() - began < 5
    assert response.status_code == (503 if operation == "get_payment" else 200)
    assert (started.order.status == "Being processed") is (operation == "stop_payment")


def test_c10_an_answer_that_lacks_what_it_must_have_changes_nothing(started, ping):
    let_ping_answer(ping, started.payment, total_amount=None)

    assert call_back(started).status_code == 503

    assert started.order.status == "Pending"
    assert started.payment.status == ""
    assert started.payment.asked_by == "callback"


def test_c3_callbacks_and_pages_while_ping_is_down_do_not_push_the_next_sync_away(started, ping):
    ping.misbehave("get_payment", "status", status=503, times=None)
    for _ in range(12):
        call_back(started)
        Payment.objects.update(page_asked_at=None)
        started.sees("state")

    assert started.payment.ask_again_at < timezone.now() + timedelta(seconds=20)


def test_a_callback_of_a_paid_payment_that_says_something_else_makes_a_sync_ask(started, ping):
    ping.pay(started.payment.pay_url)
    call_back(started)
    ping.refund_in_portal(started.payment.ping_id, 29900)
    calls = len(ping.calls())

    assert call_back(started, '{"status": "REFUNDED"}').status_code == 200

    assert len(ping.calls()) == calls
    facade.sync()
    assert started.payment_order.state == "refunded"


def test_o12_when_ping_says_when_to_come_back_it_is_not_asked_before(started, ping):
    ping.misbehave("get_payment", "status", status=429, headers={"Retry-After": "600"}, times=None)

    assert call_back(started).status_code == 503

    assert started.payment.ask_again_at > timezone.now() + timedelta(seconds=590)


@pytest.mark.parametrize(
    "now",
    [{"ENVIRONMENT": "production", "BASE_URL": None}, {"TENANT_ID": "00000000-0000-4000-8000-00000000abcd"}],
    ids=["environment", "tenant"],
)
def test_c17_a_payment_of_another_environment_or_tenant_is_never_asked_about(
    started, ping, change, caplog, now
):
    ping.pay(started.payment.pay_url)
    change(**now)
    calls = len(ping.calls())

    with nothing_changes():
        assert call_back(started).status_code == 404

    assert len(ping.calls()) == calls
    assert started.order.status == "Pending"
    assert "of another environment or tenant" in caplog.text


# What others do wrong


def test_c14_receivers_that_raise_take_nothing_away(started, ping, caplog):
    def fail(**facts: object) -> None:
        raise RuntimeError("the warehouse is closed")

    heard = []

    def hear(**facts: object) -> None:
        heard.append(facts["order"])

    signals.order_paid.connect(fail)
    signals.order_paid.connect(hear)
    try:
        ping.pay(started.payment.pay_url)
        assert call_back(started).status_code == 200
    finally:
        signals.order_paid.disconnect(fail)
        signals.order_paid.disconnect(hear)

    assert started.order.status == "Being processed"
    assert heard == [started.order]
    assert len(mail.outbox) == 1
    assert "A receiver of a payment signal raised" in caplog.text


def test_c14_a_receiver_of_oscars_that_raises_leaves_the_money_recorded_and_the_order_for_staff(
    started, ping, caplog
):
    def fail(**facts: object) -> None:
        raise RuntimeError("the warehouse is closed")

    order_status_changed.connect(fail)
    try:
        ping.pay(started.payment.pay_url)
        assert call_back(started).status_code == 200
    finally:
        order_status_changed.disconnect(fail)

    assert started.order.status == "Pending"
    assert started.order.status_changes.count() == 0
    assert started.payment_order.state == "paid"
    assert started.payment_order.attention == "order"
    assert "“Pending”" in started.payment_order.attention_detail
    assert started.order.sources.get().amount_debited == started.order.total_incl_tax
    assert "The order could not be moved to its new status" in caplog.text


def test_c8_a_database_that_gives_up_half_way_leaves_nothing_half_written(started, ping, caplog):
    """A deadlock, a lost connection: everything is undone, and done again by the repeat."""
    refuses = True

    def fail(execute, sql, params, many, context):
        if refuses and sql.startswith("INSERT") and "orderstatuschange" in sql.lower():
            raise OperationalError("deadlock detected")
        return execute(sql, params, many, context)

    ping.pay(started.payment.pay_url)
    before = rows()
    with connection.execute_wrapper(fail):
        assert call_back(started).status_code == 503
        assert rows() == {**before, "Callback": 1, "Exchange": before["Exchange"] + 1}
        assert (started.order.status, started.payment.status) == ("Pending", "")
        assert started.payment.ask_again_at <= timezone.now()
        assert mail.outbox == []

        refuses = False
        assert call_back(started).status_code == 200

    assert started.order.status == "Being processed"
    assert started.payment_order.attention == ""
    assert len(mail.outbox) == 1
    assert "A callback could not be followed up" in caplog.text


def test_an_attempt_that_was_added_while_the_lock_was_waited_for_is_seen(started):
    """PostgreSQL then answers with the payment order after the wait, and the attempts from before it."""
    payment_order = started.payment_order
    Payment.objects.update(live=None)
    Payment.objects.create(payment_order=payment_order, number=2, currency="SEK", amount=299)
    PaymentOrder.objects.update(attempts=2)
    reads = []

    def miss_the_new_one(execute, sql, params, many, context):
        reads.append(sql)
        if len(reads) == 1:
            number = ".".join(map(connection.ops.quote_name, ("pingpayments_payment", "number")))
            sql = sql.replace(" ORDER BY", f" AND {number} = 1 ORDER BY")
        return execute(sql, params, many, context)

    with transaction.atomic(), connection.execute_wrapper(miss_the_new_one):
        book = ledger.lock(payment_order.pk)

    assert [payment.number for payment in book.payments] == [1, 2]
    assert book.live == book.payments[1]
    assert len(reads) == 2


def test_c15_a_paid_payment_of_one_order_cannot_pay_another(started, ping, product):
    other = Shopper(email="karl@example.org")
    other.buys(product)
    first = Payment.objects.order_by("pk").first()

    with pytest.raises(IntegrityError), transaction.atomic():
        Payment.objects.filter(pk=other.payment.pk).update(ping_id=first.ping_id)

    let_ping_answer(
        ping, other.payment, id=str(first.ping_id), payment_order_id=str(first.payment_order.ping_id)
    )
    assert call_back(other).status_code == 200
    assert other.payment_order.attention == "identity"
    assert other.payment_order.amount_paid == 0
    assert other.order.status == "Pending"


# Test calls


def test_a_test_call_is_recognised(ping):
    token = callbacks.expect_poke()
    assert not callbacks.poke_arrived(token)

    response = Client().post(
        reverse("pingpayments:callback", args=[token]), "{}", content_type="application/json"
    )

    assert response.status_code == 200
    assert callbacks.poke_arrived(token)
    assert ping.calls() == []


def test_a_test_call_that_nobody_waits_for_any_more_is_unknown(ping, monkeypatch):
    token = callbacks.expect_poke()
    monkeypatch.setattr("django.core.signing.time.time", lambda: time.monotonic() + 1e10)

    with nothing_changes():
        response = Client().post(
            reverse("pingpayments:callback", args=[token]), "{}", content_type="application/json"
        )

    assert response.status_code == 404
