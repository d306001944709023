"""Giving money back: all, lines, delivery, an amount; once, never more than there is, and right in Oscar."""

from __future__ import annotations

from decimal import Decimal

import pytest
from django.core import mail
from django.db import IntegrityError, transaction
from django.urls import reverse

from oscar_pingpayments import facade
from oscar_pingpayments.exceptions import (
    AuthenticationError,
    ConfigurationError,
    MoneyError,
    NotSentError,
    RejectedError,
)
from oscar_pingpayments.models import Effect, Payment, PaymentOrder, Refund, StaffAction
from oscar_pingpayments.statuses import RefundState
from tests.shopper import create_product

from .answers import let_ping_answer, refunded
from .conftest import call_back, nothing_changes, rows
from .refunding import (
    BOOK,
    LANTERNS,
    SHIPPING,
    SURCHARGE,
    TOTAL,
    Buyer,
    asked,
    carried_out,
    items_told,
    refunded_events,
    sums,
)


def test_all_of_it_goes_back(bought, ping, heard, staff):
    refund = bought.refund(description="Broken", message="Sorry about that", person=staff)

    assert refund.state is RefundState.ACCEPTED
    assert asked(ping) == [
        {
            "amount": 105600,
            "currency": "SEK",
            "reason": "requested_by_customer",
            "description": "Broken",
            "message": "Sorry about that",
            "order_items": [],
        }
    ]
    assert (bought.payment_order.state, bought.payment_order.amount_refunded) == ("paid", 0)
    assert bought.order.status == "Being processed"
    assert sums(bought) == (0, 0, 0)

    carried_out(bought, ping)

    refund.refresh_from_db()
    assert refund.state is RefundState.DONE
    assert (refund.origin, refund.by, refund.created_by_id) == ("shop", "Berit", staff.user_id)
    assert bought.payment_order.state == "refunded"
    assert sums(bought) == (TOTAL, TOTAL, TOTAL)
    assert refunded_events(bought) == [(TOTAL, {"Lantern": 3, "Book": 1})]
    assert bought.order.status == "Refunded"
    assert {line.status for line in bought.order.lines.all()} == {"Refunded"}
    assert [facts["refund"] for name, facts in heard if name == "refund_done"] == [refund]
    action = StaffAction.objects.get()
    assert (action.name, action.by, action.user_id) == ("refund", "Berit", staff.user_id)
    assert (
        action.detail == "1056.00 SEK (Lantern x 3, Book x 1, Fixed price shipping x 1, Flat surcharge x 1): "
        "Requested by the customer. Broken"
    )


def test_pieces_of_lines_go_back_and_ping_is_told_what_remains(bought, ping):
    refund = bought.refund(lines={bought.lanterns.pk: 2}, reason="other")

    assert refund.amount == Decimal("598.00")
    (body,) = asked(ping)
    assert (body["amount"], body["reason"]) == (59800, "other")
    assert items_told(body) == [
        ("Lantern", 29900),
        ("Book", BOOK),
        ("Fixed price shipping", SHIPPING),
        ("Flat surcharge", SURCHARGE),
    ]
    assert sum(item["amount"] for item in body["order_items"]) + body["amount"] == 105600
    assert {item["merchant_id"] for item in body["order_items"]} == {ping.settings()["MERCHANT_ID"]}

    carried_out(bought, ping)

    assert refunded_events(bought) == [(Decimal("598.00"), {"Lantern": 2})]
    assert bought.payment_order.state == "paid"
    assert bought.order.status == "Being processed"
    assert {line.status for line in bought.order.lines.all()} == {"Being processed"}


