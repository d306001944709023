"""What can be refunded, as staff's page is told; and the command that shows it and does it."""

from __future__ import annotations

import getpass
import io
from decimal import Decimal
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from oscar_pingpayments import facade
from oscar_pingpayments.items import Kind
from oscar_pingpayments.models import PaymentOrder, Refund, StaffAction
from tests.benchmarks.figures import count_queries

from .refunding import TOTAL, asked, carried_out, items_told, sums


def found(shopper) -> facade.Refundable:
    return facade.refundable(PaymentOrder.objects.select_related("order").get())


def test_a_paid_order_can_be_refunded_line_by_line(bought):
    refundable = found(bought)

    assert (refundable.why_not, refundable.seen, refundable.restock) == ("", 0, False)
    (payment,) = refundable.payments
    assert refundable.paying == payment
    assert payment.pays
    assert (payment.paid, payment.refunded, payment.reserved, payment.left) == (TOTAL, 0, 0, TOTAL)
    assert [
        (item.name, item.line_id, item.quantity, item.quantity_left, item.paid, item.left)
        for item in payment.lines
    ] == [
        ("Lantern", bought.lanterns.pk, 3, 3, Decimal("897.00"), Decimal("897.00")),
        ("Book", bought.book.pk, 1, 1, Decimal("100.00"), Decimal("100.00")),
    ]
    assert (payment.shipping.kind, payment.shipping.left) == (Kind.SHIPPING, Decimal("49.00"))
    assert [item.left for item in payment.surcharges] == [Decimal("10.00")]
    assert [payment.lines[0].gives(quantity) for quantity in (1, 2, 3)] == [
        Decimal("299.00"),
        Decimal("598.00"),
        Decimal("897.00"),
    ]


def test_what_went_back_and_what_is_on_its_way_is_told_apart(bought, ping):
    bought.refund(lines={bought.lanterns.pk: 2})
    carried_out(bought, ping)
    bought.refund(shipping=True)

    refundable = found(bought)

    (payment,) = refundable.payments
    assert (payment.refunded, payment.reserved) == (Decimal("598.00"), Decimal("49.00"))
    assert payment.left == Decimal("409.00")
    assert (payment.lines[0].quantity_left, payment.lines[0].left) == (1, Decimal("299.00"))
    assert payment.shipping.left == 0
    assert refundable.seen == 2
    assert [refund.get_state_display() for refund in payment.refunds] == ["Refunded", "On its way"]


def test_why_nothing_can_be_refunded_is_said(buyer, ping):
    assert str(found(buyer).why_not) == "No money has come."
    assert found(buyer).paying is None

    ping.pay(buyer.payment.pay_url)
    facade.refresh(buyer.payment.pk, by="test")
    buyer.refund()
    assert str(found(buyer).why_not) == "All of it went back, or is on its way."
    carried_out(buyer, ping)
    assert str(found(buyer).why_not) == "All of it went back."


def test_after_the_split_the_reason_is_pings(bought):
    facade.settle(bought.payment_order.pk, fast_forward=True)

    assert str(found(bought).why_not) == ("Ping takes no refunds any more: the payment order is “Settled”.")
    assert found(bought).payments[0].left == TOTAL


def test_looking_costs_few_queries_whatever_was_refunded(bought, ping):
    for _ in range(5):
        bought.refund(amount=Decimal("10.00"))
    payment_order = PaymentOrder.objects.select_related("order").get()

    with count_queries() as counted:
        facade.refundable(payment_order)

    assert counted.total == 2


# The command


@pytest.fixture
def answers(monkeypatch):
    """Type something when the command asks."""

    def type_in(text: str) -> None:
        monkeypatch.setattr("sys.stdin", io.StringIO(f"{text}\n"))

    return type_in


def command(shopper, *arguments: Any) -> str:
    out = StringIO()
    call_command("pingpayments_refund", shopper.order.number, *arguments, stdout=out, no_color=True)
    return out.getvalue()


def test_the_command_shows_what_can_be_refunded_and_changes_nothing(bought, ping):
    shown = command(bought)

    assert shown.splitlines() == [
        f"Order {bought.order.number}: Paid",
        "Attempt 1: paid 1056.00 SEK, refunded 0, on its way 0, left 1056.00",
        f"  line {bought.lanterns.pk}: Lantern: 3 of 3, 897.00 of 897.00",
        f"  line {bought.book.pk}: Book: 1 of 1, 100.00 of 100.00",
        "  Fixed price shipping: 1 of 1, 49.00 of 49.00",
        "  Flat surcharge: 1 of 1, 10.00 of 10.00",
    ]
    assert asked(ping) == []


