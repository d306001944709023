"""From the dict in the shop's settings file to ``Settings``, or to sentences about what is wrong with it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from ..hosts import is_loopback
from .keys import PARSERS, REQUIRED
from .shapes import Kind, UnusableError, guess
from .values import BASE_URLS, Settings


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong with one key: a sentence, and what to type.

    ``key`` says where it is: ``TENANT_ID``, or ``ORDER_STATUS[paid]`` where it is inside another.
    """

    key: str
    sentence: str
    hint: str
    kind: Kind = "malformed"


def parse(raw: object) -> tuple[Settings | None, list[Problem]]:
    """Return the settings, or None and every problem there is; never both and never neither."""
    if raw is None:
        return None, [
            Problem(
                "PINGPAYMENTS",
                "The setting PINGPAYMENTS is missing, so nothing can be paid by card.",
                "Add to your settings: PINGPAYMENTS = "
                '{"TENANT_ID": "...", "API_SECRET": "...", "MERCHANT_ID": "..."}',
                "missing",
            )
        ]
    if not isinstance(raw, Mapping):
        return None, [
            Problem(
                "PINGPAYMENTS",
                "The setting PINGPAYMENTS is not a dict, so nothing in it can be read.",
                'Write PINGPAYMENTS = {"TENANT_ID": "...", "API_SECRET": "...", "MERCHANT_ID": "..."}',
            )
        ]
    found = [
        Problem(
            str(key),
            f"PINGPAYMENTS has a key {str(key)!r} that does not exist, so it does nothing.",
            guess(key, PARSERS),
            "unknown",
        )
        for key in raw
        if key not in PARSERS
    ]
    values: dict[str, Any] = {}
    for key, parser in PARSERS.items():
        if key in raw:
            try:
                values[key.lower()] = parser(raw[key])
            except UnusableError as error:
                place = f"{key}{error.key}"
                found.append(Problem(place, f"{place} {error.sentence}", error.hint, error.kind))
        elif key in REQUIRED:
            found.append(
                Problem(key, f"{key} is missing from PINGPAYMENTS. {REQUIRED[key]}", _say(key), "missing")
            )
    values.setdefault("base_url", BASE_URLS.get(values.get("environment", "sandbox")))
    if not found:
        settings = Settings(**values)
        found = list(_contradictions(settings))
        if not found:
            return settings, []
    return None, found


def _say(key: str) -> str:
    return f'Add "{key}": "..." to PINGPAYMENTS; Ping gives you the value together with your account.'


def _contradictions(settings: Settings) -> Iterator[Problem]:
    host = urlsplit(settings.base_url).hostname or ""
    ours = urlsplit(BASE_URLS[settings.environment]).hostname or ""
    others = {urlsplit(url).hostname for url in BASE_URLS.values()} - {ours}
    if host in others:
        yield Problem(
            "BASE_URL",
            f"BASE_URL is not Ping's address of the {settings.environment} environment but of another one: "
            "payments would be kept under the wrong environment, and test cards could buy real goods.",
            f'Take BASE_URL out, or write "ENVIRONMENT": "{_other(settings.environment)}".',
            "contradictory",
        )
    elif settings.environment == "production" and is_loopback(host):
        yield Problem(
            "BASE_URL",
            "BASE_URL is on this machine but ENVIRONMENT is production: a simulator would be taken for Ping.",
            'Take BASE_URL out, or write "ENVIRONMENT": "sandbox".',
            "contradictory",
        )
    words = settings.order_status
    ended = {words.cancelled, words.refunded}
    if words.awaiting == words.paid or ended & {words.awaiting, words.paid}:
        yield Problem(
            "ORDER_STATUS",
            "ORDER_STATUS has one word twice, so a paid order could not be told from one that is not.",
            "Give awaiting, paid and cancelled a word each; refunded may have that of cancelled.",
            "contradictory",
        )


def _other(environment: str) -> str:
    return next(name for name in BASE_URLS if name != environment)
