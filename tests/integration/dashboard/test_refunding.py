"""Staff give money back in the dashboard: what they may choose, what Ping is asked, what they are told."""

from __future__ import annotations

import re
from datetime import timedelta
from decimal import Decimal

import pytest
from django.urls import reverse
from django.utils import timezone

from oscar_pingpayments import facade
from oscar_pingpayments.models import PaymentOrder, Refund
from oscar_pingpayments.statuses import RefundState
from tests.integration.shop.refunding import asked, carried_out

from .conftest import answers, at, bare, do, make, said, text, trail

NAME = "Bosse Berg 0"
CONTEXT = facade.PaymentContext(absolute_url=lambda path: f"https://shop.example{path}")


def fields(desk, shopper) -> dict[str, str]:
    """Return what the form offers, by its labels."""
    form = desk.get(at("refund", shopper.payment_order)).context["form"]
    return {bare(field.label): bare(field.help_text) for field in form.parts}


def test_what_is_left_of_the_order_is_offered(desk, bought):
    assert fields(desk, bought) == {
        "Lantern": "3 of 3 left, SEK897.00",
        "Book": "1 of 1 left, SEK100.00",
        "Shipping, SEK49.00": "",
        "Surcharges, SEK10.00": "",
    }
    bought.refund(lines={bought.lanterns.pk: 2}, shipping=True)

    assert fields(desk, bought) == {
        "Lantern": "1 of 3 left, SEK299.00",
        "Book": "1 of 1 left, SEK100.00",
        "Surcharges, SEK10.00": "",
    }
    page = bare(text(desk.get(at("refund", bought.payment_order))))
    assert "paid SEK1,056.00, refunded SEK0.00, on its way SEK647.00, <strong>left SEK409.00" in page


def choices(page) -> list[tuple[str, str]]:
    """Return what can be chosen to go back."""
    return [(value, bare(label)) for value, label in page.context["form"].fields["what"].choices]


def test_the_sum_is_named_and_nothing_is_chosen_beforehand(desk, bought):
    bought.refund(amount=Decimal("56.00"))

    page = desk.get(at("refund", bought.payment_order))

    assert choices(page) == [
        ("all", "Everything that is left (SEK1,000.00)"),
        ("parts", "Parts of the order"),
        ("amount", "An amount"),
    ]
    assert page.context["form"]["what"].value() is None
    assert "checked" not in text(page).partition("What is to go back")[2].partition("</fieldset>")[0]


AMOUNT_TYPED = "You typed an amount: choose “An amount”, or empty it."
PARTS_NAMED = "You named parts: choose “Parts of the order”, or take them out."


@pytest.mark.parametrize(
    ("typed", "errors"),
    [
        ({"what": "all", "amount": "100"}, {"amount": [AMOUNT_TYPED]}),
        ({"what": "parts", "line": "1", "amount": "100"}, {"amount": [AMOUNT_TYPED]}),
        ({"what": "all", "line": "1", "shipping": "on"}, {"line": [PARTS_NAMED]}),
        ({"what": "all", "shipping": "on"}, {"shipping": [PARTS_NAMED]}),
        ({"what": "amount", "amount": "100", "surcharges": "on"}, {"surcharges": [PARTS_NAMED]}),
        ({"what": "all", "amount": "x"}, {"amount": ["Enter a number."]}),
        ({"amount": "100"}, {"what": ["This field is required."]}),
    ],
    ids=str,
)
def test_what_is_typed_is_never_ignored(desk, bought, ping, typed, errors):
    names = {"line": f"line_{bought.lanterns.pk}"}
    typed = {names.get(name, name): value for name, value in typed.items()}

    response = do(desk, "refund", bought.payment_order, **typed)

    assert response.context["form"].errors == {names.get(name, name): why for name, why in errors.items()}
    assert asked(ping) == []
    assert Refund.objects.count() == 0
    assert trail() == []


def test_an_error_is_read_out_with_its_field(desk, bought):
    line = f"line_{bought.lanterns.pk}"
    page = text(do(desk, "refund", bought.payment_order, **{"amount": "x", line: "9", "message": "x" * 501}))

    for name in ("amount", line, "message"):
        (field,) = re.findall(rf'<(?:input|textarea)[^>]* name="{name}"[^>]*>', page)
        described = re.search(r'aria-describedby="([^"]*)"', field)[1].split()
        assert f"id_{name}_error" in described
        for each in described:
            assert page.count(f'id="{each}"') == 1
    assert '<fieldset class="form-group" aria-describedby="id_what_error">' in page
    assert '<div id="id_what_error"><span class="invalid-feedback d-block">This field is required.' in page


def test_no_pieces_are_not_a_part(desk, bought, ping):
    do(desk, "refund", bought.payment_order, **{"what": "all", f"line_{bought.lanterns.pk}": "0"})

    assert [sent["amount"] for sent in asked(ping)] == [105600]


