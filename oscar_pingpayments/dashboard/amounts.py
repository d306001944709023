"""Amounts as staff read them: one way on all pages, in forms, messages and the timeline."""

from __future__ import annotations

from decimal import Decimal

from oscar.templatetags.currency_filters import currency as formatted


def shown(amount: Decimal, currency: str) -> str:
    """Return an amount as Oscar's pages show it, in the language of whoever reads it."""
    return str(formatted(amount, currency))
