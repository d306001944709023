"""The end of a payment order at Ping: closed, split, settled, by hand and by itself."""

from __future__ import annotations

import getpass
from datetime import timedelta
from decimal import Decimal
from io import StringIO
from typing import Any

import pytest
from django.core import mail
from django.core.management import CommandError, call_command
from django.db.models.signals import post_save
from django.utils import timezone
from oscar.core.loading import get_class, get_model

from oscar_pingpayments import facade
from oscar_pingpayments.exceptions import AuthenticationError, OutcomeUnknownError, RejectedError
from oscar_pingpayments.facade import settlements
from oscar_pingpayments.models import Mark, Payment, PaymentOrder, Refund, Settlement, StaffAction

from .answers import let_ping_answer
from .refunding import carried_out


def steps(ping) -> list[tuple[str, Any]]:
    """Return the steps that Ping was asked for, with whether they were to be fast-forwarded."""
    return [
        (call["operation"], (call["body"] or {}).get("fast_forward"))
        for call in ping.calls()
        if call["operation"] in ("close", "split", "settle")
    ]


def at_ping(ping) -> str:
    (order,) = ping.orders()
    return order["status"]


def trail() -> list[tuple[str, str, str]]:
    return list(StaffAction.objects.order_by("pk").values_list("name", "by", "detail"))


# By hand


def test_f9_an_order_is_closed_split_and_settled_in_that_order(bought, ping, staff):
    pk = bought.payment_order.pk

    assert facade.close(pk, person=staff).status == "CLOSED"
    assert at_ping(ping) == "CLOSED"
    assert facade.split(pk, person=staff).status == "SPLIT"
    assert facade.settle(pk, person=staff).status == "SETTLED"

    assert at_ping(ping) == "SETTLED"
    assert bought.payment_order.status == "SETTLED"
    assert trail() == [("close", "Berit", ""), ("split", "Berit", ""), ("settle", "Berit", "")]
    assert steps(ping) == [("close", None), ("split", False), ("settle", False)]


def test_f9_out_of_turn_ping_refuses_in_its_own_words(bought, ping, staff):
    with pytest.raises(RejectedError) as told:
        facade.settle(bought.payment_order.pk, person=staff)

    assert told.value.words == "operation_forbidden (the payment order is OPEN)"
    assert bought.payment_order.status == at_ping(ping) == "OPEN"
    assert trail() == []


def test_f9_with_an_attempt_still_open_ping_refuses_in_its_own_words(buyer, ping, staff):
    with pytest.raises(RejectedError) as told:
        facade.close(buyer.payment_order.pk, person=staff)

    assert told.value.words == "operation_forbidden (a payment has not ended)"
    assert buyer.payment_order.status == "OPEN"
    assert trail() == []


def test_f9_doing_it_again_asks_nobody_and_does_nothing(bought, ping, staff):
    for _ in range(2):
        assert facade.split(bought.payment_order.pk, fast_forward=True, person=staff).status == "SPLIT"
    assert facade.close(bought.payment_order.pk, person=staff).status == "SPLIT"

    assert steps(ping) == [("split", True)]
    assert trail() == [("split", "Berit", "fast-forward")]


def test_f9_what_was_done_elsewhere_is_no_error(bought, ping, staff):
    facade.close(bought.payment_order.pk)
    PaymentOrder.objects.update(status="OPEN")

    assert facade.close(bought.payment_order.pk, person=staff).status == "CLOSED"


def test_f9_of_two_in_the_same_instant_ping_heard_one_first(bought, ping, staff, in_between):
    pk = bought.payment_order.pk
    in_between("PUT", "/close", lambda: facade.close(pk, person=staff))

    assert facade.close(pk, person=facade.Person("Cecilia")).status == "CLOSED"

    assert trail() == [("close", "Berit", "")]


def test_f9_a_lost_answer_may_be_asked_for_again(bought, ping, change, staff):
    change(TIMEOUT=(0.5, 0.5))
    ping.misbehave("close", "drop_after")
    with pytest.raises(OutcomeUnknownError):
        facade.close(bought.payment_order.pk, person=staff)
    assert bought.payment_order.status == "OPEN"

    assert facade.close(bought.payment_order.pk, person=staff).status == "CLOSED"
    assert trail() == [("close", "Berit", "")]


