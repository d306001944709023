"""What the value of each key must look like, and what becomes of it.

No sentence repeats a value: somebody may have put the secret under another key.
"""

from __future__ import annotations

import base64
import binascii
import json
import math
import re
from collections.abc import Callable, Mapping
from datetime import date, timedelta
from types import MappingProxyType
from typing import Any, Final

from django.core.exceptions import ValidationError
from django.core.validators import validate_email

from ..hosts import is_loopback, split_url
from .settling import settle_rule
from .shapes import (
    NOT_SET,
    UnusableError,
    each_in,
    flag,
    names,
    option_dict,
    optional_uuid,
    uuid,
    whole_number,
    whole_numbers,
    word,
)
from .values import (
    API_VERSION,
    BASE_URLS,
    LOCALES,
    AttemptLimits,
    CallbackSignature,
    Emails,
    OrderStatuses,
    Secret,
    SyncPace,
    Timeout,
)

#: Ping's list calls need this version of its API or a later one.
_OLDEST_API_VERSION: Final = date(2025, 3, 6)
_SHORTEST_WINDOW: Final = timedelta(minutes=1)
_LONGEST_WINDOW: Final = timedelta(days=30)
_LONGEST_WAIT: Final = 30.0
_KEY_BYTES: Final = 32
#: The payment-method code of this package; no other method may have it.
_OUR_METHOD: Final = "paymentiq-card"

_LOCALE = re.compile(r"[a-z]{2}-[A-Z]{2}")
_LANGUAGE = re.compile(r"[a-z]{2,3}(-[a-z0-9]+)*")
_HOST = re.compile(r"\.?[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*")
_HEADER = re.compile(r"[A-Za-z0-9-]+")
_METHOD_CODE = re.compile(r"[A-Za-z0-9_-]+")
_PRINTABLE = re.compile(r"[\x21-\x7e]+")


def _secret(value: object) -> Secret:
    text = value.reveal() if isinstance(value, Secret) else value
    if not isinstance(text, str) or not _PRINTABLE.fullmatch(text):
        raise UnusableError(
            "is empty, is not a string, or has spaces or line breaks in it, so Ping would refuse every call.",
            'Check where it is read from, for instance os.environ["PINGPAYMENTS_API_SECRET"].strip().',
        )
    return Secret(text)


def _environment(value: object) -> str:
    if not isinstance(value, str) or value not in BASE_URLS:
        raise UnusableError(
            "is neither sandbox nor production, so it is not known whether money is real.",
            'Write "ENVIRONMENT": "sandbox" or "ENVIRONMENT": "production".',
        )
    return value


def _base_url(value: object) -> str:
    parts = split_url(value) if isinstance(value, str) else None
    if not isinstance(value, str) or parts is None or "?" in value or "#" in value:
        raise UnusableError(
            "is not an address, so Ping cannot be called.", f'Write "BASE_URL": "{BASE_URLS["sandbox"]}".'
        )
    if parts[0] != "https" and not is_loopback(parts[1]):
        raise UnusableError(
            "does not start with https://, so your secret would travel for everyone to read.",
            "Write https://. Without it only a simulator on this machine can be called.",
        )
    url = value.rstrip("/")
    if url.endswith("/api/v1"):
        raise UnusableError("ends with /api/v1, which is added by itself.", 'End BASE_URL with "/payments".')
    return url


def _public_url(value: object) -> str | None:
    if value in NOT_SET:
        return None
    if isinstance(value, str) and split_url(value):
        origin = value.rstrip("/")
        if origin.count("/") == 2 and "?" not in origin and "#" not in origin:
            return origin
    raise UnusableError(
        "is not the address of a site, so Ping could not send its callbacks anywhere.",
        'Write scheme and host, without a path: "PUBLIC_URL": "https://shop.example".',
    )


