"""Whether those who write to SQLite at the same time wait for each other."""

from __future__ import annotations

from typing import Any

from django.core.checks import CheckMessage, register
from django.db import connections, router

from ..models import PaymentOrder
from .messages import TAG, warning


@register(TAG)
def check_sqlite(**_: Any) -> list[CheckMessage]:
    """Say where SQLite refuses who comes second, because a transaction reads before it writes."""
    alias = router.db_for_write(PaymentOrder)
    connection = connections[alias]
    known = connection.settings_dict
    mode = str(known["OPTIONS"].get("transaction_mode") or "").upper()
    if connection.vendor != "sqlite" or mode in {"IMMEDIATE", "EXCLUSIVE"} or _is_in_memory(known["NAME"]):
        return []
    return [
        warning(
            50,
            "A callback of Ping's and the payer who comes back write at the same time, and SQLite may refuse "
            'one of them with "database is locked": the payer looks at a waiting page till Ping calls again.',
            f'Write "OPTIONS": {{"transaction_mode": "IMMEDIATE"}} in DATABASES["{alias}"]: then one waits '
            "for the other.",
        )
    ]


def _is_in_memory(name: Any) -> bool:
    return ":memory:" in str(name) or "mode=memory" in str(name)