def test_closing_may_wait_at_ping_for_an_attempt_to_end(buyer, ping, staff):
    ping.manners(close_waits=True)

    assert facade.close(buyer.payment_order.pk, person=staff).status == "OPEN"

    assert trail() == [("close", "Berit", "")]
    ping.decline(buyer.payment.pay_url)
    assert facade.refresh_order(buyer.payment_order.pk).status == "CLOSED"


def test_a_state_that_cannot_be_asked_for_is_not_guessed(bought, ping, staff):
    ping.misbehave("get_payment_order", "refuse", times=None)

    assert facade.close(bought.payment_order.pk, person=staff).status == "OPEN"

    assert at_ping(ping) == "CLOSED"
    assert trail() == [("close", "Berit", "")]
    ping.clear_faults()
    assert facade.refresh_order(bought.payment_order.pk).status == "CLOSED"


def test_refused_credentials_are_told_to_staff(bought, ping, change):
    change(STAFF_EMAILS=["staff@example.org"])
    ping.misbehave("close", "status", status=401)

    with pytest.raises(AuthenticationError):
        facade.close(bought.payment_order.pk)

    assert [letter.to for letter in mail.outbox if "credentials" in letter.subject] == [["staff@example.org"]]


@pytest.mark.parametrize("step", [facade.split, facade.settle])
def test_money_on_its_way_back_is_not_cut_off(bought, ping, staff, step):
    bought.refund(amount=Decimal("50.00"))

    with pytest.raises(facade.RefundOnItsWayError, match="A refund is on its way"):
        step(bought.payment_order.pk, fast_forward=True, person=staff)

    assert steps(ping) == []
    assert trail() == []
    facade.close(bought.payment_order.pk)
    carried_out(bought, ping)
    assert step(bought.payment_order.pk, fast_forward=True).status in ("SPLIT", "SETTLED")


def test_a_closed_order_can_still_be_refunded(bought, ping):
    facade.close(bought.payment_order.pk)

    bought.refund()
    carried_out(bought, ping)

    assert bought.payment_order.state == "refunded"


def test_an_answer_that_was_overtaken_does_not_open_an_order_again(bought, ping):
    facade.settle(bought.payment_order.pk, fast_forward=True)
    body = {"id": str(bought.payment_order.ping_id), "status": "OPEN", "currency": "SEK", "payments": []}
    ping.misbehave("get_payment_order", "status", status=200, body=body)

    assert facade.refresh_order(bought.payment_order.pk).status == "SETTLED"


def test_a_word_of_pings_that_nobody_knows_is_kept_and_shown(bought, ping):
    body = {
        "id": str(bought.payment_order.ping_id),
        "status": "UNDER_INVESTIGATION",
        "currency": "SEK",
        "payments": [],
    }
    ping.misbehave("get_payment_order", "status", status=200, body=body)

    assert facade.refresh_order(bought.payment_order.pk).status == "UNDER_INVESTIGAT"
    assert bought.payment_order.get_status_display() == "UNDER_INVESTIGAT"
    bought.refund()  # whether it takes refunds is Ping's to say
    carried_out(bought, ping)
    assert bought.payment_order.state == "refunded"
    assert facade.refresh_order(bought.payment_order.pk).status == "OPEN"


def command(shopper, *arguments: str) -> str:
    out = StringIO()
    call_command("pingpayments_order", shopper.order.number, *arguments, stdout=out, no_color=True)
    return out.getvalue()


def test_the_command_takes_the_steps(bought, ping):
    assert ", Closed" in command(bought, "--close").splitlines()[2]
    assert ", Split" in command(bought, "--split").splitlines()[2]
    assert ", Settled" in command(bought, "--settle").splitlines()[2]

    assert trail() == [(name, getpass.getuser(), "") for name in ("close", "split", "settle")]


def test_the_command_fast_forwards_and_says_what_ping_says(bought, ping):
    with pytest.raises(CommandError, match=r"Ping says: operation_forbidden \(the payment order is OPEN\)"):
        command(bought, "--settle")

    assert ", Settled" in command(bought, "--settle", "--fast-forward").splitlines()[2]


# By itself


