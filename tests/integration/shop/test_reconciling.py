"""A period at Ping beside ours: every way in which the two can differ, and that nothing is written."""

from __future__ import annotations

import io
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from oscar_pingpayments import facade
from oscar_pingpayments.facade import Finding, reconciling
from oscar_pingpayments.models import Callback, Payment, Refund
from tests.shopper import Shopper, create_product

from .answers import answer
from .conftest import call_back, rows

TODAY = timedelta(hours=1)


def found() -> list[Finding]:
    """Compare the last hour; what was found, in the order of Ping's list."""
    now = timezone.now()
    return [each.finding for each in facade.reconcile(now - TODAY, now + timedelta(seconds=1))]


def compared() -> facade.Comparison:
    """The one comparison of the last hour."""
    now = timezone.now()
    (only,) = facade.reconcile(now - TODAY, now + timedelta(seconds=1))
    return only


def is_lost_here() -> None:
    """Let us know nothing of the payment."""
    Callback.objects.all().delete()
    Payment.objects.all().delete()


def test_a_payment_that_both_have_alike_matches(paid):
    comparison = compared()

    assert comparison.finding is Finding.MATCHED
    assert not comparison.is_difference
    assert comparison.payment_order == paid.payment_order.pk
    assert comparison.order_number == paid.order.number
    assert comparison.here == comparison.there
    assert comparison.here == facade.Side("COMPLETED", Decimal("299.00"), "SEK", Decimal(0))


def test_two_words_for_waiting_are_no_difference(started, ping):
    ping.says(started.payment.ping_id, "PENDING")

    assert found() == [Finding.MATCHED]


def test_a_payment_that_only_ping_knows(paid):
    number, ping_id = paid.order.number, paid.payment.ping_id
    is_lost_here()

    comparison = compared()

    assert comparison.finding is Finding.ONLY_THERE
    assert (comparison.ping_id, comparison.payment_order, comparison.here) == (ping_id, None, None)
    assert comparison.order_number == number  # as it was sent along


def test_a_payment_of_somebody_elses_has_no_order_number(paid, ping):
    ping.edit(paid.payment.ping_id, metadata={"order_number": 4711})
    is_lost_here()

    assert compared().order_number == ""


def test_a_payment_that_only_we_know(paid):
    unknown = "00000000-0000-4000-8000-0000000000aa"
    Payment.objects.update(ping_id=unknown)

    now = timezone.now()
    comparisons = {each.finding: each for each in facade.reconcile(now - TODAY, now + timedelta(seconds=1))}

    assert set(comparisons) == {Finding.ONLY_THERE, Finding.ONLY_HERE}
    here = comparisons[Finding.ONLY_HERE]
    assert (str(here.ping_id), here.there, here.order_number) == (unknown, None, paid.order.number)
    assert here.payment_order == paid.payment_order.pk


@pytest.mark.parametrize(
    "change", [{"total_amount": 29800}, {"currency": "EUR"}, {"currency": "XXX"}], ids=str
)
def test_another_amount_or_currency(paid, ping, change):
    ping.edit(paid.payment.ping_id, **change)

    assert found() == [Finding.AMOUNT]


def test_another_status(started, ping):
    ping.says(started.payment.ping_id, "COMPLETED")

    assert found() == [Finding.STATUS]


def test_a_word_that_nobody_knows_is_a_difference_until_we_hold_it_too(started, ping):
    ping.says(started.payment.ping_id, "HELD_FOR_REVIEW")
    assert found() == [Finding.STATUS]

    Payment.objects.update(status="HELD_FOR_REVIEW")

    assert found() == [Finding.MATCHED]


def test_a_refund_that_only_ping_knows(paid, ping):
    ping.refund_in_portal(paid.payment.ping_id, 5000)
    assert found() == [Finding.REFUNDED]

    facade.refresh(paid.payment.pk, by="test")

    assert found() == [Finding.MATCHED]


def test_a_refund_that_only_we_know(paid):
    refund = Refund.objects.create(payment=paid.payment, amount=50)
    assert found() == [Finding.MATCHED]  # on its way

    refund.refunded_at = timezone.now()
    refund.save()

    assert found() == [Finding.REFUNDED]


def test_what_began_before_or_after_the_period_is_not_in_it(paid):
    began = paid.payment.created_at

    assert [*facade.reconcile(began - TODAY, began)] == []
    assert [*facade.reconcile(began + timedelta(microseconds=1), began + TODAY)] == []
    assert len([*facade.reconcile(began, began + timedelta(microseconds=1))]) == 1


def test_a_clock_that_is_minutes_wrong_makes_no_difference(paid):
    """Begun here at ten minutes to midnight, and there a minute past it."""
    midnight = timezone.now() - timedelta(minutes=1)
    Payment.objects.update(created_at=midnight - timedelta(minutes=10))

    yesterday = [each.finding for each in facade.reconcile(midnight - timedelta(days=1), midnight)]
    today = [each.finding for each in facade.reconcile(midnight, midnight + timedelta(days=1))]

    assert (yesterday, today) == ([Finding.MATCHED], [])


