"""Fixtures for a shop's own tests: ``pytest_plugins = ["oscar_pingpayments.simulator.pytest_plugin"]``."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from .testing import PingSimulator


@pytest.fixture(scope="session")
def ping_simulator() -> Iterator[PingSimulator]:
    """One simulator process for the whole test run."""
    with PingSimulator() as simulator:
        yield simulator


@pytest.fixture
def ping(ping_simulator: PingSimulator) -> PingSimulator:
    """The simulator, with nothing in it, behaving, and holding its callbacks."""
    ping_simulator.reset()
    return ping_simulator