def ships(shopper, *lines: tuple[Any, int], event: str = "Shipped") -> None:
    """Record, as a shop does, that pieces of lines have been shipped."""
    event_type, _ = get_model("order", "ShippingEventType").objects.get_or_create(name=event)
    handler = get_class("order.processing", "EventHandler")()
    handler.handle_shipping_event(
        shopper.order, event_type, [line for line, _ in lines], [quantity for _, quantity in lines]
    )


def ships_all(shopper) -> None:
    ships(shopper, (shopper.lanterns, 3), (shopper.book, 1))


def passes(**time: float) -> None:
    """Let so much time pass for what waits to be settled."""
    for settlement in Settlement.objects.filter(due_at__isnull=False):
        settlement.due_at -= timedelta(**time)
        settlement.save()


@pytest.fixture
def settling(change):
    """Set the rule, and let a sync see it."""

    def rule(**keys: Any) -> None:
        change(SETTLE=keys)
        facade.sync()

    return rule


def test_nothing_is_settled_by_itself_unless_the_shop_says_so(bought, ping):
    ships_all(bought)

    assert facade.sync().settled == 0

    assert steps(ping) == []
    assert not Settlement.objects.exists()


@pytest.mark.parametrize(
    ("upto", "status", "asked"),
    [
        ("close", "CLOSED", [("close", None)]),
        ("split", "SPLIT", [("close", None), ("split", False)]),
        ("settle", "SETTLED", [("close", None), ("split", False), ("settle", False)]),
    ],
)
def test_an_order_that_has_shipped_is_brought_to_its_end(bought, ping, settling, upto, status, asked):
    settling(when="shipped", upto=upto)
    assert facade.sync().settled == 0
    assert steps(ping) == []

    ships_all(bought)
    assert facade.sync().settled == 1
    assert facade.sync().settled == 0

    assert steps(ping) == asked
    assert bought.payment_order.status == at_ping(ping) == status
    assert Settlement.objects.get().due_at is None
    assert trail() == []


def test_fast_forward_takes_the_last_step_alone(bought, ping, settling):
    settling(when="shipped", upto="settle", fast_forward=True)
    ships_all(bought)

    assert facade.sync().settled == 1

    assert steps(ping) == [("settle", True)]


def test_an_order_waits_for_the_days_that_the_shop_gives_it(bought, ping, settling):
    settling(when="shipped", days=14)
    ships_all(bought)

    assert facade.sync().settled == 0
    passes(days=13.9)
    assert facade.sync().settled == 0
    passes(days=0.2)
    assert facade.sync().settled == 1


def test_days_may_be_counted_from_the_payment(buyer, ping, settling):
    settling(when="paid", days=30, upto="settle")
    ping.pay(buyer.payment.pay_url)
    facade.refresh(buyer.payment.pk, by="test")

    due = Settlement.objects.get().due_at - timezone.now()
    assert timedelta(days=29, hours=23) < due <= timedelta(days=30)
    assert facade.sync().settled == 0
    passes(days=30)
    assert facade.sync().settled == 1
    assert buyer.payment_order.status == "SETTLED"


def test_nothing_is_settled_before_everything_has_shipped(bought, ping, settling):
    settling(when="shipped")
    ships(bought, (bought.lanterns, 2), (bought.book, 1))
    ships(bought, (bought.lanterns, 1), event="Packed")

    assert facade.sync().settled == 0
    assert not Settlement.objects.exists()

    ships(bought, (bought.lanterns, 1))
    assert facade.sync().settled == 1


def test_pieces_that_were_refunded_need_not_ship(bought, ping, settling):
    settling(when="shipped")
    bought.refund(lines={bought.lanterns.pk: 1})
    carried_out(bought, ping)
    ships(bought, (bought.lanterns, 2), (bought.book, 1))

    assert facade.sync().settled == 1


def test_a_refund_of_what_was_not_shipped_leaves_an_order_that_has_shipped(bought, ping, settling):
    settling(when="shipped")
    ships(bought, (bought.lanterns, 3))
    facade.sync()
    assert not Settlement.objects.exists()

    bought.refund(lines={bought.book.pk: 1})
    carried_out(bought, ping)

    assert facade.sync().settled == 1