def test_everything_goes_back(desk, bought, ping):
    response = do(
        desk,
        "refund",
        bought.payment_order,
        what="all",
        reason="other",
        description="Broken",
        message="Sorry",
    )

    assert said(response) == ["Refund of SEK1,056.00: On its way."]
    (sent,) = asked(ping)
    assert (sent["amount"], sent["reason"]) == (105600, "other")
    assert (sent["description"], sent["message"]) == ("Broken", "Sorry")
    made = Refund.objects.get()
    assert (made.by, made.created_by, made.restock) == (NAME, desk.user, False)
    assert [(name, by) for name, by, _ in trail()] == [("refund", NAME)]


def test_parts_of_the_order_go_back(desk, bought, ping):
    line = f"line_{bought.lanterns.pk}"

    response = do(
        desk,
        "refund",
        bought.payment_order,
        **{"what": "parts", line: "2", "shipping": "on", "surcharges": "on", "restock": "on"},
    )

    assert said(response) == ["Refund of SEK657.00: On its way."]
    assert Refund.objects.get().restock is True
    carried_out(bought, ping)
    page = bare(text(desk.get(at("detail", bought.payment_order))))
    assert "SEK657.00 was given back" in page
    assert NAME in page


def test_an_amount_goes_back(desk, bought, ping):
    response = do(desk, "refund", bought.payment_order, what="amount", amount="12.50")

    assert said(response) == ["Refund of SEK12.50: On its way."]
    assert [sent["amount"] for sent in asked(ping)] == [1250]


@pytest.mark.parametrize(
    ("typed", "field", "error"),
    [
        ({"what": "amount", "amount": ""}, "amount", "Say how much."),
        ({"what": "amount", "amount": "1056.01"}, "amount", "At most SEK1,056.00 is left."),
        (
            {"what": "amount", "amount": "0"},
            "amount",
            "Ensure this value is greater than or equal to 0.01.",
        ),
        ({"what": "amount", "amount": "x"}, "amount", "Enter a number."),
        ({"what": "parts"}, "what", "Say which parts."),
        ({"what": "parts", "line": "0"}, "what", "Say which parts."),
        ({"what": "parts", "line": "4"}, "line", "Ensure this value is less than or equal to 3."),
        ({"what": "parts", "line": "-1"}, "line", "Ensure this value is greater than or equal to 0."),
        ({"what": ""}, "what", "This field is required."),
        ({"what": "all", "reason": "greed"}, "reason", "Select a valid choice. greed is not one of"),
        ({"what": "all", "payment": "77"}, "payment", "Select a valid choice. 77 is not one of"),
        ({"what": "all", "message": "x" * 501}, "message", "at most 500 characters"),
    ],
    ids=str,
)
def test_what_cannot_go_back_is_said_and_nothing_is(desk, bought, ping, typed, field, error):
    names = {"line": f"line_{bought.lanterns.pk}"}
    typed = {names.get(name, name): value for name, value in typed.items()}

    response = do(desk, "refund", bought.payment_order, **typed)

    (found,) = response.context["form"].errors[names.get(field, field)]
    assert error in bare(found)
    assert asked(ping) == []
    assert Refund.objects.count() == 0
    assert trail() == []


def test_f1_a_refund_that_is_sent_twice_is_made_once(desk, bought, ping):
    address = at("refund", bought.payment_order)
    sent = answers(desk.get(address), what="amount", amount="100")

    desk.post(address, sent)
    response = desk.post(address, sent, follow=True)

    assert said(response)[-1] == "This was sent before, and is done once."
    assert len(asked(ping)) == 1


def test_f1_two_members_of_staff_refund_at_once_and_the_second_is_told(desk, staff, bought, ping):
    address = at("refund", bought.payment_order)
    sent = answers(desk.get(address), what="amount", amount="100")
    do(staff("view", "refund"), "refund", bought.payment_order, what="amount", amount="100")

    response = desk.post(address, sent)

    assert "Things have changed meanwhile. Please look again." in text(response)
    assert "<strong>left SEK956.00" in bare(text(response))
    assert len(asked(ping)) == 1


def test_f5_ping_refuses(desk, bought, ping):
    refusal = {"errors": [{"error": "operation_forbidden", "description": "too late"}]}
    ping.misbehave("refund_payment", "status", status=403, body=refusal)

    response = do(desk, "refund", bought.payment_order, what="all")

    assert "Not done. Ping says: operation_forbidden (too late)" in text(response)
    made = Refund.objects.get()
    assert (made.state, made.error) == (RefundState.REFUSED, "operation_forbidden (too late)")


def test_f3_the_answer_is_lost(desk, bought, ping, change):
    change(TIMEOUT=(0.5, 0.5))
    ping.misbehave("refund_payment", "drop_before")

    response = do(desk, "refund", bought.payment_order, what="all")

    (words,) = said(response)
    assert words.startswith("Whether Ping has the refund is not known yet: ")
    assert words.endswith("It is found out by itself. Do not ask for it again.")
    assert response.redirect_chain == [(at("detail", bought.payment_order), 302)]
    assert Refund.objects.get().state is RefundState.UNKNOWN