def _api_version(value: object) -> str:
    try:
        version = date.fromisoformat(str(value))
    except ValueError:
        version = date.min
    if version < _OLDEST_API_VERSION:
        raise UnusableError(
            f"is not a date from {_OLDEST_API_VERSION} on, so Ping would refuse to list payments.",
            f'Take it out, or write "API_VERSION": "{API_VERSION}".',
        )
    return version.isoformat()


def _payment_window(value: object) -> timedelta:
    if (
        isinstance(value, int)
        and not isinstance(value, bool)
        and abs(value) < _LONGEST_WINDOW.total_seconds()
    ):
        value = timedelta(minutes=value)
    if not isinstance(value, timedelta) or not _SHORTEST_WINDOW <= value <= _LONGEST_WINDOW:
        raise UnusableError(
            "is neither a whole number of minutes nor a timedelta, or not between 1 minute and 30 days.",
            'Write minutes: "PAYMENT_WINDOW": 60.',
        )
    return value


def _order_status(value: object) -> OrderStatuses:
    words = option_dict(value, names(OrderStatuses), '"ORDER_STATUS": {"paid": "Being processed"}')
    for key, status in words.items():
        if not isinstance(status, str) or not status:
            raise UnusableError("is not the name of an order status.", f'Write "{key}": "...".', f"[{key}]")
    return OrderStatuses(**words)


def _timeout(value: object) -> Timeout:
    if isinstance(value, list | tuple) and len(value) == len(names(Timeout)) and all(map(_is_wait, value)):
        return Timeout(*map(float, value))
    raise UnusableError(
        "is not two numbers of seconds above 0 and up to 30, so a payer could wait for ever.",
        'Write "TIMEOUT": (3, 7): to connect, and to wait for the answer.',
    )


def _is_wait(seconds: object) -> bool:
    if isinstance(seconds, bool) or not isinstance(seconds, int | float):
        return False
    return math.isfinite(seconds) and 0 < seconds <= _LONGEST_WAIT


def _locales(value: object) -> Mapping[str, str]:
    if not isinstance(value, Mapping) or not all(
        isinstance(language, str)
        and _LANGUAGE.fullmatch(_language(language))
        and isinstance(locale, str)
        and _LOCALE.fullmatch(locale)
        for language, locale in value.items()
    ):
        raise UnusableError(
            "is not a dict from language codes to locales of Ping's payment page.",
            'Write "LOCALES": {"sv": "sv-SE", "en": "en-US"}.',
        )
    return MappingProxyType({**LOCALES, **{_language(key): locale for key, locale in value.items()}})


def _language(code: str) -> str:
    return code.lower().replace("_", "-")


def _cashier(value: object) -> Mapping[str, Any]:
    try:
        plain = json.loads(json.dumps(value, allow_nan=False))
    except (TypeError, ValueError, RecursionError):
        plain = None
    if not isinstance(plain, dict):
        raise UnusableError(
            "is not a dict of what JSON knows, so it cannot be sent to Ping.",
            'Write for instance "CASHIER": {"header": {"hidden": True}}.',
        )
    return MappingProxyType(plain)


def _pay_hosts(value: object) -> tuple[str, ...]:
    if (
        not isinstance(value, list | tuple)
        or not value
        or not all(isinstance(host, str) and _HOST.fullmatch(host.lower()) for host in value)
    ):
        raise UnusableError(
            "is not a list of host names, so no payer could be sent to the payment page.",
            'Write "PAY_HOSTS": [".pingpayments.com"]: a leading dot stands for every host below it.',
        )
    return tuple(host.lower() for host in value)


def _other_methods(value: object) -> Mapping[str, Any]:
    if not isinstance(value, Mapping) or not all(
        isinstance(code, str) and _METHOD_CODE.fullmatch(code) and code != _OUR_METHOD and label
        for code, label in value.items()
    ):
        raise UnusableError(
            f"is not a dict from codes (letters, digits, - and _; not {_OUR_METHOD}) to what payers read.",
            'Write "OTHER_METHODS": {"invoice": _("Invoice")}.',
        )
    return MappingProxyType(dict(value))


