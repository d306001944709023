"""The shop's fork of one of Oscar's apps."""

from __future__ import annotations

from oscar.apps.checkout import apps


class CheckoutConfig(apps.CheckoutConfig):
    name = "tests.shops.taxed.checkout"
