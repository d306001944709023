"""The list: what is found, what is left by the filters, how it is sorted, and what it costs."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qsl

import pytest

from oscar_pingpayments.dashboard import listing
from oscar_pingpayments.models import PaymentOrder
from tests.benchmarks.figures import count_queries
from tests.shopper import Shopper

from .conftest import at, make, said, text


@pytest.fixture
def look(desk):
    """Look at the list with these words in its address; return its page."""

    def look(**words: str):
        response = desk.get(at("list"), words)
        assert response.status_code == 200
        return response

    return look


def numbers(response) -> list[str]:
    return [payment_order.order_number for payment_order in response.context["payments"]]


def test_a_payment_is_shown_with_its_payer(look, paid):
    response = look()

    assert numbers(response) == [paid.order.number]
    page = text(response)
    assert "Astrid Lindqvist" in page
    assert "astrid@example.org" in page
    assert "SEK299.00" in page.replace("\xa0", "")
    assert f'href="{at("detail", paid.payment_order)}"' in page


def test_a_payer_without_an_address_is_their_account(look, paid, customer):
    paid.order.__class__.objects.update(
        billing_address=None, shipping_address=None, user=customer, guest_email=""
    )
    customer.first_name, customer.last_name = "Emil", "Svensson"
    customer.save()

    page = text(look())

    assert "Emil Svensson" in page
    assert "Astrid Lindqvist" not in page


def test_an_order_without_anybody_and_an_order_that_is_gone_are_shown(look, paid):
    paid.order.__class__.objects.update(billing_address=None, shipping_address=None, guest_email="")
    make({})

    assert len(numbers(look())) == 2


def test_nobody_has_paid_yet(look, shop):
    assert "Nobody has paid by card yet." in text(look())


# Search


def test_a_payment_is_found_by_what_its_number_name_or_address_begins_with(look, paid):
    make({"payer_name": "emil svensson", "payer_last_name": "svensson", "payer_email": "emil@example.org"})
    number = paid.order.number
    order, payment = str(paid.payment_order.ping_id), str(paid.payment.ping_id)

    for words in (
        *("astrid", "ASTRID LIND", "Lindqvist", "lindq"),
        *(" astrid@example.org ", "Astrid@Example", "astrid@"),
        *(number, f"#{number}"),
        *(order, order.upper(), order.replace("-", ""), payment),
    ):
        assert numbers(look(q=words)) == [number], words


def test_a_payment_is_not_found_by_anything_else(look, paid):
    strange = "0b9ef1b0-62a5-4a4a-9f43-8f6c5e3b2d11"
    for words in (
        "qvist",
        "Emil",
        "example.org",
        "@example.org",
        "1",
        "%",
        "_",
        "\\",
        "'",
        strange,
        "x" * 254,
    ):
        response = look(q=words)
        assert numbers(response) == [], words
        assert "No payment matches." in text(response)


def test_what_cannot_be_looked_for_is_said(look, paid):
    for words, error in [
        ({"q": "a\0b"}, "Null characters are not allowed."),
        ({"q": "x" * 255}, "at most 254 characters"),
        ({"state": "gone"}, "Select a valid choice."),
        ({"attention": "x"}, "Select a valid choice."),
        ({"currency": "USD"}, "Select a valid choice."),
        ({"placed_from": "yesterday"}, "Enter a valid date."),
        ({"placed_to": "2026-02-30"}, "Enter a valid date."),
        ({"placed_from": "0001-01-01"}, "greater than or equal to"),
        ({"placed_to": "9999-12-31"}, "less than or equal to"),
        ({"amount_from": "-1"}, "greater than or equal to 0"),
        ({"amount_to": "NaN"}, "Enter a number."),
        ({"amount_to": "1e99"}, "no more than 12 digits"),
    ]:
        response = look(**words)
        assert numbers(response) == []
        assert error in text(response), words
        assert "please correct what is marked" in text(response)


def test_what_somebody_typed_is_shown_as_text(look, paid):
    page = text(look(q='"><script>alert(1)</script>'))

    assert "<script>alert(1)" not in page
    assert "&lt;script&gt;alert(1)" in page


# Filters and sorting


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ({"state": "awaiting"}, "c"),
        ({"state": "refunded"}, "b"),
        ({"attention": "any"}, "ad"),
        ({"attention": "late"}, "d"),
        ({"currency": "NOK"}, "b"),
        ({"amount_from": "200"}, "cd"),
        ({"amount_to": "200.00"}, "abc"),
        ({"amount_from": "0", "amount_to": "0"}, ""),
        ({"amount_from": "100", "amount_to": "200", "state": "paid"}, "a"),
        ({"placed_from": "2026-03-02"}, "bcd"),
        ({"placed_to": "2026-03-01"}, "a"),
        ({"placed_from": "2026-03-02", "placed_to": "2026-03-02"}, "bc"),
        ({"q": "kalle", "state": "paid"}, "d"),
        ({"q": "kalle", "sort": "amount"}, "cd"),
        ({"sort": "placed"}, "abcd"),
        ({"sort": "-placed"}, "dcba"),
        ({"sort": "amount"}, "abcd"),
        ({"sort": "-amount"}, "dcba"),
        ({"sort": "nonsense"}, "dcba"),
        ({}, "dcba"),
    ],
    ids=str,
)
def test_what_is_left(look, shop, words, expected):
    # In Stockholm the second of March begins an hour before it does in Greenwich.
    make(
        {
            "order_number": "a",
            "amount": "100.00",
            "attention": "duplicate",
            "created_at": stockholm(1, 23, 59),
        },
        {
            "order_number": "b",
            "amount": "150.00",
            "currency": "NOK",
            "state": "refunded",
            "created_at": stockholm(2, 0, 0),
        },
        {
            "order_number": "c",
            "amount": "200.00",
            "state": "awaiting",
            "created_at": stockholm(2, 23, 59),
            "payer_name": "kalle b",
        },
        {
            "order_number": "d",
            "amount": "999.99",
            "attention": "late",
            "created_at": stockholm(3, 0, 0),
            "payer_last_name": "kalle",
        },
    )

    found = "".join(numbers(look(**words)))

    assert (found if "sort" in words or not words else "".join(sorted(found))) == expected


def stockholm(day: int, hour: int, minute: int) -> datetime:
    return datetime(2026, 3, day, hour, minute, tzinfo=UTC) - timedelta(hours=1)


def test_the_headings_say_how_the_list_is_sorted(look, shop):
    make({})

    for words, placed, amount in [
        ({}, ("placed", "descending"), ("-amount", "none")),
        ({"sort": "placed"}, ("-placed", "ascending"), ("-amount", "none")),
        ({"sort": "-amount"}, ("-placed", "none"), ("amount", "descending")),
        ({"sort": "amount"}, ("-placed", "none"), ("-amount", "ascending")),
    ]:
        response = look(**words, state="paid")
        assert response.context["columns"] == {
            "placed": dict(zip(("next", "now"), placed, strict=True)),
            "amount": dict(zip(("next", "now"), amount, strict=True)),
        }
        page = text(response)
        assert f'aria-sort="{placed[1]}"> <a href="?' in page
        assert f"sort={amount[0]}" in page


# Pages


@pytest.fixture
def many(shop, monkeypatch):
    """Ten payments, three of them on a page."""
    monkeypatch.setattr(listing, "PAGE", 3)
    make(*({"order_number": str(number)} for number in range(10)))


def link(response, label: str) -> dict[str, str] | None:
    """Return the words in the address of a link of the page, or None where it has none."""
    page = text(response)
    if f">{label}</a>" not in page:
        return None
    address = page.partition(f'">{label}</a>')[0].rpartition('href="')[2]
    return dict(parse_qsl(address.replace("&amp;", "&").removeprefix("?")))


def test_one_turns_pages_by_their_links(look, many):
    turned = []
    response = look(state="paid")
    while True:
        turned.append("".join(numbers(response)))
        words = link(response, "Next")
        if words is None:
            break
        assert words["state"] == "paid"
        response = look(**words)
    assert turned == ["987", "654", "321", "0"]
    assert link(response, "Last") is None

    response = look(**link(look(), "Last"))
    assert "".join(numbers(response)) == "210"
    response = look(**link(response, "Previous"))
    assert "".join(numbers(response)) == "543"
    assert set(link(response, "First")) == set()
    assert link(look(), "Previous") is None


def test_a_place_that_is_none_is_the_first_page_and_that_is_said(look, many):
    for words in ({"after": "x"}, {"before": "x"}):
        response = look(**words)
        assert "".join(numbers(response)) == "987"
        assert said(response) == ["There is no such page of this list. This is its first one."]


def test_a_place_in_another_order_is_none_of_this_one(look, many):
    response = look(**(link(look(), "Next") | {"sort": "amount"}))

    assert said(response) == ["There is no such page of this list. This is its first one."]


def test_what_one_has_typed_stays_in_the_form(look, many):
    page = text(look(q="1", placed_from="2026-01-01", amount_to="500", sort="amount", state="paid"))

    for piece in (
        'name="q" value="1"',
        'value="2026-01-01"',
        'name="sort" value="amount"',
        '<option value="paid" selected',
    ):
        assert piece in page
    assert '<details class="pingpayments-filters" open>' in page
    assert '<details class="pingpayments-filters">' in text(look())


# What it costs


@pytest.mark.parametrize("rights", [("view", "refund"), ()], ids=["staff", "superuser"])
def test_any_page_costs_at_most_8_queries_whatever_is_on_it(staff, shop, product, rights, monkeypatch):
    monkeypatch.setattr(listing, "PAGE", 3)
    for number in range(5):
        Shopper(email=f"payer{number}@example.org").buys(product)
    client = staff(*rights, is_superuser=not rights)
    first = client.get(at("list"))
    made = PaymentOrder.objects.order_by("pk").first()

    for words in (
        {},
        {"last": "1"},
        link(first, "Next"),
        {**link(first, "Next"), "state": "awaiting", "attention": "any", "sort": "-placed"},
        {"q": "lindqvist", "sort": "amount"},
        {"q": str(made.ping_id)},
        {"before": first.context["page"].after},
    ):
        with count_queries() as counted:
            assert client.get(at("list"), words).status_code == 200
        assert counted.total <= 8, (words, counted)
        assert not [sql for sql in counted.ours if "COUNT" in sql and "attention" not in sql]
