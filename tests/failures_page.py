"""The page of what goes wrong, and the tests that prove it: ``python -m tests.failures_page`` writes them in.

A test that proves a row has its number in its name: ``test_c5_a_body_that_says_completed_is_not_believed``.
"""

from __future__ import annotations

import ast
import re
from collections import defaultdict
from functools import cache
from pathlib import Path

TESTS = Path(__file__).parent
PAGE = TESTS.parent / "docs" / "reference" / "failures.md"

_TEST = re.compile(r"test_([a-z])(\d+)_")
_ROW = re.compile(r"^\| ([A-Z]\d+) \| (.+) \| (.+) \| (.*)\|$", re.MULTILINE)


@cache
def proofs() -> dict[str, set[str]]:
    """Return the names of the tests that prove each row, from the source of all tests."""
    found = defaultdict(set)
    for source in TESTS.rglob("test_*.py"):
        for node in ast.walk(ast.parse(source.read_text())):
            if isinstance(node, ast.FunctionDef) and (named := _TEST.match(node.name)):
                found[f"{named[1].upper()}{named[2]}"].add(node.name)
    return dict(found)


def listed(page: str) -> dict[str, set[str]]:
    """Return the names of the tests that the page gives each row."""
    return {row[1]: set(re.findall(r"`(\w+)`", row[4])) for row in _ROW.finditer(page)}


def with_proofs(page: str, tests: dict[str, set[str]]) -> str:
    """Return the page with these tests in the last column."""

    def fill(row: re.Match[str]) -> str:
        names = "<br>".join(f"`{name}`" for name in sorted(tests.get(row[1], ())))
        return f"| {row[1]} | {row[2]} | {row[3]} | {names + ' ' if names else ''}|"

    return _ROW.sub(fill, page)


if __name__ == "__main__":
    PAGE.write_text(with_proofs(PAGE.read_text(), proofs()))