def test_f7_parts_of_every_kind_and_then_the_rest(bought, ping, heard):
    bought.refund(lines={bought.lanterns.pk: 1})
    carried_out(bought, ping)
    bought.refund(shipping=True, surcharges=True)
    carried_out(bought, ping)
    bought.refund(amount=Decimal("69.80"), reason="other")
    carried_out(bought, ping)
    assert sums(bought) == (Decimal("427.80"),) * 3
    assert bought.payment_order.state == "paid"
    rest = bought.refund()
    assert rest.amount == Decimal("628.20")
    carried_out(bought, ping)

    bodies = asked(ping)
    assert [body["amount"] for body in bodies] == [29900, 5900, 6980, 62820]
    assert items_told(bodies[0])[0] == ("Lantern x 2", 59800)
    assert items_told(bodies[1]) == [("Lantern x 2", 59800), ("Book", BOOK)]
    assert items_told(bodies[2]) == [("Lantern x 2", 53820), ("Book", 9000)]
    assert items_told(bodies[3]) == []
    assert sums(bought) == (TOTAL, TOTAL, TOTAL)
    assert refunded_events(bought) == [
        (Decimal("299.00"), {"Lantern": 1}),
        (Decimal("59.00"), {}),
        (Decimal("69.80"), {}),
        (Decimal("628.20"), {"Lantern": 2, "Book": 1}),
    ]
    assert (bought.payment_order.state, bought.order.status) == ("refunded", "Refunded")
    assert [name for name, _ in heard].count("refund_done") == 4
    assert bought.payment_order.attention == ""


def test_a_line_of_which_all_went_back_is_refunded_before_its_order_is(bought, ping):
    bought.refund(lines={bought.lanterns.pk: 2})
    carried_out(bought, ping)
    bought.refund(lines={bought.lanterns.pk: 1})
    carried_out(bought, ping)

    assert (bought.lanterns.status, bought.book.status) == ("Refunded", "Being processed")
    assert bought.order.status == "Being processed"


def test_a_line_whose_status_cannot_be_moved_keeps_no_money_from_being_recorded(
    bought, ping, monkeypatch, caplog
):
    def refuse(line, status):
        raise ValueError(status)

    monkeypatch.setattr(type(bought.book), "set_status", refuse)
    bought.refund(lines={bought.book.pk: 1})
    carried_out(bought, ping)

    assert sums(bought)[0] == Decimal("100.00")
    assert bought.book.status == "Being processed"
    assert "The order could not be moved to its new status" in caplog.text


def test_a_line_from_whose_status_none_leads_to_refunded_stays_where_it_is(bought, ping, monkeypatch):
    monkeypatch.setattr(type(bought.book), "pipeline", {"Being processed": ("Shipped",)})
    bought.refund(lines={bought.book.pk: 1})
    carried_out(bought, ping)

    assert bought.book.status == "Being processed"
    assert refunded_events(bought) == [(Decimal("100.00"), {"Book": 1})]


def test_the_rest_by_its_amount_is_all_of_it(bought, ping):
    bought.refund(amount=TOTAL)
    carried_out(bought, ping)

    assert asked(ping)[0]["order_items"] == []
    assert bought.payment_order.state == "refunded"
    assert refunded_events(bought) == [(TOTAL, {})]


def test_pieces_that_staff_have_marked_by_hand_are_not_marked_twice(bought, ping):
    event_type = bought.order.payment_events.model.event_type.field.related_model.objects.create(
        name="Refunded"
    )
    event = bought.order.payment_events.create(event_type=event_type, amount=1)
    event.line_quantities.create(line=bought.lanterns, quantity=2)

    bought.refund(lines={bought.lanterns.pk: 2, bought.book.pk: 1})
    carried_out(bought, ping)

    assert refunded_events(bought)[-1] == (Decimal("698.00"), {"Book": 1})


# Once