def test_what_only_ping_knows_is_counted_in_the_period_in_which_it_began_there(paid):
    began = paid.payment.created_at
    is_lost_here()
    minutes = timedelta(minutes=5)

    assert [*facade.reconcile(began - TODAY, began - minutes)] == []
    assert len([*facade.reconcile(began - minutes, began + minutes)]) == 1


def test_what_only_ping_knows_and_has_no_time_is_shown(paid, ping):
    listed = {"data": [answer(paid.payment)], "_links": {"next": None}}
    ping.misbehave("list_payments", "status", status=200, body=listed)
    is_lost_here()

    assert found() == [Finding.ONLY_THERE]


def test_another_tenants_payments_are_not_ours(paid, change):
    paid.payment_order.__class__.objects.update(environment="production")

    assert found() == [Finding.ONLY_THERE]


def test_a_long_period_is_asked_for_day_by_day_and_page_by_page(ping, monkeypatch):
    monkeypatch.setattr(reconciling, "BITE", 2)
    product = create_product()
    for number in range(3):
        Shopper(email=f"payer{number}@example.org").buys(product)
    now = timezone.now()

    kinds = [each.finding for each in facade.reconcile(now - timedelta(days=2, hours=12), now)]

    assert kinds == [Finding.MATCHED] * 3
    assert [call["operation"] for call in ping.calls()].count("list_payments") == 3


def test_comparing_writes_nothing_but_what_was_said(paid, ping):
    ping.edit(paid.payment.ping_id, total_amount=100)
    before = Payment.objects.values().get(), rows()

    assert found() == [Finding.AMOUNT]

    after = rows()
    assert (Payment.objects.values().get(), {**after, "Exchange": after["Exchange"] - 1}) == before


# The command


def said(*arguments: str) -> str:
    out = io.StringIO()
    call_command("pingpayments_reconcile", *arguments, stdout=out)
    return out.getvalue()


@pytest.fixture
def today():
    return f"--from={timezone.localdate()}", f"--to={timezone.localdate()}"


def test_the_command_says_how_many_match(paid, today):
    day = timezone.localdate()

    assert said(*today) == f"{day} to {day}: 1 match, 0 differ\n"


def test_the_command_compares_yesterday_where_no_day_is_named(paid):
    yesterday = timezone.localdate() - timedelta(days=1)

    assert said() == f"{yesterday} to {yesterday}: 0 match, 0 differ\n"


def test_one_day_alone_may_be_named(paid):
    day = timezone.localdate()

    assert said(f"--to={day}") == said(f"--from={day}") == f"{day} to {day}: 1 match, 0 differ\n"
    before = day - timedelta(days=3)
    assert said(f"--from={before}").startswith(f"{before} to {day - timedelta(days=1)}: ")


def differs(shopper: Shopper, ping: Any, how: str) -> None:
    """Let Ping have the shopper's payment otherwise than we do."""
    ping_id = shopper.payment.ping_id
    if how == "status":
        ping.says(ping_id, "COMPLETED")
    elif how == "refunded":
        ping.pay(shopper.payment.pay_url)
        call_back(shopper)
        ping.refund_in_portal(ping_id, 5000)
    elif how == "only there":
        ping.edit(ping_id, metadata={})
        is_lost_here()
    elif how == "only here":
        ping.reset()
    else:
        ping.edit(ping_id, currency="XXX")


@pytest.mark.parametrize(
    ("how", "line"),
    [
        ("status", "another status; here 299.00 SEK not heard of, at Ping 299.00 SEK COMPLETED"),
        (
            "refunded",
            "another sum refunded; here 299.00 SEK COMPLETED, at Ping 299.00 SEK COMPLETED, refunded 50.00",
        ),
        ("only there", "only at Ping; here nothing, at Ping 299.00 SEK INITIATED"),
        ("only here", "only here; here 299.00 SEK not heard of, at Ping nothing"),
        (
            "currency",
            "another amount or currency; here 299.00 SEK not heard of, at Ping an amount XXX INITIATED",
        ),
    ],
)
def test_the_command_tells_each_difference_and_fails(started, ping, today, how, line):
    number = "unknown" if how == "only there" else started.order.number
    ping_id, out = started.payment.ping_id, io.StringIO()
    differs(started, ping, how)

    with pytest.raises(SystemExit) as ended:
        call_command("pingpayments_reconcile", *today, stdout=out)

    assert ended.value.code == 1
    *differences, total = out.getvalue().splitlines()
    assert differences == [f"order {number}, payment {ping_id}: {line}"]
    assert total.endswith(": 0 match, 1 differ")


def test_the_command_says_where_ping_does_not_answer(paid, ping, change, today):
    change(TIMEOUT=(0.2, 0.2))
    ping.misbehave("list_payments", "refuse", times=None)

    with pytest.raises(CommandError, match="Not compared to the end: "):
        said(*today)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--from=2026-02-30"], "'2026-02-30' is not a day such as 2026-01-31"),
        (["--from=2026-02-02", "--to=2026-02-01"], "The last day is before the first"),
    ],
    ids=str,
)
def test_the_command_refuses_days_that_are_none(shop, arguments, words):
    with pytest.raises(CommandError, match=words):
        said(*arguments)