def test_a_refund_that_ping_does_not_have_is_set_aside(desk, bought, ping, change):
    change(TIMEOUT=(0.5, 0.5))
    ping.misbehave("refund_payment", "drop_before")
    do(desk, "refund", bought.payment_order, what="all")
    made = Refund.objects.get()
    assert desk.get(at("refund", bought.payment_order), follow=True).redirect_chain

    page = desk.get(at("refund-aside", bought.payment_order))
    assert "SEK1,056.00: Sent; whether Ping has it is not known" in bare(text(page))
    response = desk.post(
        at("refund-aside", bought.payment_order),
        answers(page, refund=str(made.pk), note="Not in the portal"),
        follow=True,
    )

    assert said(response)[-1] == "The refund of SEK1,056.00 was set aside."
    assert trail()[-1] == ("refund_aside", NAME, "1056.00 SEK: Not in the portal")
    assert desk.get(at("refund", bought.payment_order)).status_code == 200


def test_a_refund_that_is_on_its_way_is_shown_and_left_alone_for_an_hour(desk, bought, ping):
    do(desk, "refund", bought.payment_order, what="amount", amount="100")
    do(desk, "refund", bought.payment_order, what="amount", amount="50")
    address = at("refund-aside", bought.payment_order)

    page = bare(text(desk.get(at("detail", bought.payment_order))))
    assert "<dt>Refunded</dt><dd>SEK0.00</dd></div> <div><dt>On its way back</dt><dd>SEK150.00</dd>" in page
    assert address not in page
    assert said(desk.get(address, follow=True)) == ["Set a refund aside: that does not apply now."]

    Refund.objects.filter(amount=100).update(sent_at=timezone.now() - timedelta(hours=1))
    assert address in text(desk.get(at("detail", bought.payment_order)))
    (offered,) = desk.get(address).context["form"].fields["refund"].choices
    assert offered[0] == Refund.objects.get(amount=100).pk

    carried_out(bought, ping)
    page = text(desk.get(at("detail", bought.payment_order)))
    assert "On its way back" not in page
    assert address not in page


def test_there_is_nothing_to_set_aside(desk, bought):
    response = desk.get(at("refund-aside", bought.payment_order), follow=True)

    assert said(response) == ["Set a refund aside: that does not apply now."]


@pytest.mark.parametrize("what", ["all of it went back", "it was split", "nothing came"])
def test_where_nothing_can_go_back_it_is_not_offered(desk, bought, what):
    payment_order = bought.payment_order
    if what == "all of it went back":
        bought.refund()
    elif what == "it was split":
        PaymentOrder.objects.update(status="SPLIT")
    else:
        (payment_order,) = make({"state": "expired"})

    response = desk.get(at("refund", payment_order), follow=True)

    assert said(response) == ["Refund: that does not apply now."]


def test_m1_money_that_came_twice_is_offered_first(desk, shopper, product, ping):
    shopper.buys(product)
    first = shopper.payment
    ping.decline(first.pay_url)
    facade.refresh(first.pk, by="test")
    facade.start(shopper.payment_order.pk, CONTEXT)
    ping.pay(shopper.payment.pay_url)
    facade.refresh(shopper.payment.pk, by="test")
    ping.edit(first.ping_id, status="COMPLETED")
    facade.refresh(first.pk, by="test")

    page = desk.get(at("refund", shopper.payment_order))
    form = page.context["form"]
    assert [bare(label) for _, label in form.fields["payment"].choices] == [
        "Attempt 1: SEK299.00 left",
        "Attempt 2, which paid the order: SEK299.00 left",
    ]
    assert form["payment"].value() == first.pk
    assert choices(page)[0] == ("all", "Everything that is left")
    address = at("refund", shopper.payment_order)
    line = next(name for name in form.fields if name.startswith("line_"))
    refused = desk.post(address, answers(page, **{"what": "parts", line: "1"}))
    assert refused.context["form"].errors == {
        "what": ["Parts can go back of the payment that paid the order."]
    }

    response = do(desk, "refund", shopper.payment_order, what="all")

    assert Refund.objects.get().payment == first
    assert said(response)[-1].startswith("Refund of SEK299.00")
    assert shopper.payment_order.state == "paid"
    assert Decimal("299.00") == shopper.payment_order.amount_paid - Refund.objects.get().amount


def test_money_without_an_order_that_it_paid_goes_back_too(desk, started, ping):
    facade.cancel(started.payment_order.pk, by="test")
    ping.edit(started.payment.ping_id, status="COMPLETED")
    facade.refresh(started.payment.pk, by="test")
    assert started.payment_order.attention == "late"

    page = desk.get(at("refund", started.payment_order))
    assert page.context["form"].parts == []
    assert "Parts of the order" not in text(page)
    response = do(desk, "refund", started.payment_order, what="all")

    assert said(response)[-1].startswith("Refund of SEK299.00")


def test_the_queue_offers_refunds_too(desk, bought):
    PaymentOrder.objects.update(attention="duplicate")

    page = text(desk.get(reverse("dashboard:payments-attention")))

    assert f'href="{at("refund", bought.payment_order)}"' in page