def test_f1_asked_for_twice_with_the_same_key_it_is_made_once(bought, ping):
    made = bought.refund(amount=Decimal("50.00"), key="return 4711")

    with pytest.raises(
        facade.RefundExistsError, match=r"50.00 SEK was asked for already: On its way"
    ) as told:
        bought.refund(amount=Decimal("50.00"), key="return 4711")

    assert told.value.refund == made
    assert len(asked(ping)) == 1
    assert Refund.objects.get() == made
    carried_out(bought, ping)
    with pytest.raises(facade.RefundExistsError, match="Refunded"):
        bought.refund(amount=Decimal("50.00"), key="return 4711")


def test_f1_the_database_knows_a_key_once(bought):
    Refund.objects.create(payment=bought.payment, amount=1, key="a")

    with pytest.raises(IntegrityError), transaction.atomic():
        Refund.objects.create(payment=bought.payment, amount=1, key="a")


def test_f1_the_second_of_two_who_have_seen_the_same_is_told(bought, ping, staff):
    seen = facade.refundable(bought.payment_order).seen
    bought.refund(amount=Decimal("50.00"), seen=seen, person=staff)

    with pytest.raises(facade.RefundsChangedError, match="made meanwhile"), nothing_changes():
        bought.refund(amount=Decimal("50.00"), seen=seen, person=staff)

    assert len(asked(ping)) == 1


def test_f1_a_refund_that_was_made_in_the_portal_meanwhile_counts_as_seen_too_late(bought, ping):
    seen = facade.refundable(bought.payment_order).seen
    ping.refund_in_portal(bought.payment.ping_id, 5000)

    with pytest.raises(facade.RefundsChangedError):
        bought.refund(amount=Decimal("50.00"), seen=seen)

    assert asked(ping) == []
    assert Refund.objects.get().origin == "ping"


# Never more than there is


@pytest.mark.parametrize("amount", ["1056.01", "999999.00"])
def test_f2_more_than_was_paid_is_refused_before_ping_is_asked(bought, ping, amount):
    with pytest.raises(facade.NotRefundableError, match=r"Only 1056.00 SEK is left"):
        bought.refund(amount=Decimal(amount))

    assert asked(ping) == []
    assert not Refund.objects.exists()


def test_f2_what_is_on_its_way_is_not_there_to_be_refunded(bought, ping):
    bought.refund(amount=Decimal("1000.00"))

    with pytest.raises(facade.NotRefundableError, match=r"Only 56.00 SEK is left"):
        bought.refund(amount=Decimal("56.01"))

    bought.refund()
    with pytest.raises(facade.NotRefundableError, match="Nothing is left"):
        bought.refund()
    assert [body["amount"] for body in asked(ping)] == [100000, 5600]


def test_f2_what_went_back_in_the_portal_meanwhile_counts(bought, ping):
    ping.refund_in_portal(bought.payment.ping_id, 100000)

    with pytest.raises(facade.NotRefundableError, match=r"Only 56.00 SEK is left"):
        bought.refund(amount=Decimal("100.00"))

    assert asked(ping) == []
    assert bought.payment_order.amount_refunded == Decimal("1000.00")


@pytest.mark.parametrize(
    ("wanted", "words"),
    [
        ({"lines": {"lanterns": 4}}, "Of “Lantern” 3 are left"),
        ({"lines": {"lanterns": 0}}, "Of “Lantern” 3 are left"),
        ({"lines": {"lanterns": -1}}, "Of “Lantern” 3 are left"),
        ({"lines": {"unknown": 1}}, "Line 0 was not paid with this payment"),
        ({"lines": {"lanterns": 1}, "amount": Decimal(5)}, "not both"),
        ({"shipping": True, "amount": Decimal(5)}, "not both"),
        ({"amount": Decimal(0)}, "comes to 0 SEK"),
        ({"message": "x" * 501}, "longer than 500 characters"),
        ({"description": "x" * 501}, "longer than 500 characters"),
    ],
)
def test_what_makes_no_sense_is_refused_in_words(bought, ping, wanted, words):
    if "lines" in wanted:
        lines = {"lanterns": bought.lanterns.pk, "unknown": 0}
        wanted["lines"] = {lines[name]: quantity for name, quantity in wanted["lines"].items()}

    with pytest.raises(facade.NotRefundableError, match=words):
        bought.refund(**wanted)

    assert asked(ping) == []
    assert not Refund.objects.exists()


