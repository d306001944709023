"""The forked app's place in Oscar."""

from __future__ import annotations

from oscar.apps.shipping import apps


class ShippingConfig(apps.ShippingConfig):
    name = "store.shipping"
