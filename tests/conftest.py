"""What every test may ask for."""

from __future__ import annotations

import gc

import pytest
from django.utils import translation

pytest_plugins = ["oscar_pingpayments.simulator.pytest_plugin", "tests.laid_down"]


def pytest_collection_finish() -> None:
    """Spare the collector what lives as long as the run: Django, Oscar and the tests, a million objects."""
    gc.collect()
    gc.freeze()


@pytest.fixture(autouse=True)
def nobodys_language():
    """Let no test speak the language of the one before: a request leaves it active."""
    translation.activate("en")


@pytest.fixture
def change(settings):
    """Change keys of ``PINGPAYMENTS`` for one test: ``change(ENVIRONMENT="production", BASE_URL=None)``.

    None takes a key out.
    """

    def change(**keys: object) -> None:
        changed = {**settings.PINGPAYMENTS, **keys}
        settings.PINGPAYMENTS = {key: value for key, value in changed.items() if value is not None}

    return change