@pytest.mark.parametrize("amount", [Decimal("-1.00"), Decimal("0.001"), Decimal("NaN"), Decimal("Infinity")])
def test_an_amount_that_is_none_is_refused(bought, ping, amount):
    with pytest.raises(MoneyError):
        bought.refund(amount=amount)

    assert asked(ping) == []


def test_a_reason_that_ping_does_not_have_is_refused(bought, ping):
    with pytest.raises(ValueError, match="whim"):
        bought.refund(reason="whim")

    assert asked(ping) == []


def test_an_order_that_is_not_paid_has_nothing_to_refund(buyer, ping):
    with pytest.raises(facade.NotRefundableError, match="No money came"):
        buyer.refund()

    assert asked(ping) == []


def test_shipping_that_went_back_cannot_go_back_again(bought, ping):
    bought.refund(shipping=True)

    with pytest.raises(facade.NotRefundableError, match="comes to 0 SEK"):
        bought.refund(shipping=True)

    assert len(asked(ping)) == 1


# Ping does not want to


def test_f5_ping_refuses_in_its_own_words_and_nothing_is_refunded(bought, ping, staff):
    ping.misbehave(
        "refund_payment",
        "status",
        status=403,
        body={"errors": [{"error": "refund_window_closed", "description": "180 days have passed"}]},
    )

    with pytest.raises(RejectedError) as told:
        bought.refund(key="a", person=staff)

    assert told.value.words == "refund_window_closed (180 days have passed)"
    refund = Refund.objects.get()
    assert (refund.state, refund.error) == (RefundState.REFUSED, told.value.words)
    assert sums(bought) == (0, 0, 0)
    assert refunded_events(bought) == []
    assert (bought.payment_order.state, bought.order.status) == ("paid", "Being processed")
    assert bought.payment_order.attention == ""  # who asked was told
    assert facade.refundable(bought.payment_order).payments[0].left == TOTAL
    assert bought.refund(key="a").state is RefundState.ACCEPTED


def test_f5_an_order_that_was_split_elsewhere_is_known_to_be_after_pings_refusal(bought, ping):
    facade.settle(bought.payment_order.pk, fast_forward=True)
    PaymentOrder.objects.update(status="OPEN")

    with pytest.raises(RejectedError, match="403") as told:
        bought.refund()

    assert told.value.words == "operation_forbidden (the payment order is SETTLED)"
    assert bought.payment_order.status == "SETTLED"
    with pytest.raises(facade.NotRefundableError, match=r"takes no refunds any more.*Settled"):
        bought.refund()
    assert len(asked(ping)) == 1
    assert sums(bought) == (0, 0, 0)


def test_f5_a_payment_order_whose_state_cannot_be_asked_keeps_the_words(bought, ping):
    ping.misbehave("refund_payment", "status", status=422, body={"errors": [{"error": "no"}]})
    ping.misbehave("get_payment_order", "refuse", times=None)

    with pytest.raises(RejectedError) as told:
        bought.refund()

    assert told.value.words == "no"


def test_refused_credentials_are_told_to_staff(bought, ping, change):
    change(STAFF_EMAILS=["staff@example.org"])
    ping.misbehave("refund_payment", "status", status=401)

    with pytest.raises(AuthenticationError):
        bought.refund()

    assert [letter.to for letter in mail.outbox if "credentials" in letter.subject] == [["staff@example.org"]]


def test_nothing_is_written_where_ping_cannot_be_asked_first(bought, ping):
    ping.misbehave("get_payment", "status", status=500, times=None)

    with pytest.raises(NotSentError, match="could not be asked about the payment first"):
        bought.refund()

    assert asked(ping) == []
    assert not Refund.objects.exists()