def test_the_command_refunds_lines_and_shipping(bought, ping):
    line = f"{bought.lanterns.pk}:1"

    shown = command(
        bought, "--line", line, "--line", line, "--shipping", "--surcharges", "--reason", "other",
        "--message", "Sorry", "--description", "Broken", "--restock", "--yes",
    )  # fmt: skip

    (body,) = asked(ping)
    assert (body["amount"], body["reason"], body["message"]) == (65700, "other", "Sorry")
    assert items_told(body) == [("Lantern", 29900), ("Book", 10000)]
    assert shown.startswith("Ping has the refund of 657.00 SEK.\n")
    refund = Refund.objects.get()
    assert f"  refund {refund.pk} of 657.00 SEK: On its way, PENDING" in shown.splitlines()
    assert (refund.restock, refund.by) == (True, getpass.getuser())
    assert StaffAction.objects.get().by == getpass.getuser()


def test_the_command_refunds_an_amount_and_everything(bought, ping):
    command(bought, "--amount", "56.00", "--yes")
    command(bought, "--all", "--yes", "--attempt", "1", "--key", "a")

    assert [body["amount"] for body in asked(ping)] == [5600, 100000]
    with pytest.raises(CommandError, match="was asked for already"):
        command(bought, "--all", "--yes", "--key", "a")
    assert "All of it went back, or is on its way." in command(bought)


@pytest.mark.parametrize(("answer", "made"), [("y", 1), ("yes", 1), ("n", 0), ("", 0)])
def test_the_command_asks_before_it_does_anything(bought, ping, answers, answer, made):
    answers(answer)

    if made:
        command(bought, "--all")
    else:
        with pytest.raises(CommandError, match="Nothing was refunded") as told:
            command(bought, "--all")
        assert told.value.returncode == 1

    assert len(asked(ping)) == made


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--amount", "2000"], r"Nothing was refunded\. Only 1056\.00 SEK is left"),
        (["--amount", "0"], "comes to 0 SEK"),
        (["--amount", "1.001"], "more decimals"),
        (["--all", "--shipping"], "Either --all or parts"),
        (["--all", "--attempt", "2"], "no attempt 2"),
        (["--set-aside", "0"], "no refund 0"),
    ],
    ids=str,
)
def test_the_command_says_what_it_did_not_do(bought, ping, arguments, words):
    with pytest.raises(CommandError, match=words) as told:
        command(bought, *arguments, "--yes")

    assert told.value.returncode == 1
    assert asked(ping) == []


@pytest.mark.parametrize("arguments", [["--amount", "much"], ["--line", "1"], ["--line", "a:1"]], ids=str)
def test_the_command_says_what_it_does_not_understand(bought, arguments):
    with pytest.raises(CommandError, match="is not"):
        command(bought, *arguments)


def test_the_command_says_what_ping_says(bought, ping):
    ping.misbehave(
        "refund_payment", "status", status=403, body={"errors": [{"error": "refund_window_closed"}]}
    )

    with pytest.raises(CommandError, match=r"Nothing was refunded\. Ping says: refund_window_closed"):
        command(bought, "--all", "--yes")


def test_the_command_tells_a_lost_answer_apart_and_sets_it_aside(bought, ping, change):
    change(TIMEOUT=(0.5, 0.5))
    ping.misbehave("refund_payment", "drop_before")
    with pytest.raises(CommandError, match="not known whether Ping has the refund") as told:
        command(bought, "--all", "--yes")
    assert told.value.returncode == 3
    refund = Refund.objects.get()

    with pytest.raises(CommandError, match="--description"):
        command(bought, "--set-aside", refund.pk)
    shown = command(bought, "--set-aside", refund.pk, "--description", "Not in the portal")

    assert f"  refund {refund.pk} of 1056.00 SEK: Failed, Not in the portal" in shown.splitlines()
    command(bought, "--all", "--yes")
    carried_out(bought, ping)
    assert sums(bought) == (TOTAL, TOTAL, TOTAL)


def test_the_command_knows_orders_by_card_only(db):
    with pytest.raises(CommandError, match="No card payment was ever begun for an order 4711"):
        call_command("pingpayments_refund", "4711")
