"""Pages that are found by key: each row once, in order, whatever is equal, and whichever way one turns."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from oscar_pingpayments.dashboard import keyset
from oscar_pingpayments.dashboard.keyset import CursorError, Sorting
from oscar_pingpayments.dashboard.searching import SORTINGS
from oscar_pingpayments.models import PaymentOrder
from tests.benchmarks.figures import count_queries

from .conftest import make

SIZE = 3
SIZES = (1, 2, 3, 5, 9, 10, 11)


@pytest.fixture
def rows(db):
    """Payment orders of which many have the same amount, the same time, or both."""
    noon = timezone.now()
    amounts = ["10.00", "20.00", "20.00", "20.00", "20.00", "20.00", "30.00", "20.00", "10.00", "20.00"]
    times = [0, 1, 1, 1, 1, 2, 2, 3, 3, 3]
    make(
        *(
            {"amount": amount, "created_at": noon + timedelta(microseconds=time)}
            for amount, time in zip(amounts, times, strict=True)
        )
    )
    return PaymentOrder.objects.all()


def expected(sorting: Sorting) -> list[int]:
    sign = "-" if sorting.descending else ""
    return list(
        PaymentOrder.objects.order_by(f"{sign}{sorting.field}", f"{sign}pk").values_list("pk", flat=True)
    )


def keys(page) -> list[int]:
    return [row.pk for row in page.rows]


@pytest.mark.parametrize("sorting", SORTINGS.values(), ids=SORTINGS)
def test_turned_forwards_each_row_comes_once(rows, sorting):
    for size in SIZES:
        page = keyset.first(rows, sorting, size)
        assert page.before == ""
        seen = keys(page)
        while page.after:
            page = keyset.after(rows, sorting, size, page.after)
            assert page.before
            seen += keys(page)

        assert seen == expected(sorting)


@pytest.mark.parametrize("sorting", SORTINGS.values(), ids=SORTINGS)
def test_turned_backwards_from_the_last_each_row_comes_once(rows, sorting):
    for size in SIZES:
        page = keyset.last(rows, sorting, size)
        assert page.after == ""
        seen = keys(page)
        while page.before:
            page = keyset.before(rows, sorting, size, page.before)
            assert page.after
            seen = keys(page) + seen

        assert seen == expected(sorting)


def test_there_and_back_is_the_same_page(rows):
    sorting = SORTINGS["-placed"]
    first = keyset.first(rows, sorting, SIZE)
    second = keyset.after(rows, sorting, SIZE, first.after)

    assert keyset.before(rows, sorting, SIZE, second.before) == first


def test_what_comes_meanwhile_moves_no_row_to_another_page(rows):
    sorting = SORTINGS["-placed"]
    first = keyset.first(rows, sorting, SIZE)
    before = keyset.after(rows, sorting, SIZE, first.after)

    make({"created_at": timezone.now() + timedelta(hours=1)})

    assert keyset.after(rows, sorting, SIZE, first.after) == before


def test_one_page_is_all_there_is(rows):
    page = keyset.first(rows, SORTINGS["amount"], 10)

    assert (page.before, page.after, page.is_all) == ("", "", True)
    assert not keyset.first(rows, SORTINGS["amount"], 9).is_all


@pytest.mark.parametrize("sorting", SORTINGS.values(), ids=SORTINGS)
def test_nothing_is_a_page_too(db, sorting):
    nothing = PaymentOrder.objects.none()

    assert keyset.first(nothing, sorting, SIZE) == keyset.last(nothing, sorting, SIZE) == keyset.NOTHING
    assert keyset.NOTHING.is_all


def test_a_page_after_the_end_is_empty(rows):
    sorting = SORTINGS["placed"]
    end = sorting.cursor(rows.order_by("created_at", "pk").last())

    assert keyset.after(rows, sorting, SIZE, end) == keyset.NOTHING


@pytest.mark.parametrize("sorting", SORTINGS.values(), ids=SORTINGS)
def test_every_row_is_read_once_in_bites(rows, sorting):
    for bite in SIZES:
        assert [row.pk for row in keyset.every(rows, sorting, bite)] == expected(sorting)


def test_a_page_costs_two_statements_at_most_and_counts_nothing(rows):
    sorting = SORTINGS["amount"]
    for cursor in [sorting.cursor(row) for row in rows]:
        with count_queries() as counted:
            keyset.after(rows, sorting, SIZE, cursor)
            keyset.before(rows, sorting, SIZE, cursor)
        assert counted.total <= 4
    with count_queries() as counted:
        keyset.first(rows, sorting, SIZE)
        keyset.last(rows, sorting, SIZE)
    assert counted.total == 2
    assert "COUNT" not in str(counted.ours)


@pytest.mark.parametrize(
    "change", [lambda cursor: cursor[:-1], lambda cursor: "x", lambda cursor: f"{cursor}\0"]
)
def test_a_cursor_that_is_not_ours_is_refused(rows, change):
    sorting = SORTINGS["amount"]
    cursor = change(sorting.cursor(rows[0]))

    with pytest.raises(CursorError):
        keyset.after(rows, sorting, SIZE, cursor)
    with pytest.raises(CursorError):
        keyset.before(rows, SORTINGS["placed"], SIZE, sorting.cursor(rows[0]))
