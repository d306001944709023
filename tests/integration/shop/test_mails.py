"""What payers are told by e-mail, when and how often, and when nobody is written to."""

from __future__ import annotations

import re
from decimal import Decimal

import pytest
from django.contrib.sites.models import Site
from django.core import mail
from django.db import transaction
from django.urls import reverse
from django.utils import timezone
from oscar.core.loading import get_model

from oscar_pingpayments import facade
from oscar_pingpayments.facade import addresses, outbox
from oscar_pingpayments.models import Effect, Payment, PaymentOrder, Refund
from tests.shopper import Shopper

from .answers import let_ping_answer
from .conftest import call_back, nothing_changes
from .mails import (
    DOWN,
    WORKING,
    cancels,
    declines,
    html,
    lines,
    minutes_pass,
    pays,
    refunds,
    shown,
    subjects,
    tries_again,
)


@pytest.fixture
def paid(paid):
    """A payer whose order of 299.00 is paid; the confirmation is out of the way."""
    mail.outbox.clear()
    return paid


# An attempt that failed


def test_who_was_declined_and_did_not_come_back_is_told_once_and_where_to_try_again(declined):
    facade.sync()
    assert mail.outbox == []

    minutes_pass()
    minutes_pass()

    (message,) = mail.outbox
    number, token = declined.order.number, declined.payment_order.token
    until = declined.payment_order.expires_at
    assert message.to == ["astrid@example.org"]
    assert message.subject == f"Order {number} is not paid yet"
    assert lines(message.body) == [
        "Hello,",
        f"Your order {number} is not paid yet. The payment was not completed, and nothing has been charged.",
        "Amount: SEK299.00",
        f"Until {shown(until)} you can try again on this page:",
        f"https://example.com/pingpayments/payment/{token}/",
        "The example.com team",
    ]
    assert f'href="https://example.com/pingpayments/payment/{token}/">Try again</a>' in html(message)


@pytest.mark.parametrize(
    ("domain", "scheme"),
    [("shop.example", "https"), ("127.0.0.1:8000", "http"), ("localhost", "http"), ("[", "https")],
)
def test_links_are_https_except_to_this_machine_itself(db, domain, scheme):
    assert addresses.absolute("/payment/", Site(domain=domain)) == f"{scheme}://{domain}/payment/"


def test_who_is_declined_again_is_told_some_minutes_after_the_last_time(declined, ping):
    tries_again(declined)
    Effect.objects.update(claimed_at="2000-01-01T00:00Z")
    declines(declined, ping)

    facade.sync()
    assert mail.outbox == []
    minutes_pass()

    assert subjects() == ["Order {} is not paid yet"]


def test_an_order_is_written_about_once_however_often_it_is_declined(declined, ping):
    minutes_pass()
    tries_again(declined)
    declines(declined, ping)

    minutes_pass()

    assert subjects() == ["Order {} is not paid yet"]


def is_being_paid(shopper, ping) -> None:
    tries_again(shopper)


def is_changed(shopper, ping) -> None:
    shopper.client.post(reverse("pingpayments:change", args=[shopper.payment_order.token]))


def is_cancelled_in_oscar(shopper, ping) -> None:
    get_model("order", "Order").objects.update(status="Cancelled")


def has_no_more_attempts(shopper, ping) -> None:
    PaymentOrder.objects.update(attempts=10)


def money_is_kept_for_a_person(shopper, ping) -> None:
    tries_again(shopper)
    let_ping_answer(ping, shopper.payment, total_amount=100)
    facade.refresh(shopper.payment.pk, by="test")


@pytest.mark.parametrize(
    "meanwhile",
    [
        pays,
        is_being_paid,
        cancels,
        is_changed,
        is_cancelled_in_oscar,
        has_no_more_attempts,
        money_is_kept_for_a_person,
    ],
)
def test_nobody_is_told_to_try_again_whose_order_moved_on_meanwhile(declined, ping, meanwhile):
    meanwhile(declined, ping)

    minutes_pass()

    assert "Order {} is not paid yet" not in subjects()
    assert not Effect.objects.filter(name="failed_mail").exists()


