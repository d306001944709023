"""Prices without tax, which the checkout adds."""

from __future__ import annotations

from oscar.apps.partner import strategy


class Selector(strategy.Selector):
    def strategy(self, request=None, user=None, **kwargs):
        return strategy.US(request)
