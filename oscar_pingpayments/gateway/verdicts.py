"""What an answer that is no success means to the caller: not sent, refused, or outcome unknown."""

from __future__ import annotations

import time
from collections.abc import Mapping
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import Final

from ..exceptions import (
    AuthenticationError,
    ErrorDetail,
    GatewayError,
    NotFoundError,
    NotSentError,
    OutcomeUnknownError,
    RejectedError,
    UnexpectedAnswerError,
)
from ..privacy import mask
from .answers import parse_json

#: The server says with these that it did not take the request on (RFC 9110, RFC 8470, RFC 6585).
NOT_TAKEN_ON: Final = frozenset(
    {HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_EARLY, HTTPStatus.TOO_MANY_REQUESTS}
)
#: How many of Ping's error entries are kept, and how much of each word in them.
DETAILS: Final = 20
DETAIL_LENGTH: Final = 300
#: Nobody is made to wait longer than this by a ``Retry-After``, in seconds.
LONGEST_WAIT: Final = 24 * 60 * 60.0


def verdict(call: str, status: int, headers: Mapping[str, str], body: bytes | None) -> GatewayError | None:
    """Return what is wrong with an answer, or None for a success; ``call`` names it in the message.

    ``body`` is None where it was too large to read.
    """
    if HTTPStatus.OK <= status < HTTPStatus.MULTIPLE_CHOICES:
        return UnexpectedAnswerError(f"The answer to {call} is too large") if body is None else None
    details = error_details(body)
    kind, words = _sort(status, has_details=bool(details))
    return kind(
        f"{words} {call} (status {status})",
        status_code=status,
        details=details,
        retry_after=_retry_after(headers.get("Retry-After", "")),
    )


def _sort(status: int, *, has_details: bool) -> tuple[type[GatewayError], str]:
    if status in NOT_TAKEN_ON:
        return NotSentError, "Ping has no time now for"
    if status == HTTPStatus.UNAUTHORIZED or (status == HTTPStatus.FORBIDDEN and not has_details):
        return AuthenticationError, "Ping does not accept the credentials for"
    if status == HTTPStatus.NOT_FOUND:
        return NotFoundError, "Ping does not know what is asked for with"
    if HTTPStatus.BAD_REQUEST <= status < HTTPStatus.INTERNAL_SERVER_ERROR:
        return RejectedError, "Ping refused"
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return OutcomeUnknownError, "Ping failed at"
    return UnexpectedAnswerError, "Ping sent elsewhere instead of answering"


def error_details(body: bytes | None) -> tuple[ErrorDetail, ...]:
    """Return Ping's words from an error's body; none where it is empty, not JSON or of another shape."""
    try:
        answer = parse_json(body or b"")
    except ValueError:
        return ()
    errors = answer.get("errors") if isinstance(answer, dict) else None
    if not isinstance(errors, list):
        return ()
    return tuple(_detail(entry) for entry in errors[:DETAILS] if isinstance(entry, dict))


def _detail(entry: dict[str, object]) -> ErrorDetail:
    where = _word(entry.get("property"))
    # It says what is wrong with what the payer typed, and quotes it: staff read it, and mails carry it.
    description = "" if "payer" in where else _word(entry.get("description"))
    return ErrorDetail(error=_word(entry.get("error")), description=description, property=where)


def _word(value: object) -> str:
    if not isinstance(value, str):
        return ""
    return "".join(char if char.isprintable() else " " for char in mask(value)[:DETAIL_LENGTH])


def _retry_after(header: str) -> float | None:
    """Return the seconds of a ``Retry-After``, which is a number of seconds or a date."""
    header = header.strip()
    try:
        if header.isascii() and header.isdigit():
            wait = float(header)
        else:
            wait = parsedate_to_datetime(header).timestamp() - time.time()
    except (ValueError, OverflowError):
        return None
    return min(max(wait, 0.0), LONGEST_WAIT)
