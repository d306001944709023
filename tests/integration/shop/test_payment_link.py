"""A link that staff send to the payer of an order that is not paid: from the mail to the paid order."""

from __future__ import annotations

import re
from datetime import timedelta
from io import StringIO
from typing import Any

import pytest
from django.core import mail
from django.core.management import CommandError, call_command
from django.utils import timezone
from oscar.core.loading import get_model

from oscar_pingpayments import facade
from oscar_pingpayments.exceptions import ConfigurationError, GatewayError
from oscar_pingpayments.models import Effect, Payment, PaymentOrder, StaffAction
from tests.shopper import Shopper

from .answers import let_ping_answer
from .conftest import call_back, nothing_changes
from .mails import DOWN, WORKING, declines, html, lines, minutes_pass, shown, subjects, tries_again

KIM = facade.Person("Kim")
DAY = timedelta(days=1)
READY = "The order is waiting to be paid"


def send(shopper: Shopper, window: timedelta = DAY, **options: Any) -> PaymentOrder:
    return facade.send_payment_link(
        shopper.payment_order.pk, **{"person": KIM, "window": window, "message": "", **options}
    )


def days_pass(shopper: Shopper, days: int = 3) -> None:
    """Let the order have been placed days ago, and wait still: Ping could not be asked meanwhile."""
    ago = timezone.now() - days * DAY
    PaymentOrder.objects.update(created_at=ago, expires_at=ago + timedelta(hours=1))
    Payment.objects.update(created_at=ago, sent_at=ago, changed_at=ago)
    StaffAction.objects.update(at=ago)


def link_in(message: Any) -> str:
    """The path of the address in a mail."""
    (path,) = re.findall(r"https://example\.com(\S+)", message.body)
    return str(path)


def pays_by_link(path: str, ping: Any) -> str:
    """Open the link in a browser that knows nothing of the order, press the button, and pay."""
    stranger = Shopper(email="")
    page = stranger.client.get(path).content.decode()
    (action,) = re.findall(r'<form method="post" action="([^"]+/pay/)"', page)
    answer = stranger.client.post(action)
    assert answer.status_code == 303
    back = ping.pay(answer["Location"])
    Payment.objects.update(page_asked_at=None)  # typing a card's number takes a while
    return str(stranger.client.get(back.removeprefix("http://testserver"), follow=True).content.decode())


@pytest.fixture
def waiting(declined):
    """A payer whose card was declined days ago, and whose order waits still; nothing is in the mail."""
    Effect.objects.filter(name="failed_mail").delete()
    days_pass(declined)
    return declined


def test_the_payer_gets_a_link_and_time(waiting):
    before = timezone.now()

    payment_order = send(waiting, timedelta(hours=48), message="Sorry for the trouble!\nKim")

    (message,) = mail.outbox
    number, token, until = waiting.order.number, payment_order.token, payment_order.expires_at
    assert message.to == ["astrid@example.org"]
    assert message.subject == f"Order {number} is waiting to be paid"
    assert lines(message.body) == [
        "Hello,",
        f"Your order {number} is waiting to be paid.",
        "Sorry for the trouble!",
        "Kim",
        "Amount: SEK299.00",
        f"Until {shown(until)} you can pay on this page; nothing is charged by opening it:",
        f"https://example.com/pingpayments/payment/{token}/",
        "The example.com team",
    ]
    assert f'href="https://example.com/pingpayments/payment/{token}/">Pay now</a>' in html(message)
    assert payment_order == waiting.payment_order
    assert payment_order.state == "awaiting"
    assert before + 2 * DAY <= waiting.payment_order.expires_at <= timezone.now() + 2 * DAY
    action = waiting.payment_order.staff_actions.get()
    assert (action.name, action.by) == ("link", "Kim")
    assert action.detail == f"Can be paid until {shown(until)}\nSorry for the trouble!\nKim"


def test_a_stranger_who_holds_the_link_pays_the_order(waiting, ping):
    send(waiting)

    page = pays_by_link(link_in(mail.outbox[0]), ping)

    assert "Thank you, the order is paid" in page
    assert (waiting.payment_order.state, waiting.order.status) == ("paid", "Being processed")
    assert [payment.status for payment in waiting.payment_order.payments.order_by("number")] == [
        "DECLINED",
        "COMPLETED",
    ]
    assert subjects() == ["Order {} is waiting to be paid", "Confirmation of order {}"]


