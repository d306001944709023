"""What staff do: asked before it is done, done once, told of, and kept with their name."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.core import mail
from django.db import connection
from django.urls import resolve
from django.utils import formats, timezone, translation

from oscar_pingpayments import facade
from oscar_pingpayments.facade import once
from oscar_pingpayments.models import PaymentOrder, SentForm
from tests.benchmarks.figures import table_of
from tests.integration.shop.conftest import call_back, nothing_changes

from .conftest import answers, at, do, make, said, text, trail

NAME = "Bosse Berg 0"
CHANGED = "Things have changed meanwhile. Please look again."
ONCE = "This was sent before, and is done once."


@pytest.fixture
def twice(paid):
    """An order about which something needs attention."""
    PaymentOrder.objects.update(attention="duplicate", attention_detail="Attempt 1 was paid too.")
    return paid


# Asked before it is done


@pytest.mark.parametrize("name", ["refresh", "stop", "cancel"])
def test_r14_looking_at_a_form_does_nothing(desk, started, ping, name):
    calls = len(ping.calls())

    with nothing_changes():
        response = desk.get(at(name, started.payment_order))

    assert response.status_code == 200
    assert len(ping.calls()) == calls
    assert trail() == []
    assert SentForm.objects.count() == 0


def test_what_will_happen_is_said_before_it_does(desk, started):
    page = text(desk.get(at("cancel", started.payment_order)))

    assert f"Order {started.order.number}" in page
    assert "if the order was paid meanwhile, it is not cancelled" in page
    assert '<button class="btn btn-danger" type="submit">Cancel the order</button>' in page
    assert f'href="{at("detail", started.payment_order)}">Do nothing</a>' in page


def test_what_does_not_apply_is_neither_offered_nor_done(desk, paid, ping):
    page = text(desk.get(at("detail", paid.payment_order)))
    for name in ("cancel", "stop", "resolve"):
        address = at(name, paid.payment_order)
        assert f'href="{address}"' not in page
        response = desk.get(address, follow=True)
        assert response.redirect_chain == [(at("detail", paid.payment_order), 302)]
        assert said(response)[0].endswith(": that does not apply now.")


def test_one_form_of_another_page_is_no_use_here(desk, started, ping):
    other = answers(desk.get(at("refresh", started.payment_order)))
    calls = len(ping.calls())

    response = desk.post(at("cancel", started.payment_order), other)

    assert "This page had been open for too long" in text(response)
    assert len(ping.calls()) == calls
    assert started.payment_order.state == "awaiting"


@pytest.mark.parametrize(
    ("missing", "why"),
    [("key", "This page had been open for too long. Please look again."), ("seen", CHANGED)],
)
def test_a_form_without_its_marks_is_shown_again(desk, started, ping, missing, why):
    sent = answers(desk.get(at("cancel", started.payment_order)))

    response = desk.post(at("cancel", started.payment_order), sent | {missing: ""})

    assert response.status_code == 200
    assert why in text(response)
    assert started.payment_order.state == "awaiting"


def test_the_key_of_a_colleague_is_no_use_either(desk, staff, started):
    sent = answers(staff("view", "resolve").get(at("cancel", started.payment_order)))

    response = desk.post(at("cancel", started.payment_order), sent)

    assert "This page had been open for too long" in text(response)
    assert started.payment_order.state == "awaiting"


def test_a_form_that_was_open_for_too_long_is_shown_again(desk, started, monkeypatch):
    sent = answers(desk.get(at("cancel", started.payment_order)))
    monkeypatch.setattr(once, "OPEN_FOR", timedelta(seconds=-1))

    response = desk.post(at("cancel", started.payment_order), sent)

    assert "This page had been open for too long. Please look again." in text(response)
    assert answers(response)["key"] != sent["key"]
    assert started.payment_order.state == "awaiting"


def test_m12_who_has_seen_something_else_is_told(desk, twice):
    address = at("resolve", twice.payment_order)
    sent = answers(desk.get(address), note="Refunded by phone")
    PaymentOrder.objects.update(attention="late")

    response = desk.post(address, sent)

    assert CHANGED in text(response)
    assert "Refunded by phone" in text(response)
    assert twice.payment_order.attention == "late"
    assert trail() == []
    assert said(desk.post(address, answers(response), follow=True)) == [
        "Resolved: Paid after the order was cancelled."
    ]


def test_m12_where_it_no_longer_applies_one_is_told_and_brought_back(desk, started, ping):
    address = at("cancel", started.payment_order)
    sent = answers(desk.get(address))
    ping.pay(started.payment.pay_url)
    call_back(started)

    response = desk.post(address, sent, follow=True)

    assert response.redirect_chain == [(at("detail", started.payment_order), 302)]
    assert said(response) == [CHANGED]
    assert started.order.status == "Being processed"


# Done once


def test_a_form_that_is_sent_twice_is_done_once(desk, paid):
    address = at("confirmation", paid.payment_order)
    sent = answers(desk.get(address))
    mail.outbox.clear()

    first = desk.post(address, sent, follow=True)
    second = desk.post(address, sent, follow=True)

    assert said(first) == ["The confirmation was sent to astrid@example.org."]
    assert said(second) == [ONCE]
    assert len(mail.outbox) == 1
    assert trail() == [("confirmation", NAME, "")]


def test_a_form_that_was_acted_on_is_done_though_it_no_longer_applies(desk, started):
    address = at("cancel", started.payment_order)
    sent = answers(desk.get(address))
    desk.post(address, sent)

    assert said(desk.post(address, sent, follow=True)) == [
        "The order was cancelled, and what it held was given back.",
        ONCE,
    ]
    assert trail() == [("cancel", NAME, "")]


def test_keys_are_forgotten_when_they_are_of_no_use_any_more(desk, paid):
    do(desk, "confirmation", paid.payment_order)
    facade.sync()
    assert SentForm.objects.count() == 1
    SentForm.objects.update(at=timezone.now() - 2 * once.OPEN_FOR - timedelta(seconds=1))

    facade.sync()

    assert SentForm.objects.count() == 0


# What each does


def test_staff_ask_ping_and_there_is_news(desk, started, ping):
    ping.pay(started.payment.pay_url)

    response = do(desk, "refresh", started.payment_order)

    assert said(response) == ["Ping was asked, and there is news: Paid."]
    assert started.order.status == "Being processed"
    assert trail() == [("refresh", NAME, "")]
    assert started.payment.history[-1]["by"] == "staff"


def test_staff_ask_ping_about_every_attempt_and_nothing_has_changed(desk, started, ping):
    ping.decline(started.payment.pay_url)
    call_back(started)
    context = facade.PaymentContext(absolute_url=lambda path: f"https://shop.example{path}")
    facade.start(started.payment_order.pk, context)
    facade.refresh(started.payment.pk, by="test")
    calls = len(ping.calls())

    response = do(desk, "refresh", started.payment_order)

    assert said(response) == ["Ping was asked. Nothing has changed: Awaiting payment."]
    assert [call["method"] for call in ping.calls()[calls:]] == ["GET", "GET", "GET"]


def test_there_is_nothing_to_ask_about_where_nobody_tried_to_pay(desk, shop):
    (made,) = make({"state": "awaiting"})

    assert said(desk.get(at("refresh", made), follow=True)) == ["Ask Ping: that does not apply now."]


def test_ping_does_not_answer(desk, started, ping):
    ping.misbehave("get_payment", "status", times=None, status=500, body={})

    response = do(desk, "refresh", started.payment_order)

    assert response.status_code == 200
    assert "Not done: Ping does not answer just now. Try again in a minute.<br><small" in text(response)
    assert "(status 500)</small>" in text(response)
    assert trail() == []
    ping.clear_faults()
    again = desk.post(at("refresh", started.payment_order), answers(response), follow=True)
    assert said(again)[0].startswith("Ping was asked")


def test_a_shop_that_is_set_to_another_tenant(desk, started, change):
    change(TENANT_ID="0b9ef1b0-62a5-4a4a-9f43-8f6c5e3b2d11")

    response = do(desk, "refresh", started.payment_order)

    assert f"Not done: Order {started.order.number} belongs to tenant" in text(response)


def test_staff_stop_a_payment_and_the_payer_may_try_again(desk, started, ping):
    response = do(desk, "stop", started.payment_order)

    assert said(response) == ["The payment was stopped."]
    assert started.payment.status == "STOPPED"
    assert started.payment_order.state == "awaiting"
    assert trail() == [("stop", NAME, "#1")]
    assert started.payment_order.payments.get().live is None


def test_a_payment_that_cannot_be_stopped(desk, started, ping):
    ping.misbehave("stop_payment", "status", status=204, body="")

    response = do(desk, "stop", started.payment_order)

    assert "Ping was asked to stop the payment, and says that it is" in text(response)
    assert started.payment.live is True


def test_a_payment_that_ping_refuses_to_stop(desk, started, ping):
    refusal = {"errors": [{"error": "operation_forbidden", "description": "not implemented"}]}
    ping.misbehave("stop_payment", "status", status=403, body=refusal)

    response = do(desk, "stop", started.payment_order)

    assert "Not done. Ping says: operation_forbidden (not implemented)" in text(response)
    assert trail() == []


def test_whether_a_payment_was_stopped_is_not_known_where_ping_does_not_answer(desk, started, ping):
    ping.misbehave("stop_payment", "status", status=500, body={})

    response = do(desk, "stop", started.payment_order)

    assert "Ping did not answer, so whether it was done is not known." in text(response)
    assert "Not done" not in text(response)
    assert said(desk.post(at("stop", started.payment_order), answers(response), follow=True)) == [
        "The payment was stopped."
    ]


def test_there_is_nothing_to_stop_where_no_attempt_is_open(shop):
    (made,) = make({"state": "awaiting"})

    with pytest.raises(facade.NothingToStopError):
        facade.stop(made.pk, person=facade.Person("Bosse"))


def test_staff_cancel_an_order(desk, started, product, ping):
    response = do(desk, "cancel", started.payment_order)

    assert said(response) == ["The order was cancelled, and what it held was given back."]
    assert started.order.status == "Cancelled"
    assert product.stockrecords.get().num_allocated == 0
    assert trail() == [("cancel", NAME, "")]


def test_an_order_that_was_paid_meanwhile_is_not_cancelled(desk, started, ping):
    address = at("cancel", started.payment_order)
    sent = answers(desk.get(address))
    ping.pay(started.payment.pay_url)

    response = desk.post(address, sent, follow=True)

    assert said(response) == ["The order was not cancelled: Paid."]
    assert started.order.status == "Being processed"
    assert trail() == []


def test_an_attempt_is_on_its_way(desk, shopper, product, ping, change):
    change(TIMEOUT=(0.5, 0.5))
    ping.misbehave("initiate_payment", "drop_before")
    shopper.buys(product)

    response = do(desk, "cancel", shopper.payment_order)

    assert f"Not done: An attempt to pay order {shopper.order.number} is on its way." in text(response)


def test_the_mail_server_does_not_take_it(desk, paid, settings, caplog):
    settings.EMAIL_BACKEND = "no.such.MailServer"

    response = do(desk, "confirmation", paid.payment_order)

    assert "The e-mail could not be sent: the mail server did not take it." in text(response)
    assert "A confirmation could not be sent again" in caplog.text
    assert trail() == []


def test_there_is_nobody_to_write_to(desk, paid):
    paid.order.__class__.objects.update(guest_email="")

    response = desk.get(at("confirmation", paid.payment_order), follow=True)

    assert said(response) == ["Send the confirmation again: that does not apply now."]


def test_there_is_nobody_to_write_to_any_more(desk, paid):
    address = at("confirmation", paid.payment_order)
    sent = answers(desk.get(address))
    mail.outbox.clear()
    paid.order.__class__.objects.update(guest_email="")

    response = desk.post(address, sent, follow=True)

    assert said(response) == ["Send the confirmation again: that does not apply now."]
    assert mail.outbox == []


def test_staff_send_a_link_to_pay_by(desk, started):
    mail.outbox.clear()

    response = do(desk, "link", started.payment_order, hours="24", message="Welcome back")

    until = started.payment_order.expires_at
    assert timedelta(hours=23, minutes=59) < until - timezone.now() <= timedelta(hours=24)
    shown = formats.date_format(timezone.localtime(until), "DATETIME_FORMAT")
    assert said(response) == [f"A link was sent to astrid@example.org. Until {shown} the order can be paid."]
    assert [message.to for message in mail.outbox] == [["astrid@example.org"]]
    assert "Welcome back" in mail.outbox[0].body
    assert trail() == [("link", NAME, f"Can be paid until {shown}\nWelcome back")]


def test_for_how_long_is_asked_in_the_language_of_whoever_is_asked(desk, started):
    with translation.override("sv"):
        page = desk.get(at("link", started.payment_order))

    for label in ("1 timme", "4 timmar", "24 timmar", "48 timmar", "7 dagar", "14 dagar", "30 dagar"):
        assert f">{label}</option>" in text(page)


def test_a_link_that_a_colleague_has_just_sent_is_not_sent_again(desk, staff, started):
    colleague = staff("view", "resolve")
    do(colleague, "link", started.payment_order, hours="24")

    response = do(desk, "link", started.payment_order, hours="48")

    assert f"Bosse Berg 1 has just sent a link for order {started.order.number}." in text(response)
    assert f"{started.order.number}.." not in text(response)
    assert len(trail()) == 1


@pytest.mark.parametrize("hours", ["0", "721", "-1", "x", ""])
def test_a_link_for_a_time_that_is_not_offered(desk, started, hours):
    before = started.payment_order.expires_at

    response = do(desk, "link", started.payment_order, hours=hours)

    assert response.status_code == 200
    assert response.context["form"].errors.keys() == {"hours"}
    assert started.payment_order.expires_at == before
    assert trail() == []


def test_there_is_no_link_for_what_cannot_be_paid_any_more(desk, started):
    PaymentOrder.objects.update(status="CLOSED")

    response = desk.get(at("link", started.payment_order), follow=True)

    assert said(response) == ["Send a payment link: that does not apply now."]


def test_staff_say_that_they_have_looked(desk, twice):
    response = do(desk, "resolve", twice.payment_order, note="Refunded by phone")

    assert said(response) == ["Resolved: Paid twice."]
    assert twice.payment_order.attention == ""
    assert trail() == [("resolve", NAME, "Paid twice: Refunded by phone")]
    note = twice.order.notes.order_by("-pk").first().message
    assert note == f"{NAME} has looked at “Paid twice”: Refunded by phone"


def test_something_must_be_said(desk, twice):
    response = do(desk, "resolve", twice.payment_order, note=" ")

    assert "This field is required." in text(response)
    assert twice.payment_order.attention == "duplicate"
    assert SentForm.objects.count() == 0


def test_something_else_needs_attention_in_the_very_instant(desk, twice):
    address = at("resolve", twice.payment_order)
    sent = answers(desk.get(address), note="Hm")
    changes = [{"attention": "late"}]

    def before_it_is_locked(execute, sql, *rest):
        if table_of(sql) == "pingpayments_payment" and "JOIN" in sql and changes:
            PaymentOrder.objects.update(**changes.pop())
        return execute(sql, *rest)

    with connection.execute_wrapper(before_it_is_locked):
        response = desk.post(address, sent)

    assert "Something else needs attention by now." in text(response)
    assert twice.payment_order.attention == "late"
    assert trail() == []


def test_who_has_no_name_is_their_address(staff, started):
    client = staff("view", first_name="", last_name="")

    do(client, "refresh", started.payment_order)

    assert trail() == [("refresh", client.user.email, "")]


def test_what_is_done_stays_done_where_every_request_is_a_transaction(desk, paid, settings):
    for name in ("refresh", "cancel", "resolve"):
        view = resolve(at(name, paid.payment_order)).func
        assert "default" in view._non_atomic_requests
