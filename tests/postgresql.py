"""What only PostgreSQL can show: elsewhere it is skipped with the reason, and fails in CI."""

from __future__ import annotations

import os

import pytest
from django.db import connection


def need(items: list[pytest.Item], folder: str, missing: str) -> None:
    """Mark the tests of a folder; ``missing`` says why they cannot run on another database."""
    here = [item for item in items if f"/{folder}/" in item.nodeid.replace("\\", "/")]
    if here and connection.vendor != "postgresql" and os.environ.get("CI") == "true":
        raise pytest.UsageError(missing)
    for item in here:
        item.add_marker(pytest.mark.postgresql)
        item.add_marker(pytest.mark.django_db(transaction=True))
        if connection.vendor != "postgresql":
            item.add_marker(pytest.mark.skip(reason=missing))