def test_a_refund_that_ping_certainly_never_heard_of_can_be_asked_for_again(bought, ping):
    ping.misbehave("refund_payment", "status", status=429)
    with pytest.raises(NotSentError):
        bought.refund(key="a")

    assert Refund.objects.get().state is RefundState.REFUSED
    assert bought.refund(key="a").amount == TOTAL
    carried_out(bought, ping)
    assert sums(bought) == (TOTAL, TOTAL, TOTAL)


def test_a_refund_is_asked_of_the_tenant_that_has_the_money(bought, ping, change):
    change(TENANT_ID="11111111-2222-3333-4444-555555555555")

    with pytest.raises(ConfigurationError, match="belongs to tenant"):
        bought.refund()

    assert not Refund.objects.exists()


# Of which payment


@pytest.fixture
def twice(buyer, ping):
    """A payer who has paid on two pages, the second one first; returns both attempts."""
    ping.decline(buyer.payment.pay_url)
    facade.refresh(buyer.payment.pk, by="test")
    buyer.client.post(reverse("pingpayments:pay", args=[buyer.payment_order.token]))
    attempts = list(buyer.payment_order.payments.order_by("number"))
    for attempt in reversed(attempts):
        ping.says(attempt.ping_id, "COMPLETED")
        facade.refresh(attempt.pk, by="test")
    assert (buyer.payment_order.state, buyer.payment_order.attention) == ("paid", "duplicate")
    return attempts


def test_money_that_came_twice_goes_back_of_the_payment_that_is_chosen(buyer, twice, ping):
    duplicate, paying = twice
    allocated = [line.num_allocated for line in buyer.order.lines.all()]

    assert buyer.refund(payment_id=duplicate.pk, restock=True).payment == duplicate
    ping.finish_refunds()
    facade.refresh(duplicate.pk, by="test")

    assert (buyer.payment_order.state, buyer.order.status) == ("paid", "Being processed")
    assert sums(buyer) == (TOTAL, TOTAL, TOTAL)
    assert refunded_events(buyer) == [(TOTAL, {})]
    assert [line.num_allocated for line in buyer.order.lines.all()] == allocated

    assert buyer.refund().payment == paying
    ping.finish_refunds()
    facade.refresh(paying.pk, by="test")
    assert (buyer.payment_order.state, buyer.order.status) == ("refunded", "Refunded")
    assert refunded_events(buyer)[1] == (TOTAL, {"Lantern": 3, "Book": 1})


def test_where_it_is_not_clear_which_money_is_meant_none_goes_back(buyer, twice, ping):
    PaymentOrder.objects.update(state="cancelled", paid_at=None)

    with pytest.raises(facade.NotRefundableError, match="not clear"):
        buyer.refund()

    assert asked(ping) == []


def test_the_attempt_that_paid_is_refunded_where_none_is_named(bought, ping):
    first = bought.payment

    assert bought.refund(amount=Decimal("1.00")).payment == first


def test_an_attempt_that_is_not_the_orders_is_refused(bought, ping):
    with pytest.raises(facade.NotRefundableError, match="No money came with this payment"):
        bought.refund(payment_id=0)


def test_late_money_can_be_refunded_and_leaves_the_lines_alone(buyer, ping):
    facade.cancel(buyer.payment_order.pk, by="test")
    ping.says(buyer.payment.ping_id, "COMPLETED")
    facade.refresh(buyer.payment.pk, by="test")

    buyer.refund(restock=True)
    carried_out(buyer, ping)

    assert buyer.payment_order.state == "cancelled"
    assert sums(buyer) == (TOTAL, TOTAL, TOTAL)
    assert refunded_events(buyer) == [(TOTAL, {})]
    assert buyer.order.status == "Cancelled"
    assert Refund.objects.get().restock is False


# What Ping was sent


