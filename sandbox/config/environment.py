"""What the environment says, read into Python: flags, lists, and the ``PINGPAYMENTS_*`` variables."""

from __future__ import annotations

import json
import os
from typing import Any, Final
from urllib.parse import urlsplit

from django.core.exceptions import ImproperlyConfigured

from oscar_pingpayments import simulator

PREFIX: Final = "PINGPAYMENTS_"

#: The keys that are not text; their variables are written in JSON.
JSON_KEYS: Final = frozenset(
    {
        "ATTEMPTS",
        "AUTO_WIRE",
        "CALLBACK_SIGNATURE",
        "CASHIER",
        "EMAILS",
        "LOCALES",
        "LOG_DAYS",
        "ORDER_STATUS",
        "OTHER_METHODS",
        "PAYMENT_WINDOW",
        "PAY_HOSTS",
        "REFUND_DUPLICATES",
        "REFUND_LATE",
        "REINSTATE_LATE",
        "SKIP_SINGLE_METHOD",
        "RESTOCK_REFUNDED",
        "SETTLE",
        "STAFF_EMAILS",
        "SYNC",
        "TIMEOUT",
    }
)


def flag(name: str, *, default: bool) -> bool:
    """Return a variable that says yes or no."""
    word = os.environ.get(name, "").strip().lower()
    if word in ("", "1", "true", "0", "false"):
        return word in ("1", "true") if word else default
    raise ImproperlyConfigured(f"{name} is neither 1 nor 0.")


def words(name: str, default: str) -> list[str]:
    """Return a variable's comma-separated words."""
    return [word.strip() for word in os.environ.get(name, default).split(",") if word.strip()]


def pingpayments(simulator_port: int) -> dict[str, Any]:
    """Return the ``PINGPAYMENTS`` setting: every ``PINGPAYMENTS_<KEY>`` there is, and the rest by default.

    Without a tenant it is the simulator's; a misspelt key is passed on, for the system checks to name.
    """
    found = {
        name.removeprefix(PREFIX): value
        for name, value in os.environ.items()
        if name.startswith(PREFIX) and value.strip()
    }
    settings = {key: _from_json(key, value) if key in JSON_KEYS else value for key, value in found.items()}
    if "TENANT_ID" not in settings:
        settings = {
            "TENANT_ID": simulator.TENANT_ID,
            "API_SECRET": simulator.API_SECRET,
            "MERCHANT_ID": simulator.MERCHANT_ID,
            "BASE_URL": f"http://127.0.0.1:{simulator_port}/payments",
            **settings,
        }
    return settings


def uses_our_simulator(settings: dict[str, Any], simulator_port: int) -> bool:
    """Whether the shop asks the simulator that belongs to it, rather than Ping or a simulator elsewhere."""
    parts = urlsplit(settings.get("BASE_URL", ""))
    return (parts.hostname, parts.port) == ("127.0.0.1", simulator_port)


def _from_json(key: str, value: str) -> Any:
    try:
        return json.loads(value.lower() if value in ("True", "False") else value)
    except ValueError as error:
        raise ImproperlyConfigured(f"{PREFIX}{key} is not JSON: {error}.") from None
