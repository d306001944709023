"""An answer that is no success says what the caller may do next."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oscar_pingpayments.exceptions import (
    AuthenticationError,
    ErrorDetail,
    NotFoundError,
    NotSentError,
    OutcomeUnknownError,
    RejectedError,
    UnexpectedAnswerError,
)
from oscar_pingpayments.gateway.verdicts import DETAIL_LENGTH, DETAILS, LONGEST_WAIT, error_details, verdict

WORDS = b'{"errors": [{"error": "operation_forbidden", "description": null}]}'


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (302, b"", UnexpectedAnswerError),
        (304, b"", UnexpectedAnswerError),
        (400, b"", RejectedError),
        (401, WORDS, AuthenticationError),
        (403, b"", AuthenticationError),
        (403, WORDS, RejectedError),
        (404, b"<html>", NotFoundError),
        (408, b"", NotSentError),
        (409, b"", RejectedError),
        (418, b"", RejectedError),
        (422, WORDS, RejectedError),
        (425, b"", NotSentError),
        (429, b"", NotSentError),
        (500, b"", OutcomeUnknownError),
        (503, WORDS, OutcomeUnknownError),
        (599, None, OutcomeUnknownError),
    ],
)
def test_a_status_has_its_error(status, body, kind):
    error = verdict("GET /x", status, {}, body)

    assert type(error) is kind
    assert error.status_code == status
    assert str(error).endswith(f"GET /x (status {status})")
    assert error.retry_after is None


@pytest.mark.parametrize("status", [200, 201, 204])
def test_a_success_has_none(status):
    assert verdict("GET /x", status, {}, b"") is None


def test_a_success_too_large_to_read_is_unexpected():
    assert type(verdict("GET /x", 200, {}, None)) is UnexpectedAnswerError


def test_pings_words_are_kept():
    body = {
        "errors": [
            {"error": "null_value", "description": None, "property": "open_banking.success_url"},
            {"error": "invalid", "description": "too\nlow"},
            {"error": 7},
            "no object",
        ]
    }

    error = verdict("POST /x", 422, {}, json.dumps(body).encode())

    assert error.details == (
        ErrorDetail("null_value", "", "open_banking.success_url"),
        ErrorDetail("invalid", "too low"),
        ErrorDetail(""),
    )
    assert error.words == "open_banking.success_url: null_value; invalid (too low); "


def test_pings_words_are_bounded():
    body = json.dumps({"errors": [{"error": "x" * 10_000}] * 1000}).encode()

    details = error_details(body)

    assert len(details) == DETAILS
    assert {len(detail.error) for detail in details} == {DETAIL_LENGTH}


@pytest.mark.parametrize(
    "body", [None, b"", b"[]", b"{}", b'{"errors": {}}', b'{"errors": null}', b"\xff", b"[" * 9999]
)
def test_an_error_of_another_shape_has_no_words(body):
    assert error_details(body) == ()


@given(st.binary(max_size=100))
def test_any_error_body_can_be_read(body):
    assert isinstance(error_details(body), tuple)


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("0", 0.0),
        (" 120 ", 120.0),
        ("9999999", LONGEST_WAIT),
        ("Wed, 21 Oct 2015 07:28:00 GMT", 0.0),
        ("Wed, 21 Oct 9999 07:28:00 GMT", LONGEST_WAIT),
        ("-1", None),
        ("²", None),
        ("soon", None),
        ("", None),
        ("Wed, 99 Oct 2015 07:28:00 GMT", None),
    ],
)
def test_how_long_to_wait_is_seconds_or_a_date(header, seconds):
    assert verdict("GET /x", 429, {"Retry-After": header}, b"").retry_after == seconds


def test_how_long_to_wait_until_a_date_to_come():
    header = format_datetime(datetime.now(UTC) + timedelta(seconds=60), usegmt=True)

    assert 50 < verdict("GET /x", 503, {"Retry-After": header}, b"").retry_after <= 60


def test_what_is_said_of_the_payers_own_words_is_not_kept_and_the_rest_is_masked():
    body = json.dumps(
        {
            "errors": [
                {
                    "error": "invalid",
                    "property": "payer.name",
                    "description": "'Astrid Lindqvist' is too long",
                },
                {
                    "error": "invalid",
                    "property": "status_callback_url",
                    "description": "http://shop.example/callback/t0ken/ is not https",
                },
            ]
        }
    )

    assert error_details(body.encode()) == (
        ErrorDetail(error="invalid", property="payer.name"),
        ErrorDetail(
            error="invalid",
            property="status_callback_url",
            description="http://shop.example/*** is not https",
        ),
    )
