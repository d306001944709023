"""Ping's answers are read whatever they are: as what they say, or as an error that names the place."""

from __future__ import annotations

import contextlib
import json
from datetime import UTC, datetime
from decimal import Decimal
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oscar_pingpayments.exceptions import UnexpectedAnswerError
from oscar_pingpayments.gateway import (
    InitiatedPayment,
    RefundRecord,
    RemotePayment,
    RemotePaymentOrder,
    RemoteRefund,
    Tenant,
)
from oscar_pingpayments.gateway.answers import Json, read_json

ORDER = "7c0a1de2-5a0e-4d5c-9a4b-0e9e5b1f7a10"
PAYMENT = "c7a35333-1f7e-4b1c-8a52-2e6f1e0c9d11"
MERCHANT = "9b0f6d4e-3c5d-4a7b-8e2f-1a2b3c4d5e6f"


def payment(**changes: object) -> dict[str, object]:
    return {
        "id": PAYMENT,
        "payment_order_id": ORDER,
        "status": "COMPLETED",
        "currency": "SEK",
        "total_amount": 29900,
        "provider": "payment_iq",
        "method": "card",
        "metadata": {"attempt": "1"},
        "order_items": [
            {"name": "Kaffe", "amount": 29900, "vat_rate": 12.5, "merchant_id": MERCHANT, "tags": ["a"]},
        ],
        "payer": {"name": "Ann"},
        "status_history": [
            {
                "id": 1,
                "status": "INITIATED",
                "occurred_at": "2024-01-16T14:24:29.105356Z",
                "details": None,
                "funds": None,
            },
            {
                "id": 2,
                "status": "COMPLETED",
                "occurred_at": "2025-06-27 08:43:01.367125Z",
                "details": {"provider_data": {"code": "00"}},
            },
        ],
        "refund": None,
        "refunds": None,
        "a_field_of_tomorrow": [1, 2],
    } | changes


def read(value: object) -> Json:
    return read_json(json.dumps(value).encode())


def without(value: dict[str, object], key: str) -> dict[str, object]:
    return {name: member for name, member in value.items() if name != key}


def test_a_payment_is_read_with_both_styles_of_time_and_fields_we_do_not_know():
    remote = RemotePayment.from_json(read(payment()))

    assert (remote.id, remote.payment_order_id) == (UUID(PAYMENT), UUID(ORDER))
    assert (remote.status, remote.currency, remote.total_amount) == ("COMPLETED", "SEK", 29900)
    assert (remote.provider, remote.method) == ("payment_iq", "card")
    assert remote.metadata == {"attempt": "1"}
    assert remote.order_items[0].vat_rate == Decimal("12.5")
    assert remote.order_items[0].merchant_id == UUID(MERCHANT)
    assert remote.order_items[0].tags == ("a",)
    assert [change.occurred_at for change in remote.status_history] == [
        datetime(2024, 1, 16, 14, 24, 29, 105356, tzinfo=UTC),
        datetime(2025, 6, 27, 8, 43, 1, 367125, tzinfo=UTC),
    ]
    assert remote.status_history[0].details == {}
    assert remote.status_history[1].details == {"provider_data": {"code": "00"}}
    assert remote.refunds == ()


def test_a_payment_without_what_is_optional_is_read():
    sparse = payment(order_items=None, status_history=None, metadata=None)

    remote = RemotePayment.from_json(read(sparse))

    assert (remote.order_items, remote.status_history, remote.metadata) == ((), (), {})


def test_an_item_of_a_liquidity_account_has_no_merchant():
    item = {"name": "Kaffe", "amount": 1, "vat_rate": 25, "liquidity_account_id": MERCHANT}

    remote = RemotePayment.from_json(read(payment(order_items=[item])))

    assert remote.order_items[0].merchant_id is None
    assert remote.order_items[0].vat_rate == 25


REFUND = {"amount": 100, "refunded_at": "2025-06-27 08:43:01+02:00"}


@pytest.mark.parametrize(
    ("refund", "refunds", "expected", "is_all"),
    [
        (None, [REFUND, {"amount": 5, "refunded_at": None}], [100, 5], True),
        (REFUND, None, [100], False),
        (REFUND, [], [100], False),
        (REFUND, [REFUND], [100], True),
        (None, [], [], True),
        (None, None, [], False),
    ],
)
def test_refunds_come_from_the_list_and_else_from_the_one(refund, refunds, expected, is_all):
    remote = RemotePayment.from_json(read(payment(refund=refund, refunds=refunds)))

    assert [entry.amount for entry in remote.refunds] == expected
    assert remote.lists_refunds is is_all
    assert remote.refunds[:1] in (
        (),
        (RefundRecord(100, datetime(2025, 6, 27, 6, 43, 1, tzinfo=UTC)),),
    )


def test_a_time_without_an_offset_is_utc():
    order = {"id": ORDER, "status": "OPEN", "currency": "SEK", "created_at": "2025-06-27 08:43:01"}

    remote = RemotePaymentOrder.from_json(read(order))

    assert remote.created_at == datetime(2025, 6, 27, 8, 43, 1, tzinfo=UTC)
    assert remote.payments == ()


