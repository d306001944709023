"""The store's own app: its pages, and the command that fills the shelves."""

from __future__ import annotations

from django.apps import AppConfig


class StoreConfig(AppConfig):
    """Listed before Oscar's apps, so that its static files and templates come first."""

    name = "store"
    default = True
