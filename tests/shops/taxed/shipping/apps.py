"""The shop's fork of one of Oscar's apps."""

from __future__ import annotations

from oscar.apps.shipping import apps


class ShippingConfig(apps.ShippingConfig):
    name = "tests.shops.taxed.shipping"
