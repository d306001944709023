"""Axe: what is wrong with a part of a page for people who see, hear or move less."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page


def serious(page: Page, part: str) -> list[str]:
    """Return what is serious or critical in a part of a page; Oscar's own layout around ours is Oscar's."""
    axe = pytest.importorskip("axe_playwright_python.sync_playwright").Axe()
    found = axe.run(page, context=part, options={"resultTypes": ["violations"]}).response["violations"]
    return [
        f"{rule['id']}: {[node['html'] for node in rule['nodes']]}"
        for rule in found
        if rule["impact"] in ("serious", "critical")
    ]