@pytest.mark.parametrize("place", ["link", "paid"])
def test_r5_the_page_behind_the_link_tells_a_stranger_nothing_personal(waiting, ping, place):
    send(waiting)
    path = link_in(mail.outbox[0])
    if place == "paid":
        pays_by_link(path, ping)

    answer = Shopper(email="").client.get(path)

    page = answer.content.decode()
    for personal in (
        waiting.order.number,
        "299.00",
        "astrid@example.org",
        "Lindqvist",
        "Vimmerby",
        "Lantern",
    ):
        assert personal not in page
    assert answer["Cache-Control"] == "no-store, private"
    assert answer["X-Robots-Tag"] == "noindex, nofollow"
    assert "Change my order" not in page


def test_r14_opening_the_link_starts_nothing(waiting, ping):
    send(waiting)
    path = link_in(mail.outbox[0])
    Payment.objects.update(page_asked_at=timezone.now())
    calls = len(ping.calls())

    with nothing_changes():
        for client in (Shopper(email="").client, waiting.client):
            assert client.get(path).status_code == 200
            assert client.head(path).status_code == 200
            assert client.get(f"{path}pay/").status_code == 405

    assert len(ping.calls()) == calls


# Orders that nobody could pay so far


def test_an_order_whose_payment_was_never_begun_is_paid_by_the_link(started, ping):
    Payment.objects.all().delete()  # the process died when the order had been placed
    PaymentOrder.objects.update(attempts=0)
    days_pass(started)

    send(started)
    path = link_in(mail.outbox[0])
    page = Shopper(email="").client.get(path).content.decode()

    assert READY in page
    assert f"Until {shown(started.payment_order.expires_at)} the order can be paid here." in page
    assert "Thank you, the order is paid" in pays_by_link(path, ping)


def test_an_attempt_that_could_not_be_sent_days_ago_begins_anew(started, ping, change):
    Payment.objects.update(ping_id=None, pay_url="")
    days_pass(started)
    Payment.objects.update(sent_at=None, ask_again_at=None)

    send(started)
    path = link_in(mail.outbox[0])
    assert READY in Shopper(email="").client.get(path).content.decode()
    stranger = Shopper(email="")
    change(BASE_URL="http://127.0.0.1:9/payments")  # where nobody listens
    assert stranger.client.post(f"{path}pay/")["Location"] == path
    assert "The payment could not be started" in stranger.client.get(path).content.decode()
    change(**ping.settings())

    assert "Thank you, the order is paid" in pays_by_link(path, ping)
    payment = started.payment
    assert (payment.number, payment.status) == (1, "COMPLETED")
    assert payment.created_at > timezone.now() - timedelta(minutes=1)


def test_who_meets_a_shop_that_cannot_start_a_payment_is_told_so(started, change):
    Payment.objects.all().delete()
    PaymentOrder.objects.update(attempts=0)
    days_pass(started)
    send(started)
    path = link_in(mail.outbox[0])
    change(TENANT_ID="99999999-9999-4999-8999-999999999999")
    stranger = Shopper(email="")

    page = stranger.client.post(f"{path}pay/", follow=True).content.decode()

    assert READY in page
    assert "Something went wrong, and the payment was not started. Try again soon." in page


def test_a_card_page_that_was_opened_days_ago_is_stopped_and_another_one_opened(started, ping):
    old = started.payment
    days_pass(started)

    send(started)

    assert [remote["status"] for remote in ping.payments()] == ["STOPPED"]
    assert "Thank you, the order is paid" in pays_by_link(link_in(mail.outbox[0]), ping)
    assert started.payment.number == 2
    assert started.payment.pay_url != old.pay_url
    assert started.payment_order.attention == ""


def test_a_card_page_that_ping_cannot_stop_stays_the_only_one(started, ping):
    ping.manners(stop_refused=True)
    days_pass(started)

    send(started)

    assert "Thank you, the order is paid" in pays_by_link(link_in(mail.outbox[0]), ping)
    assert started.payment.number == 1


def test_a_payer_who_is_on_the_card_page_is_not_disturbed(started, ping):
    send(started)

    assert [remote["status"] for remote in ping.payments()] == ["INITIATED"]
    assert started.payment.can_be_paid_at
    assert "Thank you, the order is paid" in pays_by_link(link_in(mail.outbox[0]), ping)


# The time


def test_after_its_time_the_link_leads_to_nothing_to_pay_and_the_order_ends(waiting, ping):
    send(waiting)
    path = link_in(mail.outbox[0])
    PaymentOrder.objects.update(expires_at=timezone.now())
    attempts = len(ping.payments())

    page = Shopper(email="").client.get(path).content.decode()
    Shopper(email="").client.post(f"{path}pay/")

    assert "The time to pay has run out" in page
    assert "Pay now" not in page
    assert len(ping.payments()) == attempts
    facade.sync()
    assert (waiting.payment_order.state, waiting.order.status) == ("expired", "Cancelled")
    assert subjects() == ["Order {} is waiting to be paid", "Order {} has been cancelled"]


