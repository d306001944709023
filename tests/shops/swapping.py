"""How the shops here differ from the stock one: some of Oscar's apps are their own."""

from __future__ import annotations

from collections.abc import Sequence


def swap(apps: Sequence[str], shop: str, *labels: str) -> list[str]:
    """Return the installed apps with the shop's own forks in place of Oscar's, as Oscar's docs say."""
    own = {}
    for label in labels:
        config = f"{label}.apps.{label.title()}Config"
        own[f"oscar.apps.{config}"] = f"tests.shops.{shop}.{config}"
    assert own.keys() <= set(apps), own
    return [own.get(app, app) for app in apps]