def test_nobody_is_told_to_try_again_whose_time_is_up(declined):
    Effect.objects.update(claimed_at="2000-01-01T00:00Z")
    PaymentOrder.objects.update(expires_at=timezone.now())

    outbox.carry_out_due()

    assert mail.outbox == []


def test_who_was_paying_when_the_mail_was_due_and_fails_again_is_told(declined, ping):
    tries_again(declined)
    minutes_pass()
    declines(declined, ping)

    minutes_pass()

    assert subjects() == ["Order {} is not paid yet"]


def test_who_gave_up_on_the_page_is_told_too(started, ping):
    ping.abort(started.payment.pay_url)
    call_back(started, '{"status": "ABORTED"}')

    minutes_pass()

    assert subjects() == ["Order {} is not paid yet"]


def test_r14_opening_the_link_in_the_mail_starts_and_cancels_nothing(declined, ping):
    minutes_pass()
    (link,) = re.findall(r"https://example\.com(\S+)", mail.outbox[0].body)
    Payment.objects.update(page_asked_at=timezone.now())
    calls = len(ping.calls())

    with nothing_changes():
        page = Shopper().client.get(link)

    assert page.status_code == 200
    assert "Try again" in page.content.decode()
    assert len(ping.calls()) == calls


# An order that ended unpaid


def test_who_did_not_pay_in_time_is_told_and_may_order_again(started):
    PaymentOrder.objects.update(expires_at=timezone.now())

    facade.sync()
    facade.sync()

    (message,) = mail.outbox
    number, token = started.order.number, started.payment_order.token
    assert message.subject == f"Order {number} has been cancelled"
    said = lines(message.body)
    assert said[1] == (
        f"The time to pay your order {number} has run out, so it has been cancelled. "
        "Nothing has been charged."
    )
    assert said[-3:-1] == [
        "If you would still like to have it, you are welcome to order again:",
        f"https://example.com/pingpayments/payment/{token}/",
    ]
    assert f'href="https://example.com/pingpayments/payment/{token}/">Order again</a>' in html(message)


def test_whose_order_staff_cancelled_is_told_and_not_asked_to_order_again(started):
    for _ in range(2):
        facade.cancel(started.payment_order.pk, by="staff", person=facade.Person("Kim"))

    (message,) = mail.outbox
    number = started.order.number
    assert message.subject == f"Order {number} has been cancelled"
    assert lines(message.body)[1] == f"Your order {number} has been cancelled. Nothing has been charged."
    assert "https://" not in message.body
    assert "Order again" not in html(message)


def test_whose_order_staff_cancelled_in_oscars_dashboard_is_told(started, admin_client):
    url = reverse("dashboard:order-detail", kwargs={"number": started.order.number})

    with transaction.atomic():
        admin_client.post(url, {"order_action": "change_order_status", "new_status": "Cancelled"})

    assert started.payment_order.state == "cancelled"
    assert subjects() == ["Order {} has been cancelled"]


def test_who_changes_the_order_is_not_told_of_it(started):
    is_changed(started, None)

    minutes_pass()

    assert started.payment_order.state == "cancelled"
    assert mail.outbox == []


def test_nobody_is_told_that_nothing_was_charged_once_money_has_come(started, ping, settings):
    settings.EMAIL_BACKEND = DOWN
    facade.cancel(started.payment_order.pk, by="staff")
    ping.says(started.payment.ping_id, "COMPLETED")
    facade.refresh(started.payment.pk, by="test")
    settings.EMAIL_BACKEND = WORKING

    minutes_pass()

    assert started.payment_order.attention == "late"
    assert "Order {} has been cancelled" not in subjects()
    assert not Effect.objects.filter(name="cancelled_mail").exists()


# Money that went back


def test_who_gets_a_part_back_is_told_how_much_and_what_is_left(paid, ping):
    refunds(paid, ping, 5000)
    assert mail.outbox == []  # whoever found out, a callback perhaps, was not kept waiting

    minutes_pass()
    refunds(paid, ping, 5000)
    minutes_pass()

    (message,) = mail.outbox
    number = paid.order.number
    assert message.subject == f"Refund for order {number}"
    assert lines(message.body)[1:-1] == [
        f"We have refunded SEK50.00 for your order {number}.",
        "Refunded now: SEK50.00",
        "Not refunded: SEK249.00",
        "The money goes back to the card that you paid with. When it shows there is up to your bank.",
    ]
    assert "https://" not in message.body


