"""The record of an exchange with Ping: what was said, without who the payer is and without anything secret.

Closed by default: a value shows only where its field is known to be harmless, so a field that Ping adds
tomorrow is hidden until someone has looked at it. The names of fields show.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

from ..privacy import HIDDEN, mask
from .answers import parse_json

#: How much of a body is kept, in bytes of UTF-8.
KEPT: Final = 8 * 1024
VALUE_LENGTH: Final = 200
ELEMENTS: Final = 20
DEPTH: Final = 12

_SHOWN: Final = frozenset(
    {
        "amount",
        "attempt",
        "created_at",
        "currency",
        "error",
        "fast_forward",
        "id",
        "initiated_at",
        "liquidity_account_id",
        "locale",
        "merchant_id",
        "method",
        "occurred_at",
        "order_number",
        "payment_order_id",
        "property",
        "provider",
        "reason",
        "received",
        "received_total",
        "refunded_at",
        "split_tree_id",
        "status",
        "tags",
        "total_amount",
        "vat_rate",
    }
)
# Harmless in this field alone: elsewhere a name is a person's and a description is what somebody typed.
_SHOWN_IN: Final = frozenset(
    {("order_items", "name"), ("errors", "description"), ("errors", "additional_information")}
)
# Typed by Ping for people to read, and apt to quote what it is about.
_WORDS: Final = frozenset({"additional_information", "description", "error", "reason"})
# Hidden with all that is in them, whatever it is called.
_PRIVATE: Final = frozenset({"payer", "provider_data"})
_FIELD_NAME: Final = re.compile(r"[\w.-]{1,64}")
_MEDIA_TYPE: Final = re.compile(r"[\w.+-]{1,64}/[\w.+-]{1,64}")


@dataclass(frozen=True, slots=True)
class Exchange:
    """One request to Ping and what came back, fit to be kept.

    ``path`` begins with ``/api/v1``; ``status_code`` is None where no answer came; ``error`` is a sentence
    of ours, empty after a success. The bodies are redacted and at most 8 KiB each.
    """

    method: str
    path: str
    status_code: int | None
    milliseconds: int
    request_id: str
    request_body: str
    response_body: str
    error: str


Recorder = Callable[[Exchange], None]


def redacted(body: bytes | None, content_type: str) -> str:
    """Return a body as it may be kept: JSON with its values hidden, of anything else only what it is.

    ``body`` is None where it was too large to read.
    """
    named = _MEDIA_TYPE.match(content_type)
    media_type = named[0] if named else "unknown type"
    if body is None:
        return f"<too much of {media_type}>"
    if not body:
        return ""
    try:
        text = json.dumps(_redact(parse_json(body)), ensure_ascii=False, default=str)
    except ValueError:
        return f"<{len(body)} bytes of {media_type}>"
    # Half a surrogate pair is JSON to Python, but nothing that a database keeps.
    kept = text.encode(errors="replace")
    if len(kept) > KEPT:
        return kept[: KEPT - len("…".encode())].decode(errors="ignore") + "…"
    return kept.decode()


def _redact(value: object, path: tuple[str, ...] = (), depth: int = 0) -> object:
    """Return a value as it may be kept; ``path`` is the fields that it is in, the innermost last."""
    if depth > DEPTH:
        return HIDDEN
    if isinstance(value, dict):
        return {
            name if _FIELD_NAME.fullmatch(name) else HIDDEN: _redact(
                member, _path_to(name, value, path), depth + 1
            )
            for name, member in value.items()
        }
    if isinstance(value, list):
        more = [f"… {len(value) - ELEMENTS} more"] if len(value) > ELEMENTS else []
        return [_redact(element, path, depth + 1) for element in value[:ELEMENTS]] + more
    return value if value is None else _shown(value, path)


def _path_to(name: str, value: dict[str, object], path: tuple[str, ...]) -> tuple[str, ...]:
    # What Ping says about a field of the payer's may well quote it.
    if (*path[-1:], name) in _SHOWN_IN and "payer" in str(value.get("property")):
        return (*path, "payer", name)
    return (*path, name)


def _shown(value: object, path: tuple[str, ...]) -> object:
    name = path[-1] if path else ""
    if not _PRIVATE.isdisjoint(path):
        return HIDDEN
    if name.endswith("url") or name == "href":
        return _host_of(value)
    if name in _SHOWN or path[-2:] in _SHOWN_IN:
        if not isinstance(value, str):
            return value
        return (mask(value) if name in _WORDS else value)[:VALUE_LENGTH]
    return HIDDEN


def _host_of(value: object) -> str:
    """Return an address without its path and query: the token in them is what lets a stranger in."""
    try:
        parts = urlsplit(str(value))
        host = parts.hostname
    except ValueError:
        return HIDDEN
    return f"{parts.scheme}://{host[:VALUE_LENGTH]}/{HIDDEN}" if host else HIDDEN
