"""Ping's calls about refunds, to the one address that is set on the tenant: a hint, whatever is in them."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.db import OperationalError
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from oscar_pingpayments import facade
from oscar_pingpayments.facade import callbacks, refund_calls
from oscar_pingpayments.facade.refund_calls import MOST_IDS
from oscar_pingpayments.models import Callback, Payment, Refund
from oscar_pingpayments.statuses import RefundState

from .conftest import nothing_changes
from .refunding import TOTAL, asked, sums

LATER = timedelta(days=7)
UNKNOWN = b"6f1c3a52-8f6e-4d0b-9a53-0d5f4f0f9b11"


def call(body: Any = b"{}", token: str | None = None, method: str = "POST", **headers: str) -> int:
    """Call the address about refunds, and return the shop's answer."""
    url = reverse("pingpayments:refunds", args=[token or facade.refund_token()])
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    answer = Client().generic(method, url, data, "application/json", headers=headers)
    assert answer["Cache-Control"] == "no-store, private" or answer.status_code == 405
    return answer.status_code


@pytest.fixture
def rested(bought) -> Any:
    """A paid order that is not asked about for a week."""
    Payment.objects.update(ask_again_at=timezone.now() + LATER)
    return bought


def is_due(shopper) -> bool:
    return shopper.payment.ask_again_at <= timezone.now()


@pytest.mark.parametrize("named", ["payment", "payment order", "refund"])
def test_f10_a_call_that_names_what_we_know_makes_that_payment_due(rested, ping, named):
    made = rested.refund()
    Payment.objects.update(ask_again_at=timezone.now() + LATER)
    ids = {
        "payment": rested.payment.ping_id,
        "payment order": rested.payment_order.ping_id,
        "refund": made.ping_id,
    }
    body = {"some": ["thing", {"id": str(ids[named]).upper()}], "status": "COMPLETED"}

    assert call(body) == 202

    assert is_due(rested)
    assert Refund.objects.get().state is RefundState.ACCEPTED  # the body is not believed
    log = Callback.objects.get()
    assert (log.payment, log.outcome, log.verified) == (rested.payment, "noted", None)
    assert json.loads(log.body) == body
    ping.finish_refunds()
    facade.sync()
    assert sums(rested) == (TOTAL, TOTAL, TOTAL)


@pytest.mark.parametrize(
    "body", [b"", b"refund=1", b"\xff\xfe\x00not text", b'{"id": "%s"}' % UNKNOWN, b"[" * 9000]
)
def test_a_call_that_names_nothing_makes_payments_with_refunds_on_their_way_due(rested, body):
    rested.refund()
    Payment.objects.update(ask_again_at=None)

    assert call(body) == 202

    assert is_due(rested)
    assert Callback.objects.get().payment is None
    assert len(Callback.objects.get().body) <= callbacks.KEPT_BODY


def test_a_call_that_names_nothing_leaves_payments_alone_that_have_no_refunds(rested, ping):
    rested.refund()
    ping.finish_refunds()
    facade.refresh(rested.payment.pk, by="test")
    Payment.objects.update(ask_again_at=timezone.now() + LATER)

    assert call() == 202

    assert not is_due(rested)


def test_a_call_about_an_unpaid_attempt_of_a_payment_order_is_about_its_money(buyer):
    Payment.objects.update(ask_again_at=timezone.now() + LATER)

    assert call({"payment_order_id": str(buyer.payment_order.ping_id)}) == 202

    assert not is_due(buyer)
    assert Callback.objects.get().payment is None


def test_what_is_due_already_stays_due_since_then(rested):
    since = timezone.now() - timedelta(minutes=5)
    Payment.objects.update(ask_again_at=since)

    call({"id": str(rested.payment.ping_id)})

    assert rested.payment.ask_again_at == since


def test_nobody_looks_up_more_ids_than_make_sense(rested):
    ids = [str(uuid4()) for _ in range(MOST_IDS)] + [str(rested.payment.ping_id)]

    call(ids)

    assert not is_due(rested)
    call(ids[1:])
    assert is_due(rested)


@pytest.mark.parametrize("token", ["x", "0" * 64, "å"])
def test_a_token_that_is_not_ours_is_not_found_and_leaves_no_row(rested, token):
    with nothing_changes():
        assert call({"id": str(rested.payment.ping_id)}, token=token) == 404

    assert not is_due(rested)


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
def test_other_methods_are_refused(rested, method):
    with nothing_changes():
        assert call({"id": str(rested.payment.ping_id)}, method=method) == 405


def test_a_body_that_is_too_large_is_refused(rested):
    with nothing_changes():
        assert call(b"x" * (facade.MAX_BODY + 1)) == 413


def test_a_flood_is_bounded(rested):
    body = {"id": str(rested.payment.ping_id)}
    for _ in range(callbacks.FLOOD):
        call(body)
        call()
    Payment.objects.update(ask_again_at=timezone.now() + LATER)

    assert (call(body), call()) == (202, 202)

    assert not is_due(rested)
    assert [log.outcome for log in Callback.objects.order_by("-pk")[:2]] == ["too_many"] * 2
    Callback.objects.update(at=timezone.now() - callbacks.FLOOD_WINDOW)
    call(body)
    assert is_due(rested)


def test_a_signature_that_is_missing_is_refused_where_one_is_configured(rested, ping, change):
    change(CALLBACK_SIGNATURE={"header": "X-Signature", "keys": [KEY]})

    assert call({"id": str(rested.payment.ping_id)}) == 401

    assert not is_due(rested)
    assert (Callback.objects.get().outcome, Callback.objects.get().verified) == ("refused", False)


KEY = "11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo="


def test_the_address_is_the_tenants_and_cannot_be_guessed(change, settings):
    token = facade.refund_token()
    assert facade.refund_token() == token
    assert len(token) == 64

    change(TENANT_ID="11111111-2222-3333-4444-555555555555")
    assert facade.refund_token() != token


def test_the_old_address_works_while_the_key_is_changed(rested, settings):
    old = facade.refund_token()
    settings.SECRET_KEY_FALLBACKS = [settings.SECRET_KEY]
    settings.SECRET_KEY = "another"
    assert facade.refund_token() != old

    assert call({"id": str(rested.payment.ping_id)}, token=old) == 202
    assert is_due(rested)

    settings.SECRET_KEY_FALLBACKS = []
    assert call(token=old) == 404


def test_the_simulator_calls_it_when_a_refund_is_done_and_when_it_failed(rested, ping):
    ping.manners(refund_callback_url="https://shop.example/pingpayments/refunds/token/")
    rested.refund(amount=TOTAL - 1)
    ping.finish_refunds()
    made = rested.refund()
    ping.fail_refunds()

    calls = [held for held in ping.callbacks() if "/refunds/" in held["url"]]
    assert [held["body"]["status"] for held in calls] == ["COMPLETED", "FAILED"]
    assert calls[1]["body"]["refund_id"] == str(made.ping_id)
    assert len(asked(ping)) == 2


def test_c8_one_that_the_database_cannot_take_is_to_come_again(bought, monkeypatch, caplog):
    def trouble(text: str) -> list[int]:
        raise OperationalError("the connection is gone")

    monkeypatch.setattr(refund_calls, "_payments_in", trouble)

    assert call() == 503

    assert facade.refund_token() not in caplog.text