def test_an_order_does_not_end_while_its_link_can_be_used(waiting):
    send(waiting)

    facade.sync()

    assert waiting.payment_order.state == "awaiting"


@pytest.mark.parametrize("window", [timedelta(minutes=15), timedelta(days=30)])
def test_a_later_link_replaces_the_time_of_an_earlier_one(waiting, window):
    send(waiting, timedelta(days=2))
    StaffAction.objects.update(at=timezone.now() - timedelta(seconds=61))

    payment_order = send(waiting, window, person=facade.Person("Robin"))

    assert abs(payment_order.expires_at - timezone.now() - window) < timedelta(seconds=5)
    assert subjects() == ["Order {} is waiting to be paid"] * 2
    assert [action.by for action in waiting.payment_order.staff_actions.order_by("pk")] == ["Kim", "Robin"]


def test_two_clicks_are_one_link(waiting):
    first = send(waiting)

    with pytest.raises(facade.NoLinkError, match=f"Kim has just sent a link for order {first.order_number}."):
        send(waiting, timedelta(days=2), person=facade.Person("Robin"))

    assert subjects() == ["Order {} is waiting to be paid"]
    assert waiting.payment_order.expires_at == first.expires_at
    assert waiting.payment_order.staff_actions.count() == 1


# Where there is nothing to send


def is_paid(shopper: Shopper, ping: Any) -> None:
    tries_again(shopper)
    ping.pay(shopper.payment.pay_url)
    call_back(shopper)


def is_paid_and_nobody_knows(shopper: Shopper, ping: Any) -> None:
    tries_again(shopper)
    ping.pay(shopper.payment.pay_url)


def money_is_kept_for_a_person(shopper: Shopper, ping: Any) -> None:
    let_ping_answer(ping, shopper.payment, total_amount=100)
    facade.refresh(shopper.payment.pk, by="test")


def is_cancelled(shopper: Shopper, ping: Any) -> None:
    facade.cancel(shopper.payment_order.pk, by="staff")


def is_cancelled_in_oscar(shopper: Shopper, ping: Any) -> None:
    get_model("order", "Order").objects.update(status="Cancelled")


def has_expired(shopper: Shopper, ping: Any) -> None:
    PaymentOrder.objects.update(expires_at=timezone.now())
    facade.sync()


def was_deleted(shopper: Shopper, ping: Any) -> None:
    shopper.order.delete()


NOT_WAITING = "Order {} does not wait for a payment."


@pytest.mark.parametrize(
    ("happened", "why"),
    [
        (is_paid, NOT_WAITING),
        (is_paid_and_nobody_knows, NOT_WAITING),
        (money_is_kept_for_a_person, NOT_WAITING),
        (is_cancelled, NOT_WAITING),
        (is_cancelled_in_oscar, NOT_WAITING),
        (has_expired, NOT_WAITING),
        (was_deleted, NOT_WAITING),
        (
            lambda shopper, ping: PaymentOrder.objects.update(status="CLOSED"),
            "Ping does not take payments for order {} any more.",
        ),
        (
            lambda shopper, ping: get_model("order", "Order").objects.update(guest_email=""),
            "Order {} has no e-mail address to write to.",
        ),
        (
            lambda shopper, ping: PaymentOrder.objects.update(attempts=10),
            "10 attempts were made to pay order {}; no more is allowed.",
        ),
    ],
    ids=[
        "paid",
        "paid at Ping",
        "money kept",
        "cancelled",
        "cancelled in Oscar",
        "expired",
        "deleted",
        "closed",
        "no address",
        "too many attempts",
    ],
)
def test_no_link_is_sent_for_an_order_that_cannot_be_paid(started, ping, happened, why):
    declines(started, ping)
    payment_order = started.payment_order
    happened(started, ping)
    mail.outbox.clear()

    with pytest.raises(facade.NoLinkError) as refused:
        facade.send_payment_link(payment_order.pk, person=KIM, window=DAY)

    assert str(refused.value) == why.format(payment_order.order_number)
    assert "Order {} is waiting to be paid" not in subjects()
    assert not StaffAction.objects.filter(name="link").exists()
    assert PaymentOrder.objects.get().expires_at <= timezone.now() + timedelta(hours=1)