def test_an_order_that_was_paid_nobody_knows_how_is_not_settled_by_itself(bought, ping, settling):
    """Rows that somebody has changed by hand: two attempts brought money, and neither is when it was paid."""
    settling(when="shipped")
    Payment.objects.create(
        payment_order=bought.payment_order, number=2, status="COMPLETED", live=None, currency="SEK", amount=1
    )
    PaymentOrder.objects.update(attempts=2, paid_at=timezone.now())
    ships_all(bought)

    facade.sync()

    assert not Settlement.objects.exists()


def test_what_waits_to_be_settled_says_so(bought):
    settlement = Settlement.objects.create(payment_order=bought.payment_order, due_at=timezone.now())

    assert str(settlement).startswith(f"#{bought.order.number} 20")
    settlement.due_at = None
    assert str(settlement) == f"#{bought.order.number}"


def test_the_shops_own_word_for_shipped_counts_by_name_or_code(bought, ping, settling):
    settling(when="shipped", shipping_event="handed-over")
    ships(bought, (bought.lanterns, 3), (bought.book, 1), event="Handed over")

    assert facade.sync().settled == 1


def test_what_shipped_before_the_setting_was_switched_on_is_left_alone(bought, ping, settling):
    ships_all(bought)
    settling(when="shipped")
    facade.sync()
    assert not Settlement.objects.exists()

    settling(when="never")
    assert not Mark.objects.filter(name="shipping events").exists()


def test_a_rule_that_is_switched_off_settles_nothing_any_more(bought, ping, settling):
    settling(when="shipped", days=1)
    ships_all(bought)
    facade.sync()
    settling(when="never")
    passes(days=2)

    assert facade.sync().settled == 0
    assert steps(ping) == []


@pytest.mark.parametrize("reason", ["duplicate", "late", "amount", "refund"])
def test_money_that_needs_a_person_is_not_cut_off(bought, ping, settling, reason):
    settling(when="shipped", upto="split")
    PaymentOrder.objects.update(attention=reason)
    ships_all(bought)

    assert facade.sync().settled == 0
    assert steps(ping) == []

    PaymentOrder.objects.update(attention="")
    passes(days=1)
    assert facade.sync().settled == 1


def test_a_refund_on_its_way_is_waited_for(bought, ping, settling):
    settling(when="shipped", upto="split")
    bought.refund(amount=Decimal("50.00"))
    ships_all(bought)

    assert facade.sync().settled == 0
    assert bought.payment_order.status == "CLOSED"
    carried_out(bought, ping)
    passes(days=1)

    assert facade.sync().settled == 1
    assert bought.payment_order.status == "SPLIT"


def test_an_order_of_which_all_went_back_is_left_as_it_is(bought, ping, settling):
    settling(when="shipped", days=1)
    ships_all(bought)
    facade.sync()
    bought.refund()
    carried_out(bought, ping)
    passes(days=1)

    facade.sync()

    assert steps(ping) == []
    assert Settlement.objects.get().due_at is None


def test_an_order_whose_refund_failed_after_all_is_settled(bought, ping, settling, staff):
    settling(when="shipped", days=1)
    ships_all(bought)
    facade.sync()
    bought.refund()
    carried_out(bought, ping)
    passes(days=1)
    facade.sync()
    entry = {"amount": 105600, "refunded_at": None, "status": "REJECTED"}
    let_ping_answer(ping, bought.payment, refunds=[entry])

    facade.refresh(bought.payment.pk, by="test")

    due = Settlement.objects.get().due_at - timezone.now()
    assert timedelta(hours=23) < due <= timedelta(days=1)
    facade.resolve(bought.payment_order.pk, person=staff, note="It stays with us")
    passes(days=1)
    assert facade.sync().settled == 1
    assert bought.payment_order.status == "CLOSED"


def test_pings_refusals_are_tried_again_later_each_time_and_then_shown(bought, ping, settling, heard):
    settling(when="shipped")
    ping.misbehave("close", "status", times=None, status=403, body={"errors": [{"error": "not_yet"}]})
    ships_all(bought)
    pauses = []
    for _ in range(settlements.MAX_TRIES):
        assert facade.sync().settled == 0
        settlement = Settlement.objects.get()
        if settlement.due_at:
            pauses.append(round((settlement.due_at - timezone.now()) / timedelta(hours=1)))
        passes(days=3)

    assert pauses == [2, 4, 8, 16, 32]
    assert (Settlement.objects.get().due_at, Settlement.objects.get().tries) == (None, 6)
    assert bought.payment_order.attention == "settle"
    assert bought.payment_order.attention_detail == "not_yet"
    assert [name for name, _ in heard].count("attention_needed") == 1
    facade.sync()
    assert len(steps(ping)) == settlements.MAX_TRIES


