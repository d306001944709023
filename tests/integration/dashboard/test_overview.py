"""The overview: each figure counted where it belongs, in the shop's own days, one currency at a time."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from oscar_pingpayments.dashboard.figures import figures
from oscar_pingpayments.dashboard.period import Period
from oscar_pingpayments.models import Payment, PaymentOrder, Refund
from tests.integration.shop.conftest import call_back
from tests.shopper import Shopper

MARCH = Period(date(2026, 3, 1), date(2026, 3, 31))


def payment_order(
    number: int, placed: datetime, paid: datetime | None = None, **facts: object
) -> PaymentOrder:
    """Write down a payment order of 100 SEK with one attempt, as the ledger would have left it."""
    facts = {"currency": "SEK", "amount": Decimal(100), **facts}
    row = PaymentOrder.objects.create(
        order_number=str(number),
        ping_id=f"00000000-0000-4000-8000-{number:012}",
        environment="sandbox",
        tenant_id="00000000-0000-4000-8000-000000000001",
        expires_at=placed,
        created_at=placed,
        paid_at=paid,
        state="paid" if paid else "expired",
        attempts=1,
        **facts,
    )
    Payment.objects.create(
        payment_order=row,
        number=1,
        currency=row.currency,
        amount=row.amount,
        status="COMPLETED" if paid else "DECLINED",
        live=None,
    )
    return row


def at(day: int, hour: int = 12, minute: int = 0, month: int = 3) -> datetime:
    return datetime(2026, month, day, hour, minute, tzinfo=UTC)


def by_day(period: Period = MARCH, currency: str = "SEK") -> dict[date, object]:
    return {each.day: each for each in figures(period, currency).stretches}


def test_orders_count_where_they_were_placed_and_money_where_it_came(db):
    payment_order(1, at(1), at(2))
    payment_order(2, at(1))
    payment_order(3, at(1), at(1), currency="EUR")

    days = by_day()

    first, second = days[date(2026, 3, 1)], days[date(2026, 3, 2)]
    assert (first.placed, first.placed_and_paid, first.paid, first.amount_paid) == (2, 1, 0, 0)
    assert (second.placed, second.paid, second.amount_paid) == (0, 1, Decimal(100))
    assert (first.share_paid, second.share_paid) == (Decimal("50.0"), None)
    total = figures(MARCH, "SEK").total
    assert (total.placed, total.placed_and_paid, total.paid, total.amount_paid) == (2, 1, 1, Decimal(100))


def test_o3_a_day_is_the_shops_day_also_when_its_clocks_are_changed(db):
    """Midnight of the 29th is 23:00 UTC before it, that of the 30th 22:00: summer time has begun."""
    for number, moment in enumerate([at(28, 22, 59), at(28, 23), at(29, 21, 59), at(29, 22)]):
        payment_order(number, moment, moment)

    days = by_day()

    assert [days[date(2026, 3, day)].paid for day in (28, 29, 30)] == [1, 2, 1]


def test_what_is_refunded_counts_where_it_went_back(db):
    row = payment_order(1, at(1), at(1))
    for day, refunded_at in ((50, at(5)), (25, at(6)), (10, None)):
        Refund.objects.create(payment=row.payments.get(), amount=day, refunded_at=refunded_at)

    days = by_day()

    assert [days[date(2026, 3, day)].amount_refunded for day in (5, 6)] == [50, 25]
    assert figures(MARCH, "SEK").total.amount_refunded == 75


def test_a_long_period_is_shown_by_months(db):
    payment_order(1, at(31, 21, month=1), at(31, 21, month=1))
    payment_order(2, at(31, 23, month=1), at(31, 23, month=1))  # February in the shop

    found = figures(Period(date(2026, 1, 1), date(2026, 6, 30)), "SEK")

    assert found.by_month
    assert [each.day.month for each in found.stretches] == [1, 2, 3, 4, 5, 6]
    assert [each.paid for each in found.stretches[:3]] == [1, 1, 0]
    assert not figures(MARCH, "SEK").by_month


def test_why_attempts_fail_in_the_providers_words_or_in_ours(db):
    for number, reason in enumerate(["Insufficient funds", "", "Insufficient funds"]):
        payment_order(number, at(number + 1)).payments.update(reason=reason)
    payment_order(9, at(9), at(9))

    assert figures(MARCH, "SEK").reasons == [("Insufficient funds", 2), ("Declined", 1)]


def test_how_long_it_takes_from_placing_to_paid(db):
    for number, minutes in enumerate([0.5, 1, 1.5, 4, 10, 30, 61]):
        payment_order(number, at(1), at(1) + timedelta(minutes=minutes))
    payment_order(8, at(1))

    paces = figures(MARCH, "SEK").paces

    assert [count for _label, count in paces] == [2, 1, 1, 1, 1, 1]


def test_the_page_shows_the_figures_as_tables_for_charts_to_be_drawn_from(desk, started, ping):
    ping.pay(started.payment.pay_url)
    call_back(started)

    page = desk.get(reverse("dashboard:payments-overview")).content.decode()

    today = timezone.localdate()
    assert f'<th scope="row">{today}</th>' in page
    assert 'data-value="299.00"' in page
    assert "100.0 % (1 of 1)" in page
    assert page.count("data-chart=") == 3  # nothing has failed
    assert "chart.umd.min.js" in page


def test_the_page_names_reasons_and_months_where_there_are_some(desk, started, ping):
    ping.decline(started.payment.pay_url)
    call_back(started)
    today = timezone.localdate()
    address = reverse("dashboard:payments-overview")

    page = desk.get(address, {"first": today - timedelta(days=200), "last": today}).content.decode()

    assert '<th scope="row">Insufficient funds</th>' in page
    assert f'<th scope="row">{today:%Y-%m}</th>' in page


def test_the_page_asks_the_database_as_often_for_many_payments_as_for_one(desk, db):
    address = reverse("dashboard:payments-overview")
    asked = []
    for numbers in (range(1), range(1, 30)):
        for number in numbers:
            payment_order(number, timezone.now(), timezone.now())
        with CaptureQueriesContext(
            connection,
        ) as queries:
            assert desk.get(address).status_code == 200
        asked.append(len(queries))

    assert asked[0] == asked[1] <= 14


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ({"first": "2026-03-02", "last": "2026-03-01"}, "The last day is before the first."),
        ({"first": "2024-01-01", "last": "2026-03-01"}, "That is more than 366 days"),
        ({"last": "yesterday"}, "Enter a valid date."),
        ({"last": "0001-01-05"}, "1970"),
        ({"currency": "XXX"}, "XXX is not one of the available choices."),
    ],
    ids=str,
)
def test_a_period_that_cannot_be_shown_is_said_to_be_none(desk, asked, words):
    response = desk.get(reverse("dashboard:payments-overview"), asked)

    assert response.status_code == 200
    assert words in response.content.decode()
    assert response.context["figures"] is None


def test_a_shop_with_another_currency_of_its_own_is_shown_one_that_cards_take(desk, settings):
    settings.OSCAR_DEFAULT_CURRENCY = "JPY"

    assert desk.get(reverse("dashboard:payments-overview")).context["figures"].currency == "SEK"
    settings.OSCAR_DEFAULT_CURRENCY = "EUR"
    assert desk.get(reverse("dashboard:payments-overview")).context["figures"].currency == "EUR"


def test_the_days_of_a_shopper_who_has_not_paid_have_no_money(desk, started: Shopper):
    total = desk.get(reverse("dashboard:payments-overview")).context["figures"].total

    assert (total.placed, total.paid, total.share_paid) == (1, 0, Decimal("0.0"))
