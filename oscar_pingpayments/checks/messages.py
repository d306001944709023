"""How a finding looks: an id, a sentence that says what will go wrong, a hint that says what to type."""

from __future__ import annotations

from django.core.checks import Error, Warning

#: The tag of all our checks: ``manage.py check --tag pingpayments``.
TAG = "pingpayments"


def error(number: int, sentence: str, hint: str) -> Error:
    """Return a finding with which the shop must not take cards."""
    return Error(sentence, hint=hint, id=f"{TAG}.E{number:03}")


def warning(number: int, sentence: str, hint: str) -> Warning:
    """Return a finding that the shop should know of."""
    return Warning(sentence, hint=hint, id=f"{TAG}.W{number:03}")