def test_a_refusal_that_was_overcome_needs_nobody(bought, ping, settling):
    settling(when="shipped")
    ping.misbehave("close", "status", status=403, body={"errors": [{"error": "not_yet"}]})
    ships_all(bought)
    facade.sync()
    passes(days=1)

    assert facade.sync().settled == 1
    assert bought.payment_order.attention == ""


@pytest.mark.parametrize("status", [500, 401])
def test_while_ping_does_not_answer_it_is_tried_again_and_nobody_is_told(bought, ping, settling, status):
    settling(when="shipped")
    ping.misbehave("close", "status", status=status)
    ships_all(bought)

    assert facade.sync().unanswered == 1
    assert Settlement.objects.get().tries == 0
    assert bought.payment_order.attention == ""
    passes(hours=1)
    assert facade.sync().settled == 1


@pytest.mark.parametrize("was_ours", [True, False])
def test_o16_an_order_of_another_tenant_is_left_alone(bought, ping, settling, was_ours):
    settling(when="shipped", days=1)
    others = {"tenant_id": "11111111-2222-3333-4444-555555555555"}
    if not was_ours:
        PaymentOrder.objects.update(**others)
    ships_all(bought)
    facade.sync()
    PaymentOrder.objects.update(**others)
    passes(days=2)

    summary = facade.sync()

    assert Settlement.objects.exists() is was_ours
    assert (summary.settled, summary.unanswered, steps(ping)) == (0, 0, [])


def test_where_ping_waits_the_order_is_looked_at_again(bought, ping, settling):
    settling(when="shipped")
    ping.misbehave("close", "status", status=204)
    ships_all(bought)

    assert facade.sync().settled == 0
    passes(hours=1)

    assert facade.sync().settled == 1
    assert at_ping(ping) == "CLOSED"


def test_one_that_always_raises_is_counted_and_tried_again(bought, ping, settling, caplog):
    settling(when="shipped")
    ships_all(bought)

    def fail(sender, instance, **facts):
        raise ValueError(instance)

    post_save.connect(fail, sender=PaymentOrder)
    try:
        assert facade.sync().failed == 1
    finally:
        post_save.disconnect(fail, sender=PaymentOrder)

    assert "A payment order could not be settled" in caplog.text
    assert facade.sync().settled == 0
    passes(seconds=settlements.CLAIM.total_seconds())
    assert facade.sync().settled == 1


def test_settlements_that_a_killed_sync_has_claimed_are_due_again(bought, ping, settling):
    settling(when="shipped", days=1)
    ships_all(bought)
    facade.sync()
    passes(days=1)
    assert settlements.claim() is not None  # and then the process dies

    assert facade.sync().settled == 0
    passes(seconds=settlements.CLAIM.total_seconds())
    assert facade.sync().settled == 1


def test_a_late_refund_after_the_split_is_refused_with_the_reason(bought, ping, settling):
    settling(when="shipped", upto="split")
    ships_all(bought)
    facade.sync()

    with pytest.raises(facade.NotRefundableError, match="takes no refunds any more"):
        bought.refund()

    assert not Refund.objects.exists()


def test_while_ping_is_ill_nothing_is_settled(bought, ping, settling):
    settling(when="shipped")
    ships_all(bought)
    ping.misbehave("get_payment", "status", status=429, times=None, headers={"Retry-After": "60"})
    bought.payment.__class__.objects.update(ask_again_at=timezone.now())

    summary = facade.sync()

    assert summary.ping_is_ill
    assert (summary.settled, steps(ping)) == (0, [])


def test_o11_one_that_cannot_be_planned_does_not_keep_the_others_nor_the_rest_of_the_sync(
    bought, ping, settling, clock, caplog
):
    settling(when="shipped")
    facade.sync()
    ships_all(bought)
    Payment.objects.update(items=[{}])  # not as we write it

    facade.sync()

    assert "A shipped order could not be planned to be settled" in caplog.text
    assert Mark.objects.filter(name="sync", at__gte=clock.now() - timedelta(minutes=1)).exists()