def _callback_signature(value: object) -> CallbackSignature | None:
    if value is None:
        return None
    example = '"CALLBACK_SIGNATURE": {"header": "X-Signature", "keys": ["<base64>"], "encoding": "base64"}'
    options = option_dict(value, names(CallbackSignature), example)
    header, keys, encoding = options.get("header"), options.get("keys"), options.get("encoding", "base64")
    if not isinstance(header, str) or not _HEADER.fullmatch(header):
        raise UnusableError("is not the name of a header.", f"Write {example}.", "[header]")
    if not isinstance(keys, list | tuple) or not keys or not all(map(_is_public_key, keys)):
        raise UnusableError(
            "is not a list of Ed25519 public keys in base64, so every callback would be refused.",
            "Copy the key that `GET /signing_key` answers with; while keys are rotated, list both.",
            "[keys]",
        )
    if encoding not in ("base64", "hex"):
        raise UnusableError("is neither base64 nor hex.", 'Write "encoding": "base64".', "[encoding]")
    return CallbackSignature(header, tuple(keys), encoding)


def _is_public_key(key: object) -> bool:
    try:
        return isinstance(key, str) and len(base64.b64decode(key, validate=True)) == _KEY_BYTES
    except (binascii.Error, ValueError):
        return False


def _staff_emails(value: object) -> tuple[str, ...]:
    if not isinstance(value, list | tuple) or not all(map(_is_email, value)):
        raise UnusableError(
            "is not a list of e-mail addresses, so nobody would be told when money needs a person.",
            'Write "STAFF_EMAILS": ["payments@your-shop.se"].',
        )
    return tuple(value)


def _is_email(value: object) -> bool:
    try:
        validate_email(value if isinstance(value, str) else None)
    except ValidationError:
        return False
    return True


PARSERS: Final[dict[str, Callable[[object], object]]] = {
    "TENANT_ID": uuid,
    "API_SECRET": _secret,
    "MERCHANT_ID": uuid,
    "ENVIRONMENT": _environment,
    "BASE_URL": _base_url,
    "API_VERSION": _api_version,
    "PROVIDER": word,
    "METHOD": word,
    "PAY_URL_FIELD": word,
    "SPLIT_TREE_ID": optional_uuid,
    "PUBLIC_URL": _public_url,
    "PAYMENT_WINDOW": _payment_window,
    "ORDER_STATUS": _order_status,
    "LOCALES": _locales,
    "CASHIER": _cashier,
    "PAY_HOSTS": _pay_hosts,
    "TIMEOUT": _timeout,
    "AUTO_WIRE": flag,
    "OTHER_METHODS": _other_methods,
    "SKIP_SINGLE_METHOD": flag,
    "CALLBACK_SIGNATURE": _callback_signature,
    "LOG_DAYS": whole_number(1, 3650, '"LOG_DAYS": 90'),
    "SYNC": whole_numbers(SyncPace, 1000, '"SYNC": {"concurrency": 4, "per_second": 20}'),
    "ATTEMPTS": whole_numbers(
        AttemptLimits, 1000, '"ATTEMPTS": {"per_order": 10, "declined_per_address": 20}'
    ),
    "EMAILS": each_in(Emails, flag, '"EMAILS": {"confirmation": True, "failed": False}'),
    "STAFF_EMAILS": _staff_emails,
    "REFUND_DUPLICATES": flag,
    "REFUND_LATE": flag,
    "REINSTATE_LATE": flag,
    "RESTOCK_REFUNDED": flag,
    "SETTLE": settle_rule,
}


#: The keys without a default, and what does not work without them.
REQUIRED: Final = {
    "TENANT_ID": "Ping would not know whose shop is calling.",
    "API_SECRET": "Ping would refuse every call.",  # nosec B105  # (a sentence about it)
    "MERCHANT_ID": "Ping would not know who gets the money.",
}
