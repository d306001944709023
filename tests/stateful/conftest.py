"""A stock shop in front of the simulator; each run of the machine is in a transaction that is rolled back."""

from __future__ import annotations

import logging
from typing import Any

import pytest

from tests.integration.shop.conftest import commits as commits


@pytest.fixture
def shop(db, ping, commits, settings, monkeypatch):
    """Django's settings. Nothing here is about how long anything takes: nobody waits."""
    monkeypatch.setattr("oscar_pingpayments.gateway.transport.FIRST_PAUSE", 0.0)
    monkeypatch.setattr("oscar_pingpayments.checkout.second_click._PATIENCE", 0.05)
    monkeypatch.setattr("oscar_pingpayments.checkout.second_click._PAUSE", 0.01)
    logging.disable(logging.CRITICAL)  # of thousands of failures on purpose
    yield settings
    logging.disable(logging.NOTSET)


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Say what came of the campaign."""
    reports = [report for reports in terminalreporter.stats.values() for report in reports]
    properties = [each for report in reports for each in getattr(report, "user_properties", ())]
    for said in [value for key, value in properties if key == "stateful"]:
        terminalreporter.write_line(said)