def test_each_refund_is_told_of_once(paid, ping):
    refunds(paid, ping, 5000)
    minutes_pass()
    refunds(paid, ping, 5000, 24900)
    minutes_pass()
    minutes_pass()

    first, second = mail.outbox
    assert lines(first.body)[2:4] == ["Refunded now: SEK50.00", "Not refunded: SEK249.00"]
    assert lines(second.body)[2] == "Refunded now: SEK249.00"
    assert "Not refunded" not in second.body + html(second)  # nothing is left


def test_a_refund_that_ping_has_not_carried_out_is_not_told_of(paid, ping):
    Refund.objects.create(payment=paid.payment, amount=Decimal("50.00"), message="Sorry!")

    minutes_pass()

    assert mail.outbox == []


def test_o14_what_staff_say_of_a_refund_is_read_as_it_was_written(paid, ping):
    words = 'Sorry & <b onclick="x">thanks</b>\nKim'
    Refund.objects.create(payment=paid.payment, amount=Decimal("50.00"), message=words)
    refunds(paid, ping, 5000)

    minutes_pass()

    (message,) = mail.outbox
    assert f"\n{words}\n" in message.body
    assert "Sorry &amp; &lt;b onclick=&quot;x&quot;&gt;thanks&lt;/b&gt;<br>Kim" in html(message)
    assert "<b onclick" not in html(message)


# Which of them


@pytest.mark.parametrize(
    ("key", "happens", "subject"),
    [
        ("confirmation", pays, "Confirmation of order {}"),
        ("failed", lambda shopper, ping: None, "Order {} is not paid yet"),
        ("cancelled", cancels, "Order {} has been cancelled"),
        (
            "refunded",
            lambda shopper, ping: (pays(shopper, ping), refunds(shopper, ping, 29900)),
            "Refund for order {}",
        ),
    ],
    ids=["confirmation", "failed", "cancelled", "refunded"],
)
@pytest.mark.parametrize("wanted", [True, False])
def test_each_can_be_switched_off(started, ping, change, key, happens, subject, wanted):
    change(EMAILS={key: wanted})
    declines(started, ping)
    happens(started, ping)

    minutes_pass()

    assert (subject in subjects()) is wanted
    assert not Effect.objects.filter(done_at=None).exists()


def test_a_confirmation_that_is_switched_off_can_still_be_sent_by_hand(started, ping, change):
    change(EMAILS={"confirmation": False})
    ping.pay(started.payment.pay_url)
    call_back(started)

    facade.send_confirmation_again(started.payment_order.pk, person=facade.Person("Kim"))

    assert subjects() == ["Confirmation of order {}"]


# When the mail server is down, and whom there is to write to


def test_s10_what_the_mail_server_did_not_take_is_sent_once_it_does(declined, settings, caplog):
    settings.EMAIL_BACKEND = DOWN
    minutes_pass()
    assert "An effect of a payment failed" in caplog.text
    assert Effect.objects.get(name="failed_mail").error == "ModuleNotFoundError"
    settings.EMAIL_BACKEND = WORKING
    facade.sync()
    assert mail.outbox == []  # not at once

    minutes_pass()
    minutes_pass()

    assert subjects() == ["Order {} is not paid yet"]


def test_an_order_ends_although_its_payer_cannot_be_told(started, settings):
    settings.EMAIL_BACKEND = DOWN

    facade.cancel(started.payment_order.pk, by="staff")

    assert started.payment_order.state == "cancelled"
    settings.EMAIL_BACKEND = WORKING
    minutes_pass()
    assert subjects() == ["Order {} has been cancelled"]


@pytest.mark.parametrize("nobody", ["no address", "deleted"])
def test_nobody_is_written_to_who_cannot_be(declined, nobody):
    order = declined.order
    if nobody == "deleted":
        order.delete()
        PaymentOrder.objects.get().effects.filter(name="failed_mail").update(name="cancelled_mail")
        PaymentOrder.objects.update(state="cancelled")
    else:
        order.guest_email = ""
        order.save()

    minutes_pass()

    assert mail.outbox == []
    assert PaymentOrder.objects.get().effects.get().done_at is not None
