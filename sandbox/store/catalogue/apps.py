"""The forked app's place in Oscar."""

from __future__ import annotations

from oscar.apps.catalogue import apps


class CatalogueConfig(apps.CatalogueConfig):
    name = "store.catalogue"