@pytest.mark.parametrize(
    "window", [timedelta(), timedelta(minutes=14), timedelta(days=-1), timedelta(days=30, seconds=1)]
)
def test_the_time_has_a_least_and_a_most(waiting, ping, window):
    calls = len(ping.calls())

    with nothing_changes(), pytest.raises(facade.NoLinkError, match="15 minutes at least and for 30 days"):
        send(waiting, window)

    assert len(ping.calls()) == calls


def test_no_link_is_sent_while_ping_cannot_be_asked(waiting, ping, change):
    change(TIMEOUT=(0.2, 0.2))
    ping.misbehave("get_payment", "refuse", times=None)
    before = waiting.payment_order.expires_at

    with pytest.raises(GatewayError):
        send(waiting)

    assert mail.outbox == []
    assert waiting.payment_order.expires_at == before


@pytest.mark.parametrize("tried", [True, False])
def test_o16_no_link_is_sent_for_another_tenants_order(started, change, tried):
    if not tried:
        Payment.objects.all().delete()
        PaymentOrder.objects.update(attempts=0)
    change(TENANT_ID="99999999-9999-4999-8999-999999999999")

    with nothing_changes(), pytest.raises(ConfigurationError, match="belongs to tenant"):
        send(started)

    assert mail.outbox == []


# The mail


def test_a_link_that_the_mail_server_did_not_take_is_sent_once_it_does(waiting, settings):
    settings.EMAIL_BACKEND = DOWN
    send(waiting, message="Hej!")
    settings.EMAIL_BACKEND = WORKING

    minutes_pass()
    minutes_pass()

    assert subjects() == ["Order {} is waiting to be paid"]
    assert "\nHej!\n" in mail.outbox[0].body


def test_a_link_that_is_of_no_use_any_more_is_not_sent_again(waiting, ping, settings):
    settings.EMAIL_BACKEND = DOWN
    send(waiting)
    settings.EMAIL_BACKEND = WORKING
    is_paid(waiting, ping)

    minutes_pass()

    assert subjects() == ["Confirmation of order {}"]


def test_of_two_links_that_could_not_be_sent_the_later_one_is(waiting, settings):
    settings.EMAIL_BACKEND = DOWN
    send(waiting, message="The first")
    StaffAction.objects.update(at=timezone.now() - timedelta(minutes=2))
    send(waiting, message="The second")
    settings.EMAIL_BACKEND = WORKING

    minutes_pass()

    assert ["\nThe second\n" in message.body for message in mail.outbox] == [True]


def test_the_link_comes_instead_of_the_mail_about_a_failed_attempt(started, ping):
    declines(started, ping)

    send(started)
    minutes_pass()

    assert subjects() == ["Order {} is waiting to be paid"]


def test_o14_what_staff_write_is_read_as_it_was_written(waiting):
    words = "<script>alert(1)</script> & {{ order.number }}\r\nSubject: Kim"

    send(waiting, message=words)

    (message,) = mail.outbox
    assert "<script>alert(1)</script> & {{ order.number }}" in message.body
    assert "&lt;script&gt;alert(1)&lt;/script&gt; &amp; {{ order.number }}<br>Subject: Kim" in html(message)
    assert "<script>" not in html(message)
    assert message.message()["Subject"] == f"Order {waiting.order.number} is waiting to be paid"


def test_o7_what_staff_wrote_is_forgotten_with_the_payer(waiting):
    send(waiting, message="Dear Astrid")

    forgotten = facade.forget_payer(waiting.payment_order.pk)

    assert forgotten.messages == 1
    assert waiting.payment_order.effects.get(name="link_mail").message == ""
    action = waiting.payment_order.staff_actions.get()
    assert (action.name, action.by, action.detail) == ("link", "Kim", "")


# From the command line


def command(*arguments: str) -> str:
    out = StringIO()
    call_command("pingpayments_order", *arguments, stdout=out, no_color=True)
    return out.getvalue()


def test_the_link_can_be_sent_from_the_command_line(waiting):
    shown_order = command(waiting.order.number, "--send-link", "1.5")

    assert subjects() == ["Order {} is waiting to be paid"]
    assert f"Order {waiting.order.number}: Awaiting payment" in shown_order
    left = waiting.payment_order.expires_at - timezone.now()
    assert timedelta(minutes=89) < left <= timedelta(minutes=90)


@pytest.mark.parametrize("hours", ["soon", "nan", "inf", "1e99"])
def test_hours_are_a_number(waiting, hours):
    with pytest.raises(CommandError, match=f"'{hours}' is not a number of hours"):
        command(waiting.order.number, "--send-link", hours)


def test_the_command_says_why_no_link_was_sent(waiting):
    with pytest.raises(CommandError, match="Not done: A payment link can be used for 15 minutes at least"):
        command(waiting.order.number, "--send-link", "-1")
