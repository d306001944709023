"""What is kept of an exchange says what was asked, not who the payer is, and holds no way in."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oscar_pingpayments.gateway.redaction import KEPT, redacted

JSON = "application/json"


def kept(value: object) -> object:
    return json.loads(redacted(json.dumps(value).encode(), JSON))


def test_a_payment_is_kept_without_its_payer_and_its_tokens():
    sent = {
        "currency": "SEK",
        "total_amount": 29900,
        "provider": "payment_iq",
        "method": "card",
        "order_items": [
            {
                "name": "Kaffe",
                "amount": 29900,
                "vat_rate": 12.5,
                "merchant_id": "m",
                "metadata": {},
                "tags": ["t"],
            }
        ],
        "payer": {
            "name": "Ann Ek",
            "email": "ann@example.com",
            "phone_number": "+46701234567",
            "ip_address": "192.0.2.7",
            "id": "19900101-0017",
            "address": {"street": "Storgatan 1", "country": "SE"},
        },
        "provider_method_parameters": {
            "success_url": "https://shop.example/pingpayments/return/tOkEn/",
            "error_url": "https://user:tOkEn@shop.example/return?token=tOkEn#tOkEn",
            "locale": "sv-SE",
            "cashier": {"header": {"hidden": True}},
        },
        "metadata": {"order_number": "100001", "attempt": "1", "note": "for Ann"},
        "status_callback_url": "https://shop.example/pingpayments/callback/tOkEn/",
    }

    assert kept(sent) == {
        "currency": "SEK",
        "total_amount": 29900,
        "provider": "payment_iq",
        "method": "card",
        "order_items": [
            {
                "name": "Kaffe",
                "amount": 29900,
                "vat_rate": "12.5",
                "merchant_id": "m",
                "metadata": {},
                "tags": ["t"],
            }
        ],
        "payer": {
            "name": "***",
            "email": "***",
            "phone_number": "***",
            "ip_address": "***",
            "id": "***",
            "address": {"street": "***", "country": "***"},
        },
        "provider_method_parameters": {
            "success_url": "https://shop.example/***",
            "error_url": "https://shop.example/***",
            "locale": "sv-SE",
            "cashier": {"header": {"hidden": "***"}},
        },
        "metadata": {"order_number": "100001", "attempt": "1", "note": "***"},
        "status_callback_url": "https://shop.example/***",
    }


def test_an_answer_is_kept_without_the_page_to_pay_on_keys_and_provider_data():
    assert kept(
        {
            "id": "i",
            "name": "Ann",
            "key": "c2VjcmV0",
            "public_key": "c2VjcmV0",
            "callback_signing_key": "c2VjcmV0",
            "provider_method_response": {"pay_url": "https://piq.example/pay/EdDAb27i?locale=en-US"},
            "status_history": [
                {"status": "DECLINED", "details": {"provider_data": {"status": "Ann", "x": None}}}
            ],
            "_links": {"next": {"href": "https://ping.example/payments?cursor=abc"}, "previous": None},
        }
    ) == {
        "id": "i",
        "name": "***",
        "key": "***",
        "public_key": "***",
        "callback_signing_key": "***",
        "provider_method_response": {"pay_url": "https://piq.example/***"},
        "status_history": [
            {"status": "DECLINED", "details": {"provider_data": {"status": "***", "x": None}}}
        ],
        "_links": {"next": {"href": "https://ping.example/***"}, "previous": None},
    }


def test_pings_words_are_kept_unless_they_are_about_the_payer():
    assert kept(
        {
            "errors": [
                {"error": "null_value", "property": "order_items", "description": "must not be empty"},
                {"error": "invalid", "property": "payer.email", "description": "'ann@example' is no address"},
            ],
            "description": "typed by somebody",
        }
    ) == {
        "errors": [
            {"error": "null_value", "property": "order_items", "description": "must not be empty"},
            {"error": "invalid", "property": "payer.email", "description": "***"},
        ],
        "description": "***",
    }


def test_what_pings_words_quote_is_masked():
    assert kept(
        {"errors": [{"error": "declined", "description": "card 5186170070001140 of ann@example.com"}]}
    ) == {"errors": [{"error": "declined", "description": "card *** of ***"}]}


@pytest.mark.parametrize("address", ["javascript:alert(1)", "https://[", "", "no address", 7])
def test_an_address_without_a_host_is_hidden(address):
    assert kept({"pay_url": address}) == {"pay_url": "***"}


def test_values_outside_any_field_and_names_that_are_no_names_are_hidden():
    assert kept(["Ann", 7, {"ann@example.com": {"status": "x"}}]) == ["***", "***", {"***": {"status": "x"}}]


def test_long_lists_values_and_depths_are_cut():
    deep: object = "x"
    for _ in range(500):
        deep = {"status": deep}

    assert kept({"tags": ["t"] * 25}) == {"tags": ["t"] * 20 + ["… 5 more"]}
    assert kept({"status": "x" * 1000}) == {"status": "x" * 200}
    assert redacted(json.dumps(deep).encode(), JSON).count("status") == 13


def test_a_body_is_kept_up_to_its_bound_in_bytes():
    text = redacted(json.dumps([{"error": "ö" * 200, "property": "ö" * 200}] * 20).encode(), JSON)

    assert text.endswith("ö…")
    assert KEPT - 2 <= len(text.encode()) <= KEPT


@pytest.mark.parametrize(
    ("body", "content_type", "expected"),
    [
        (b"", JSON, ""),
        (b"<p>Ann</p>", "text/html; charset=utf-8", "<10 bytes of text/html>"),
        (b"pong", "", "<4 bytes of unknown type>"),
        (b"{", "<script>", "<1 bytes of unknown type>"),
        (None, JSON, "<too much of application/json>"),
        (b'{"status": "\\ud800"}', JSON, '{"status": "?"}'),
        (b'{"status": "\\u0000"}', JSON, '{"status": "\\u0000"}'),
    ],
)
def test_what_is_not_json_is_kept_as_what_it_is(body, content_type, expected):
    assert redacted(body, content_type) == expected


secrets = st.text(min_size=1).map(lambda text: f"sEcReT{text}")
hidden_names = st.sampled_from(["name", "email", "key", "message", "description", "x_new_field", "pay_url"])
trees = st.recursive(
    st.dictionaries(hidden_names, secrets, max_size=3),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["payer", "details", "data", "items"]), inner, max_size=3)
    ),
)


@given(trees)
def test_what_stands_in_fields_we_do_not_know_is_never_kept(tree):
    assert "sEcReT" not in redacted(json.dumps(tree).encode(), JSON)


@given(st.binary(max_size=300))
def test_any_body_can_be_kept(body):
    assert len(redacted(body, JSON).encode()) <= KEPT
