"""The list as a file: what the list shows, all of it, a bite at a time, and harmless in a spreadsheet."""

from __future__ import annotations

import csv
from datetime import UTC, datetime
from io import StringIO

import pytest
from django.utils import translation

from oscar_pingpayments.dashboard import exporting
from oscar_pingpayments.dashboard.exporting import harmless
from oscar_pingpayments.models import PaymentOrder
from tests.benchmarks.figures import count_queries

from .conftest import at, make


def lines(response) -> list[list[str]]:
    """Return the cells of a file."""
    content = b"".join(response.streaming_content).decode()
    assert content.startswith("\ufeff")
    return list(csv.reader(StringIO(content.removeprefix("\ufeff"))))


def test_everything_about_a_payment_is_in_it(desk, paid):
    PaymentOrder.objects.update(
        attention="duplicate",
        created_at=datetime(2026, 3, 1, 23, 30, 5, tzinfo=UTC),
        paid_at=datetime(2026, 3, 1, 23, 31, tzinfo=UTC),
    )

    response = desk.get(at("export"))

    headings, row = lines(response)
    assert dict(zip(headings, row, strict=True)) == {
        "Order": paid.order.number,
        "Placed": "2026-03-02 00:30:05",
        "Payer": "Astrid Lindqvist",
        "E-mail": "astrid@example.org",
        "Currency": "SEK",
        "Amount": "299.00",
        "Paid": "299.00",
        "Refunded": "0.00",
        "State": "Paid",
        "Needs attention": "Paid twice",
        "Paid at": "2026-03-02 00:31:00",
        "Ended at": "",
        "Attempts": "1",
        "Ping's status": "Open",
        "Ping's id": str(paid.payment_order.ping_id),
        "Environment": "sandbox",
    }
    assert response["Content-Type"] == "text/csv; charset=utf-8"
    assert response["Content-Disposition"].startswith('attachment; filename="payments-2')


def test_it_holds_what_the_list_shows_in_its_order(desk, shop):
    make(*({"order_number": str(n), "amount": f"{n}.00", "currency": "NOK"} for n in (3, 1, 2)), {})

    response = desk.get(at("export"), {"currency": "NOK", "sort": "amount", "amount_from": "2"})

    assert [row[0] for row in lines(response)[1:]] == ["2", "3"]


def test_what_cannot_be_read_is_the_lists_to_say(desk, shop):
    response = desk.get(at("export"), {"amount_from": "x", "state": "paid"}, follow=True)

    assert response.redirect_chain == [(f"{at('list')}?amount_from=x&state=paid", 302)]
    assert "Enter a number." in response.content.decode()


def test_it_is_read_in_bites_while_it_is_sent(desk, shop, monkeypatch):
    monkeypatch.setattr(exporting, "BITE", 3)
    make(*({"order_number": str(number)} for number in range(8)))
    with count_queries() as before:
        response = desk.get(at("export"))
    assert [sql for sql in before.ours if "COUNT" not in sql] == []

    with count_queries() as counted:
        rows = lines(response)

    assert [row[0] for row in rows[1:]] == list("76543210")
    assert 3 <= counted.total <= 6


def test_nothing_is_a_file_of_headings(desk, shop):
    assert len(lines(desk.get(at("export")))) == 1


def test_it_is_in_the_language_of_whoever_asks(desk, shop):
    make({"state": "expired", "ended_at": datetime(2026, 3, 1, tzinfo=UTC)})

    with translation.override("sv"):
        address = at("export")
        expected = str(PaymentOrder.State.EXPIRED.label)

    assert address.startswith("/sv/")
    assert lines(desk.get(address))[1][8] == expected


@pytest.mark.parametrize(
    "cell",
    [
        "=1+1",
        "+46",
        "-1",
        "@SUM(A1)",
        "\t=1",
        "\r=1",
        "\n=1",
        "  =1",
        "\uff1d1",
        "\uff0b1",
        "\uff0d1",
        "\uff201",
    ],
)
def test_o14_what_a_spreadsheet_would_carry_out_is_text(cell):
    assert harmless(cell) == f"'{cell}"


@pytest.mark.parametrize("cell", ["", " ", "299.00", "Astrid", "a=b", "astrid@example.org", "5-6"])
def test_o14_everything_else_is_left_as_it_is(cell):
    assert harmless(cell) == cell


def test_o14_no_formula_of_a_payers_reaches_a_spreadsheet(desk, paid):
    address = paid.order.shipping_address.__class__
    address.objects.update(first_name='=HYPERLINK("https://evil.example";"', last_name='Refund")')
    paid.order.__class__.objects.update(guest_email="+1@evil.example")

    _, row = lines(desk.get(at("export")))

    assert row[2] == '\'=HYPERLINK("https://evil.example";" Refund")'
    assert row[3] == "'+1@evil.example"
