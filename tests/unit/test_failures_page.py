"""The page of what goes wrong is true: each row has tests, and it names those that there are."""

from __future__ import annotations

import pytest

from tests.failures_page import PAGE, listed, proofs, with_proofs

#: How many rows each group has.
GROUPS = {"S": 15, "R": 15, "C": 18, "M": 12, "F": 11, "O": 18}
ROWS = [f"{group}{number}" for group, count in GROUPS.items() for number in range(1, count + 1)]


def test_every_row_is_listed_once_and_in_order():
    assert list(listed(PAGE.read_text())) == ROWS
    assert PAGE.read_text().count("\n| ") == len(ROWS) + len(GROUPS)  # and their headings


@pytest.mark.parametrize("row", ROWS)
def test_a_row_has_a_test(row):
    assert proofs().get(row), f"No test is named test_{row.lower()}_..."


def test_the_tests_of_each_row_are_those_that_there_are():
    """Where this fails: ``python -m tests.failures_page``, and look at what it has changed."""
    page = PAGE.read_text()

    assert {row: names for row, names in listed(page).items() if names} == proofs()
    assert with_proofs(page, proofs()) == page


def test_a_test_that_is_new_is_written_into_its_row():
    page = "| C1 | a | b | `test_c1_old` |\n| C2 | a | b | |\n"

    assert with_proofs(page, {"C1": {"test_c1_b", "test_c1_a"}}) == (
        "| C1 | a | b | `test_c1_a`<br>`test_c1_b` |\n| C2 | a | b | |\n"
    )
