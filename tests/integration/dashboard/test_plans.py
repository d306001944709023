"""Whatever is looked for, PostgreSQL has an index to look it up in: no list page reads a whole table."""

from __future__ import annotations

import re
from datetime import timedelta
from uuid import uuid4

import pytest
from django.db import connection
from django.utils import timezone

from oscar_pingpayments.dashboard.searching import SORTINGS, SearchForm
from oscar_pingpayments.models import PaymentOrder

from .conftest import make

pytestmark = [
    pytest.mark.postgresql,
    pytest.mark.skipif(connection.vendor != "postgresql", reason="plans are PostgreSQL's"),
]


@pytest.fixture(autouse=True)
def indexes_only(db):
    """Rows by which one index is worth more than another, and a planner that knows them and likes indexes."""
    make({})
    now = timezone.now()
    rows = list(PaymentOrder.objects.values()) * 1000
    PaymentOrder.objects.bulk_create(
        PaymentOrder(
            **row
            | {"id": None, "order_id": None, "token": str(number), "ping_id": uuid4(), "amount": number}
            | {"currency": "SEK" if number % 50 else "EUR", "created_at": now - timedelta(minutes=number)}
            | {"payer_name": f"p{number}", "payer_last_name": f"l{number}", "payer_email": f"e{number}"}
        )
        for number, row in enumerate(rows, 1)
    )
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE pingpayments_paymentorder")
        cursor.execute("SET LOCAL enable_seqscan = off")


def plan(rows) -> str:
    return rows.explain()


def indexes(found: str) -> set[str]:
    return set(re.findall(r"(?:using|on) (pingpayments_order\w+|pingpayments_paymentorder_\w+)", found))


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ({"q": "astrid@example.org"}, {"pingpayments_order_email"}),
        (
            {"q": "astrid"},
            {"pingpayments_order_payer", "pingpayments_order_last_name", "pingpayments_order_email"},
        ),
        ({"q": "0b9ef1b0-62a5-4a4a-9f43-8f6c5e3b2d11"}, {"pingpayments_paymentorder_ping_id_key"}),
        ({"placed_from": "2026-01-01", "placed_to": "2026-01-01"}, {"pingpayments_order_dates"}),
        ({"amount_from": "10", "amount_to": "20"}, {"pingpayments_order_amounts"}),
    ],
    ids=lambda value: str(value) if isinstance(value, dict) else "",
)
def test_each_word_is_looked_up_in_its_index(words, expected):
    form = SearchForm(words)
    assert form.is_valid()

    found = plan(form.narrow(PaymentOrder.objects.order_by()))

    assert "Seq Scan" not in found
    assert indexes(found) >= expected


def test_one_currency_is_read_in_the_order_of_the_list():
    form = SearchForm({"currency": "EUR"})
    assert form.is_valid()

    found = plan(form.narrow(PaymentOrder.objects.order_by("-created_at", "-pk"))[:26])

    assert indexes(found) == {"pingpayments_order_currency"}
    assert "Sort" not in found


@pytest.mark.parametrize(
    "words", [{"state": "refunded"}, {"attention": "any"}, {"attention": "late"}], ids=str
)
def test_each_choice_is_looked_up_in_an_index(words):
    form = SearchForm(words)
    assert form.is_valid()

    assert "Seq Scan" not in plan(form.narrow(PaymentOrder.objects.order_by()))


@pytest.mark.parametrize("word", SORTINGS)
def test_each_order_is_that_of_an_index(word):
    sorting = SORTINGS[word]
    sign = "-" if sorting.descending else ""

    found = plan(PaymentOrder.objects.order_by(f"{sign}{sorting.field}", f"{sign}pk")[:26])

    index = {"created_at": "pingpayments_order_dates", "amount": "pingpayments_order_amounts"}[sorting.field]
    assert indexes(found) == {index}
    assert "Sort" not in found
