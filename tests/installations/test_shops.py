"""Shops that are not stock: each has settings of its own, so each one's tests run in a process of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import pytest

ROOT = Path(__file__).resolve().parents[2]
SHOPS = sorted(path.parent.name for path in (ROOT / "tests/shops").glob("*/settings.py"))
#: What this run was told must not be told to the runs that it starts.
FOREIGN = ("PYTEST_", "DJANGO_SETTINGS_MODULE")


def test_every_shop_is_here():
    assert SHOPS == ["atomic", "forked", "plugin", "taxed", "written_down"]


@pytest.mark.parametrize("shop", SHOPS)
def test_a_shop_of_this_kind_is_paid_by_card(shop):
    environment = {name: value for name, value in os.environ.items() if not name.startswith(FOREIGN)}
    if "DATABASE_URL" in environment:
        parts = urlsplit(environment["DATABASE_URL"])
        environment["DATABASE_URL"] = urlunsplit(parts._replace(path=f"{parts.path}_{shop}"))
    run = [sys.executable, "-m", "pytest", f"tests/shops/{shop}", f"--ds=tests.shops.{shop}.settings"]

    done = subprocess.run(
        [*run, "--no-migrations", "-p", "no:cacheprovider", "-p", "no:xdist"],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=300,
    )

    assert done.returncode == 0, done.stdout + done.stderr
