"""The shop of the integration tests, with somebody before it who means no good."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.integration.shop.conftest import commits, product, shop, shopper, started  # noqa: F401

from .campaign import EXAMPLES, IS_CAMPAIGN, SEED
from .witness import Witness, listening


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Say how to have the same again."""
    if IS_CAMPAIGN:
        terminalreporter.section("hostile")
        terminalreporter.write_line(f"HOSTILE_SEED={SEED} HOSTILE_EXAMPLES={EXAMPLES}")


@pytest.fixture
def witness() -> Iterator[Witness]:
    """All that is logged during a test."""
    with listening() as witness:
        yield witness


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Leave what takes long to the campaign."""
    for item in items:
        if item.get_closest_marker("campaign") and not IS_CAMPAIGN:
            item.add_marker(pytest.mark.skip(reason="takes long: make hostile"))