@pytest.mark.parametrize(
    ("payments", "sentence"),
    [
        ([without(payment(), "status")], "In Ping's answer payments[0].status is missing"),
        ([payment(), payment(status=7)], "In Ping's answer payments[1].status is not a string"),
        ([payment(status=None)], "In Ping's answer payments[0].status is not a string"),
        ([payment(status="a\x00b")], "In Ping's answer payments[0].status is not readable text"),
        ([payment(status="\ud800")], "In Ping's answer payments[0].status is not readable text"),
        ([payment(id="7")], "In Ping's answer payments[0].id is not a UUID"),
        ([payment(total_amount="1")], "In Ping's answer payments[0].total_amount is not an integer"),
        ([payment(total_amount=True)], "In Ping's answer payments[0].total_amount is not an integer"),
        ([payment(total_amount=1.5)], "In Ping's answer payments[0].total_amount is not an integer"),
        (
            [payment(total_amount=-1)],
            "In Ping's answer payments[0].total_amount is not an amount of zero or more",
        ),
        (
            [payment(total_amount=2**63)],
            "In Ping's answer payments[0].total_amount is not an amount of zero or more",
        ),
        ([payment(metadata=[])], "In Ping's answer payments[0].metadata is not an object"),
        ([payment(status_history={})], "In Ping's answer payments[0].status_history is not an array"),
        (
            [payment(status_history=[{"status": "PENDING", "occurred_at": "yesterday"}])],
            "In Ping's answer payments[0].status_history[0].occurred_at is not a date and time",
        ),
        (
            [payment(status_history=[{"status": "PENDING", "occurred_at": "0001-01-01T00:00:00+12:00"}])],
            "In Ping's answer payments[0].status_history[0].occurred_at is not a date and time",
        ),
        (
            [payment(order_items=[{"name": "Kaffe", "amount": 1, "vat_rate": "25"}])],
            "In Ping's answer payments[0].order_items[0].vat_rate is not a number",
        ),
        (
            [payment(order_items=[{"name": "Kaffe", "amount": 1, "vat_rate": True}])],
            "In Ping's answer payments[0].order_items[0].vat_rate is not a number",
        ),
        ({}, "In Ping's answer payments is not an array"),
        ([[]], "In Ping's answer payments[0] is not an object"),
    ],
)
def test_what_is_missing_or_wrong_is_named_with_its_place(payments, sentence):
    order = {"id": ORDER, "status": "OPEN", "currency": "SEK", "created_at": None, "payments": payments}

    with pytest.raises(UnexpectedAnswerError) as caught:
        RemotePaymentOrder.from_json(read(order))

    assert str(caught.value) == sentence


def test_an_answer_that_is_no_object_is_named():
    with pytest.raises(UnexpectedAnswerError, match=r"^In Ping's answer the body is not an object$"):
        RemotePayment.from_json(read([]))


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html>",
        b"\xff\xfe\xfd",
        b"[" * 100_000,
        b"1" * 5_000,
        b"NaN",
        b"[Infinity]",
        b"1e99999999999999999999",
        b'{"id": ',
    ],
)
def test_what_is_not_json_is_an_error_that_does_not_quote_it(body):
    with pytest.raises(UnexpectedAnswerError, match=r"^Ping's answer is not JSON$") as caught:
        read_json(body)

    assert caught.value.__context__ is None


def test_a_value_does_not_show_in_a_traceback():
    answer = read({"payer": {"name": "Ann"}})

    assert repr(answer) == "<Json answer: dict>"
    assert repr(answer["payer"]["name"]) == "<Json payer.name: str>"


def test_a_page_to_pay_on_is_read_from_the_configured_field():
    answer = {"id": PAYMENT, "provider_method_response": {"payment_link_url": "https://pay.example/x"}}

    assert InitiatedPayment.from_json(read(answer), "payment_link_url").pay_url == "https://pay.example/x"
    with pytest.raises(UnexpectedAnswerError, match=r"provider_method_response\.pay_url is missing$"):
        InitiatedPayment.from_json(read(answer), "pay_url")


def test_a_tenant_with_and_without_a_signing_key():
    tenant = {
        "id": ORDER,
        "name": "Butiken",
        "payment_provider_methods": [{"provider": "payment_iq", "method": "card"}],
        "callback_signing_key": None,
    }

    assert Tenant.from_json(read(tenant)) == Tenant(UUID(ORDER), "Butiken", (("payment_iq", "card"),), None)
    assert Tenant.from_json(read(tenant | {"callback_signing_key": "k"})).callback_signing_key == "k"


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.just(ORDER),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=10), inner, max_size=4),
    max_leaves=20,
)
readers = st.sampled_from(
    [
        RemotePayment.from_json,
        RemotePaymentOrder.from_json,
        RemoteRefund.from_json,
        Tenant.from_json,
        lambda answer: InitiatedPayment.from_json(answer, "pay_url"),
    ]
)


@given(anything, readers)
def test_any_json_is_read_or_refused_with_our_error(value, reader):
    with contextlib.suppress(UnexpectedAnswerError):
        reader(read(value))


@given(st.sampled_from(sorted(payment())), anything)
def test_a_payment_with_one_field_gone_wild_is_read_or_refused_with_our_error(key, value):
    with contextlib.suppress(UnexpectedAnswerError):
        RemotePayment.from_json(read(payment(**{key: value})))


@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused_with_our_error(body):
    with contextlib.suppress(UnexpectedAnswerError):
        read_json(body)
