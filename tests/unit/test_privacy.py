"""What is left of others' words when they are kept and logged: enough to act on, and nobody's name."""

from __future__ import annotations

import ast
import io
import logging
import traceback
from base64 import urlsafe_b64encode
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import oscar_pingpayments
from oscar_pingpayments.exceptions import RejectedError
from oscar_pingpayments.privacy import loggable, mask

PACKAGE = Path(oscar_pingpayments.__file__).parent
UUID = "fe2c8b1e-5f0c-4a3c-8b0a-123456789012"


@pytest.mark.parametrize(
    ("words", "left"),
    [
        ("{'astrid@example.org': (550, b'No such user')}", "{'***': (550, b'No such user')}"),
        ('"Astrid" <a.b+c@example.org>', '"Astrid" <***>'),
        (
            "not https: http://shop.example:80/pingpayments/callback/t0ken/?a=b",
            "not https: http://shop.example:80/***",
        ),
        ("https://user:password@shop.example", "https://shop.example/***"),
        ("https://[::1]:8001/x is no host", "https://[::1]:8001/*** is no host"),
        ("card 5457 2100 0200 1420 refused", "card *** refused"),
        ("card 5457-2100-0200-1420", "card ***"),
        ("5186170070001140", "***"),
        ("call +46 70-123 45 67.", "call ***."),
        (f"Duplicate entry '{'aB3_' * 10}xyz' for key 'token'", "Duplicate entry '***' for key 'token'"),
        (f"one in a thousand has no digit: {'aB-_' * 10}xyz", "one in a thousand has no digit: ***"),
    ],
)
def test_what_names_somebody_or_opens_something_is_masked(words, left):
    assert mask(words) == left


@pytest.mark.parametrize(
    "words",
    [
        "",
        "insufficient funds",
        f"Ping refused POST /api/v1/payment_orders/{UUID}/payments (status 422)",
        "2026-03-01 12:00:00.000000+00:00",
        'connection to server at "127.0.0.1", port 5432 failed: Connection refused',
        "UNIQUE constraint failed: pingpayments_payment.token",
        "order_order_shipping_address_id_57e64931_fk_order_shippingaddress_id",
        "299.00 SEK is 29900",
        "the warehouse is closed",
    ],
)
def test_what_staff_need_stays(words):
    assert mask(words) == words


def as_tokens_are_written(raw: bytes) -> str:
    """Write bytes as `secrets.token_urlsafe` does."""
    return urlsafe_b64encode(raw).rstrip(b"=").decode()


#: Any token but those in letters of one case, of which there are none in practice.
TOKENS = (
    st.binary(min_size=32, max_size=32)
    .map(as_tokens_are_written)
    .filter(lambda token: token not in (token.lower(), token.upper()))
)


@given(st.text(max_size=20), TOKENS, st.text(max_size=20))
def test_no_token_is_left(before, token, after):
    assert token not in mask(f"{before} {token} {after}")


def test_long_words_take_no_long_time():
    assert len(mask("a" * 10_000_000)) == 2000
    assert mask("+1" * 5000 + "@" * 5000)


def raised(kind: type[Exception], *words: str) -> Exception:
    """Return an error that came through a function which knew too much."""

    def refuse(recipient: str) -> None:
        raise kind(*words)

    try:
        refuse("astrid@example.org")
    except Exception as error:
        return error
    raise AssertionError


def test_an_error_is_logged_with_its_kind_its_lines_and_its_first_line_masked():
    error = raised(ValueError, "astrid@example.org is refused\nDETAIL: Failing row contains (Astrid).")
    said = io.StringIO()
    handler = logging.StreamHandler(said)
    record = logging.makeLogRecord({"msg": "It failed", "exc_info": loggable(error)})

    handler.handle(record)

    assert said.getvalue().startswith("It failed\nTraceback (most recent call last):\n")
    assert "raise kind(*words)" in said.getvalue()
    assert said.getvalue().endswith("\nValueError: *** is refused\n")


def test_an_error_of_ours_keeps_its_name():
    kind, error, _ = loggable(raised(RejectedError, "Ping refused POST /api/v1/payment_orders (status 422)"))

    assert traceback.format_exception_only(kind, error) == [
        "oscar_pingpayments.exceptions.RejectedError: Ping refused POST /api/v1/payment_orders (status 422)\n"
    ]


def test_the_lines_end_where_the_representation_of_a_longer_text_has_its_first_end():
    assert str(loggable(raised(ValueError, r"(550, b'refused\nfor Astrid')"))[1]) == "(550, b'refused"


def test_no_variable_and_no_cause_is_left_for_those_who_show_them():
    try:
        try:
            raise raised(ValueError, "astrid@example.org")
        except ValueError as cause:
            raise RuntimeError("later") from cause
    except RuntimeError as error:
        _, shown, trace = loggable(error)

    assert (shown.__cause__, shown.__context__) == (None, None)
    assert trace is None  # the only function on its way was this one, which is still running
    trace = loggable(raised(ValueError))[2]
    while trace is not None:
        assert trace.tb_frame.f_locals == {}
        trace = trace.tb_next


def test_an_error_that_was_never_raised_can_be_logged():
    assert loggable(ValueError("x"))[2] is None


def test_every_error_that_the_package_logs_is_made_loggable():
    """``logger.exception(...)`` alone would show all that an error and its functions hold."""
    logs = [
        (path.relative_to(PACKAGE), call)
        for path in PACKAGE.rglob("*.py")
        if "simulator" not in path.parts
        for call in ast.walk(ast.parse(path.read_text()))
        if isinstance(call, ast.Call)
        and isinstance(call.func, ast.Attribute)
        and ast.unparse(call.func.value).endswith("logger")
    ]
    exposed = []
    for path, call in logs:
        info = next((ast.unparse(each.value) for each in call.keywords if each.arg == "exc_info"), None)
        shows_an_error = call.func.attr == "exception" or info is not None
        if shows_an_error and not (info or "").startswith("loggable("):
            exposed.append(f"{path}:{call.lineno}")

    assert len(logs) > 20
    assert exposed == []
