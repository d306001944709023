"""Reconciliation in the dashboard: asked for a period, shown and downloaded; each difference leads on."""

from __future__ import annotations

import csv
import io
from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from oscar_pingpayments.dashboard import reconciliation
from oscar_pingpayments.facade import Finding
from oscar_pingpayments.models import Payment
from tests.integration.shop.conftest import call_back

PAGE, FILE = "dashboard:payments-reconciliation", "dashboard:payments-reconciliation-export"


@pytest.fixture
def today():
    return {"first": timezone.localdate(), "last": timezone.localdate()}


@pytest.fixture
def paid(started, ping):
    ping.pay(started.payment.pay_url)
    call_back(started)
    return started


def lines(desk, asked) -> list[list[str]]:
    response = desk.get(reverse(FILE), asked)
    text = b"".join(response.streaming_content).decode("utf-8-sig")
    return list(csv.reader(io.StringIO(text)))


def test_the_page_asks_for_the_period_before_it_asks_ping(desk, started, ping):
    calls = len(ping.calls())

    response = desk.get(reverse(PAGE))

    assert len(ping.calls()) == calls
    assert response.context["form"].initial["first"] == timezone.localdate() - timedelta(days=1)


def test_where_both_say_the_same_it_is_said(desk, paid, today):
    page = desk.get(reverse(PAGE), today).content.decode()

    assert "Both say the same" in page
    assert "<dt>The same</dt><dd>1</dd>" in page


def test_a_difference_leads_to_its_payment(desk, started, ping, today):
    ping.says(started.payment.ping_id, "COMPLETED")

    page = desk.get(reverse(PAGE), today).content.decode()

    assert "There are differences" in page
    assert "Another status" in page
    assert (
        f'{reverse("dashboard:payments-detail", args=[started.payment_order.pk])}">{started.order.number}</a>'
        in page
    )


def test_what_only_ping_knows_has_no_page_to_lead_to(desk, started, ping, today):
    Payment.objects.all().delete()
    ping.edit(ping.payments()[0]["id"], currency="XXX", metadata={})

    page = desk.get(reverse(PAGE), today).content.decode()

    assert "Only at Ping" in page
    assert "XXX" in page


def test_more_than_a_page_can_show_is_said_to_be_in_the_file(desk, started, ping, today, monkeypatch):
    monkeypatch.setattr(reconciliation, "MOST", 0)
    ping.says(started.payment.ping_id, "COMPLETED")

    context = desk.get(reverse(PAGE), today).context

    assert (context["differences"], context["more"]) == ([], 1)


def test_where_ping_does_not_answer_the_page_says_so(desk, started, ping, today, change):
    change(TIMEOUT=(0.2, 0.2))
    ping.misbehave("list_payments", "refuse", times=None)

    page = desk.get(reverse(PAGE), today).content.decode()

    assert "Ping did not answer" in page
    assert "Both say the same" not in page
    assert lines(desk, today)[1:] == [["Not compared to the end: Ping did not answer."]]


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ({"first": "2026-03-02", "last": "2026-03-01"}, "The last day is before the first."),
        ({"first": "2026-03-01", "last": "2026-04-10"}, "That is more than 31 days"),
        ({"first": "", "last": "nonsense"}, "Enter a valid date."),
    ],
    ids=str,
)
def test_a_period_that_cannot_be_compared_is_said_to_be_none(desk, shop, ping, asked, words):
    assert words in desk.get(reverse(PAGE), asked).content.decode()
    assert ping.calls() == []
    assert desk.get(reverse(FILE), asked)["Location"].startswith(reverse(PAGE))


def test_the_file_has_every_payment_with_both_sides(desk, paid, ping, today):
    ping.refund_in_portal(paid.payment.ping_id, 5000)

    headings, line = lines(desk, today)

    said = dict(zip(headings, line, strict=True))
    assert said.pop("Begun").startswith(str(timezone.localdate()))
    assert said == {
        "Found": "Another sum refunded",
        "Order": paid.order.number,
        "Ping's payment": str(paid.payment.ping_id),
        "Ping's payment order": str(paid.payment_order.ping_id),
        "Status here": "Paid",
        "Amount here": "299.00",
        "Refunded here": "0",
        "Status at Ping": "Paid",
        "Amount at Ping": "299.00",
        "Refunded at Ping": "50.00",
        "Currency here": "SEK",
        "Currency at Ping": "SEK",
    }


def test_o14_a_formula_in_pings_words_is_none_in_the_file(desk, started, ping, today):
    Payment.objects.all().delete()
    ping.edit(ping.payments()[0]["id"], status="=1+1", currency="XXX", metadata={"order_number": "@SUM(A1)"})

    _headings, line = lines(desk, today)

    assert (line[1], line[8]) == ("'@SUM(A1)", "'=1+1")
    assert line[9:11] == ["", ""]


def test_every_finding_has_words():
    assert set(reconciliation.FINDINGS) == set(Finding)
