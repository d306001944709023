"""The forked app's place in Oscar."""

from __future__ import annotations

from oscar.apps.search import apps


class SearchConfig(apps.SearchConfig):
    name = "store.search"