def test_refunds_are_of_what_was_sent_whatever_staff_do_to_the_order_later(bought, ping):
    lanterns = bought.lanterns
    lanterns.line_price_incl_tax = Decimal("1.00")
    lanterns.quantity = 1
    lanterns.save()

    bought.refund(lines={lanterns.pk: 2})

    assert items_told(asked(ping)[0])[0] == ("Lantern", 29900)


def test_an_attempt_of_an_earlier_version_is_worked_out_again(bought, ping):
    Payment.objects.update(items=None)

    bought.refund(lines={bought.lanterns.pk: 1})

    assert items_told(asked(ping)[0])[:2] == [("Lantern x 2", 59800), ("Book", BOOK)]


def test_an_attempt_of_an_earlier_version_keeps_what_its_first_refund_was_of(bought, ping):
    Payment.objects.update(items=None)
    bought.refund(lines={bought.lanterns.pk: 1}, surcharges=True)
    carried_out(bought, ping)

    bought.book.delete()
    bought.refund(amount=Decimal("74.70"))
    carried_out(bought, ping)

    assert items_told(asked(ping)[1]) == [
        ("Lantern x 2", LANTERNS // 3 * 2 - 5980),
        ("Book", BOOK - 1000),
        ("Fixed price shipping", SHIPPING - 490),
    ]
    (left,) = facade.refundable(bought.payment_order).payments
    assert [(item.name, item.quantity_left, item.left) for item in left.items] == [
        ("Lantern", 2, Decimal("538.20")),
        ("Book", 1, Decimal("90.00")),
        ("Fixed price shipping", 1, Decimal("44.10")),
        ("Flat surcharge", 0, 0),
    ]
    assert sums(bought) == (Decimal("383.70"),) * 3


@pytest.mark.parametrize("kept", [True, False])
def test_what_goes_back_of_an_attempt_of_an_earlier_version_is_recorded_though_a_line_was_deleted(
    bought, ping, kept
):
    """Once as it is now, and once as it was: the items were not kept with the first refund."""
    Payment.objects.update(items=None)
    ping.refund_in_portal(bought.payment.ping_id, 10560)
    facade.refresh(bought.payment.pk, by="test")
    if not kept:
        Payment.objects.update(items=None)
    bought.book.delete()

    ping.refund_in_portal(bought.payment.ping_id, 500)
    facade.refresh(bought.payment.pk, by="test")

    assert sums(bought) == (Decimal("110.60"),) * 3
    (left,) = facade.refundable(bought.payment_order).payments
    assert sum(item.left for item in left.items) == left.left == TOTAL - Decimal("110.60")
    assert [item.name for item in left.items] == [
        "Lantern",
        *(["Book"] if kept else []),
        "Fixed price shipping",
        "Flat surcharge",
    ]
    bought.refund()
    carried_out(bought, ping)
    assert bought.payment_order.state == "refunded"


def test_what_went_back_of_an_attempt_that_was_not_paid_yet_keeps_what_it_was_of(buyer, ping):
    """No money has come yet that the items could be fitted to: they are kept as they were sent."""
    Payment.objects.update(items=None)
    let_ping_answer(ping, buyer.payment, "PENDING", refunds=refunded(5600))
    facade.refresh(buyer.payment.pk, by="test")

    assert [item["amount"] for item in buyer.payment.items] == [LANTERNS, BOOK, SHIPPING, SURCHARGE]


@pytest.mark.parametrize("edited", [True, False])
def test_an_attempt_of_an_earlier_version_whose_order_is_gone_or_spoilt_has_one_item(bought, ping, edited):
    Payment.objects.update(items=None)
    if edited:
        bought.order.lines.update(line_price_incl_tax=Decimal("-1.00"))
    else:
        PaymentOrder.objects.update(order=None)
    payment_order = PaymentOrder.objects.get()

    facade.refund(payment_order.pk, amount=Decimal("56.00"))

    assert items_told(asked(ping)[0]) == [(f"#{payment_order.order_number}", 100000)]


def test_a_refund_of_an_earlier_version_takes_its_share_of_everything(bought, ping):
    ping.refund_in_portal(bought.payment.ping_id, 52800)
    facade.refresh(bought.payment.pk, by="test")
    Refund.objects.update(parts=None, origin="")

    bought.refund(lines={bought.lanterns.pk: 3})

    body = asked(ping)[0]
    assert body["amount"] == LANTERNS // 2
    assert items_told(body) == [("Book", 5000), ("Fixed price shipping", 2450), ("Flat surcharge", 500)]


def test_money_of_another_amount_than_was_asked_for_can_be_refunded_in_part(buyer, ping):
    ping.edit(buyer.payment.ping_id, total_amount=100000)
    ping.says(buyer.payment.ping_id, "COMPLETED")
    facade.refresh(buyer.payment.pk, by="test")
    assert buyer.payment_order.attention == "amount"

    buyer.refund(amount=Decimal("400.00"))

    body = asked(ping)[0]
    assert sum(item["amount"] for item in body["order_items"]) == 60000


def test_what_was_free_stays_on_the_order_until_all_of_it_went_back(buyer, ping):
    gift = Buyer()
    gift.buys(create_product(title="Catalogue", price="0.00"), create_product())
    ping.pay(gift.payment.pay_url)
    facade.refresh(gift.payment.pk, by="test")
    lantern, catalogue = gift.order.lines.get(title="Lantern"), gift.order.lines.get(title="Catalogue")

    gift.refund(shipping=True)
    gift.refund(lines={lantern.pk: 1, catalogue.pk: 1}, surcharges=True)
    carried_out(gift, ping)

    assert items_told(asked(ping)[0]) == [("Catalogue", 0), ("Lantern", 29900), ("Flat surcharge", SURCHARGE)]
    assert asked(ping)[1]["order_items"] == []
    assert refunded_events(gift)[-1] == (Decimal("309.00"), {"Catalogue": 1, "Lantern": 1})


def test_all_the_money_goes_back_without_items_whatever_was_free(buyer, ping):
    gift = Buyer()
    gift.buys(create_product(title="Catalogue", price="0.00"), create_product())
    ping.pay(gift.payment.pay_url)
    facade.refresh(gift.payment.pk, by="test")

    gift.refund(amount=Decimal("358.00"))

    assert asked(ping)[0]["order_items"] == []


# Repeats and hints


def test_f10_hearing_of_our_own_refund_again_and_again_changes_nothing(bought, ping, heard):
    bought.refund(lines={bought.book.pk: 1})
    carried_out(bought, ping)

    before = rows()
    for _ in range(3):
        facade.refresh(bought.payment.pk, by="test")

    assert rows() == before | {"Exchange": before["Exchange"] + 3}
    assert Refund.objects.count() == 1
    assert [name for name, _ in heard].count("refund_done") == 1
    assert Effect.objects.filter(name="refund_done").count() == 1


def test_f10_a_callback_about_a_refund_makes_a_paid_payment_due(bought):
    Payment.objects.update(ask_again_at=None)

    call_back(bought, '{"status": "COMPLETED", "refund_id": "1"}')

    assert bought.payment.ask_again_at is not None


def test_m9_a_late_word_of_payment_for_a_refunded_order_pays_nothing_again(bought, ping):
    bought.refund()
    carried_out(bought, ping)
    allocated = [line.num_allocated for line in bought.order.lines.all()]
    letters = len(mail.outbox)

    call_back(bought)
    facade.refresh(bought.payment.pk, by="test")

    assert bought.payment_order.state == "refunded"
    assert bought.order.status == "Refunded"
    assert [line.num_allocated for line in bought.order.lines.all()] == allocated
    assert len(mail.outbox) == letters
    assert Effect.objects.filter(name="order_paid").count() == 1
