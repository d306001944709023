"""What staff are told, how often, and what they say back."""

from __future__ import annotations

import getpass
from datetime import timedelta
from io import StringIO

import django
import pytest
from django.core import mail
from django.core.management import CommandError, call_command
from django.urls import reverse
from django.utils import timezone

from oscar_pingpayments import facade
from oscar_pingpayments.exceptions import AuthenticationError
from oscar_pingpayments.facade import alerts, outbox
from oscar_pingpayments.models import Callback, Effect, Exchange, Mark, Payment, PaymentOrder
from tests.shopper import Shopper, create_product

from .answers import let_ping_answer
from .books import assert_books_agree
from .conftest import call_back, come_back

STAFF = "payments@shop.example"
SECRET = "quite-another-secret"


@pytest.fixture
def told(change):
    """The subjects of the e-mails to staff."""
    change(STAFF_EMAILS=[STAFF])
    return lambda: [message.subject for message in mail.outbox if message.to == [STAFF]]


@pytest.fixture
def odd(started, ping):
    """A payer who has paid another amount than was asked for."""
    let_ping_answer(ping, started.payment, total_amount=100)
    facade.refresh(started.payment.pk, by="test")
    return started


def command(*arguments: str) -> str:
    out = StringIO()
    call_command("pingpayments_order", *arguments, stdout=out, no_color=True)
    return out.getvalue()


def trail(shopper: Shopper) -> list[tuple[str, str, str]]:
    """What staff did about the payer's order, in the order in which they did it."""
    actions = shopper.payment_order.staff_actions.order_by("pk")
    return list(actions.values_list("name", "by", "detail"))


def test_m3_staff_are_told_once_of_money_that_does_not_fit(started, ping, told, heard):
    let_ping_answer(ping, started.payment, total_amount=100)

    for _ in range(3):
        facade.refresh(started.payment.pk, by="test")

    number = started.order.number
    assert told() == [f"Order {number} needs a person: Another amount or currency than was asked for"]
    body = mail.outbox[0].body
    assert "Asked for: 299.00 SEK" in body
    assert "Paid: 1.00 SEK" in body
    assert f'pingpayments_order {number} --resolve "..."' in body
    assert reverse("dashboard:order-detail", args=[number]) in body
    assert [name for name, _ in heard] == ["attention_needed"]


def test_without_addresses_of_our_own_it_is_djangos_managers_who_are_told(started, ping, settings):
    settings.MANAGERS = ["boss@shop.example"] if django.VERSION >= (6,) else [("Boss", "boss@shop.example")]
    let_ping_answer(ping, started.payment, total_amount=100)

    facade.refresh(started.payment.pk, by="test")

    assert [message.to for message in mail.outbox] == [["boss@shop.example"]]


def test_what_settles_itself_and_happens_again_is_told_once(started, ping, told):
    for word in ("HELD_FOR_REVIEW", "PENDING", "HELD_FOR_REVIEW"):
        ping.says(started.payment.ping_id, word)
        facade.refresh(started.payment.pk, by="test")

    assert started.payment_order.attention == "unknown_status"
    assert len(told()) == 1


def test_each_further_reason_is_told(odd, ping, told):
    ping.edit(odd.payment.ping_id, id="00000000-0000-4000-8000-0000000000aa")

    facade.refresh(odd.payment.pk, by="test")
    facade.refresh(odd.payment.pk, by="test")

    assert [subject.partition(": ")[2] for subject in told()] == ["Ping answered about another payment"]


def test_s6_refused_credentials_are_one_alert_however_many_payers_they_hit(ping, told, change):
    product = create_product()
    change(API_SECRET=SECRET)

    for number in range(3):
        Shopper(email=f"payer{number}@example.org").buys(product)

    assert told() == ["Ping refuses the shop's credentials: no card is taken"]
    assert SECRET not in mail.outbox[0].body


def test_s6_a_refusal_that_hits_every_payer_is_one_alert(ping, told):
    product = create_product()
    ping.misbehave("initiate_payment", "status", status=422, times=None)

    for number in range(3):
        Shopper(email=f"payer{number}@example.org").buys(product)

    assert len(told()) == 1
    assert "Ping refused the payment" in told()[0]
    assert Effect.objects.filter(name="staff_mail", done_at__isnull=False).count() == 3


def test_s6_after_an_hour_staff_are_told_again(started, ping, told, change):
    change(API_SECRET=SECRET)
    for _ in range(2):
        with pytest.raises(AuthenticationError):
            facade.refresh(started.payment.pk, by="test")
    assert len(told()) == 1
    Mark.objects.update(at=timezone.now() - alerts.QUIET - timedelta(seconds=1))

    with pytest.raises(AuthenticationError):
        facade.refresh(started.payment.pk, by="test")

    assert len(told()) == 2


def test_a_mail_server_that_is_down_does_not_swallow_the_alert(ping, told, change, settings, caplog):
    product = create_product()
    working = settings.EMAIL_BACKEND
    settings.EMAIL_BACKEND = "no.such.MailServer"
    change(API_SECRET=SECRET)
    Shopper().buys(product)
    settings.EMAIL_BACKEND = working
    assert "Staff could not be told" in caplog.text

    Shopper().buys(product)

    assert len(told()) == 1


def test_staff_are_told_by_a_later_sync_where_the_process_died(odd, told):
    Effect.objects.update(done_at=None, claimed_at=timezone.now() - outbox.RETRY_AFTER - timedelta(seconds=1))

    assert facade.sync().effects == 2

    assert len(told()) == 1


def test_without_oscars_dashboard_there_is_no_link(started, ping, told, settings):
    settings.ROOT_URLCONF = "oscar_pingpayments.urls"
    let_ping_answer(ping, started.payment, total_amount=100)

    facade.refresh(started.payment.pk, by="test")

    assert len(told()) == 1
    assert "https://" not in mail.outbox[0].body


# What staff say back


def test_what_was_looked_at_needs_attention_no_more(odd):
    assert facade.sync().attention == 1

    shown = command(odd.order.number, "--resolve", "Called the payer, who pays the rest")

    assert odd.payment_order.attention == ""
    assert "needs attention" not in shown
    assert facade.sync().attention == 0
    looked = "Another amount or currency than was asked for: Called the payer, who pays the rest"
    assert trail(odd) == [("resolve", getpass.getuser(), looked)]
    note = odd.order.notes.order_by("-pk").first().message
    assert note.endswith(
        "has looked at “Another amount or currency than was asked for”: Called the payer, who pays the rest"
    )


def test_what_happens_again_after_it_was_looked_at_is_told_again(odd, told, ping):
    facade.resolve(odd.payment_order.pk, person=facade.Person("Bosse"), note="Odd")
    for _ in range(2):
        let_ping_answer(ping, odd.payment, id="00000000-0000-4000-8000-0000000000aa")
    facade.refresh(odd.payment.pk, by="test")
    facade.resolve(odd.payment_order.pk, person=facade.Person("Bosse"), note="Odd")

    facade.refresh(odd.payment.pk, by="test")

    assert len(told()) == 2
    assert odd.payment_order.attention == "identity"


def test_there_is_nothing_to_look_at_where_all_is_well(started):
    with pytest.raises(CommandError, match="nothing about this order needs attention"):
        command(started.order.number, "--resolve", "Hm")


def test_an_order_that_was_deleted_can_be_looked_at_too(odd, ping):
    PaymentOrder.objects.update(order=None)
    payment_order = PaymentOrder.objects.get()

    assert facade.resolve(payment_order.pk, person=facade.Person("Bosse"), note="Deleted") is True

    payment_order.refresh_from_db()
    assert payment_order.attention == ""


# The command


def test_the_command_tells_what_happened(started, ping):
    ping.decline(started.payment.pay_url)
    call_back(started)
    context = facade.PaymentContext(absolute_url=lambda path: f"https://shop.example{path}")
    facade.start(started.payment_order.pk, context)
    ping.pay(started.payment.pay_url)
    call_back(started)
    ping.refund_in_portal(started.payment.ping_id, 5000)

    shown = command(started.order.number, "--refresh")

    lines = [line.strip() for line in shown.splitlines()]
    assert lines[0] == f"Order {started.order.number}: Paid"
    assert lines[1] == "asked for 299.00 SEK, paid 299.00, given back 50.00"
    assert "Attempt 1: DECLINED" in lines
    assert "Insufficient funds" in lines
    assert "Attempt 2: COMPLETED" in lines
    assert any("COMPLETED, asked by callback" in line for line in lines)
    assert any("of 50.00 SEK: Refunded, 2026-" in line for line in lines)


def test_the_command_names_no_time_where_ping_is_not_asked_again(started):
    assert "to be asked about again" in command(started.order.number)

    Payment.objects.update(ask_again_at=None)

    assert "to be asked about again" not in command(started.order.number)


def test_the_command_says_what_needs_attention(odd):
    shown = command(odd.order.number)

    assert "needs attention: Another amount or currency than was asked for" in shown
    assert "Ping says 1.00 SEK, and 299.00 SEK was asked for." in shown


def test_the_command_knows_attempts_that_ping_does_not(shopper, product, ping, change):
    change(TIMEOUT=(0.5, 0.5))
    ping.misbehave("initiate_payment", "drop_before")
    shopper.buys(product)

    shown = command(shopper.order.number)

    assert f"  to be paid before {shopper.payment_order.expires_at:%Y-%m-%d %H:%M:%S} UTC" in shown
    assert "Attempt 1: not heard of yet, may still be paid" in shown
    assert "Ping's payment unknown" in shown


def test_staff_cancel_in_the_way_in_which_payers_do(started, product, ping):
    command(started.order.number, "--cancel")

    assert trail(started) == [("cancel", getpass.getuser(), "")]
    assert started.order.status == "Cancelled"
    assert product.stockrecords.get().num_allocated == 0
    assert [remote["status"] for remote in ping.payments()] == ["STOPPED"]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [(["--cancel"], "not an unpaid one"), (["--send-confirmation"], "is not paid")],
    ids=lambda value: str(value),
)
def test_what_cannot_be_done_is_said(started, ping, arguments, words):
    if "--cancel" in arguments:
        ping.pay(started.payment.pay_url)
        call_back(started)

    with pytest.raises(CommandError, match=words):
        command(started.order.number, *arguments)


def test_an_order_that_was_never_paid_by_card(db):
    with pytest.raises(CommandError, match="No card payment was ever begun for an order 4711"):
        command("4711")


def test_s10_while_the_mail_server_is_down_the_order_is_paid_and_staff_send_the_mail_again(
    started, ping, settings, caplog
):
    working = settings.EMAIL_BACKEND
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 9  # where nobody listens

    page = come_back(started, ping.pay(started.payment.pay_url))
    assert call_back(started).status_code == 200

    assert page.redirect_chain[-1][0] == reverse("checkout:thank-you")
    assert started.payment_order.is_paid
    effect = Effect.objects.get(name="confirmation")
    assert (effect.done_at, effect.error) == (None, "ConnectionRefusedError")
    (failure,) = [record for record in caplog.records if record.message == "An effect of a payment failed"]
    assert (failure.levelname, failure.order_number) == ("ERROR", started.order.number)
    assert "astrid@example.org" not in caplog.text
    with pytest.raises(ConnectionRefusedError):
        command(started.order.number, "--send-confirmation")
    assert trail(started) == []

    settings.EMAIL_BACKEND = working
    command(started.order.number, "--send-confirmation")

    assert [message.to for message in mail.outbox] == [["astrid@example.org"]]
    assert trail(started) == [("confirmation", getpass.getuser(), "")]
    # The sync would have sent it later: it does not send a second one.
    Effect.objects.update(claimed_at=timezone.now() - timedelta(days=1))
    assert facade.sync().effects == 0
    assert_books_agree(ping)


# A payer who asks to be forgotten


def test_o7_the_logs_forget_the_payer_and_the_money_keeps_its_trail(started, ping):
    Payment.objects.update(payer_address="digest")
    ping.pay(started.payment.pay_url)
    call_back(started, '{"payer": "Astrid Lindqvist"}')
    before = command(started.order.number)

    shown = command(started.order.number, "--forget")

    assert shown.startswith(
        "Removed what 2 exchanges, 1 callbacks, 1 attempts and 0 messages held of the payer.\n"
    )
    assert shown.endswith(before)
    assert set(Callback.objects.values_list("body", flat=True)) == {""}
    exchanges = Exchange.objects.filter(payment_order=started.payment_order)
    assert set(exchanges.values_list("request_body", "response_body")) == {("", "")}
    assert started.payment.payer_address == ""
    assert started.payment.amount_received == started.order.total_incl_tax
    assert "Removed what 0 exchanges, 0 callbacks, 0 attempts and 0 messages" in command(
        started.order.number, "--forget"
    )


def test_what_staff_have_not_seen_stays_when_they_resolve_what_they_saw(started, ping, staff):
    for _attempt in (1, 2):
        ping.decline(started.payment.pay_url)
        facade.refresh(started.payment.pk, by="test")
        started.client.post(reverse("pingpayments:pay", args=[started.payment_order.token]))
    first, second, third = Payment.objects.order_by("number")
    for payment in (first, second):
        ping.says(payment.ping_id, "COMPLETED")
        facade.refresh(payment.pk, by="test")
    seen = started.payment_order
    ping.says(third.ping_id, "COMPLETED")
    facade.refresh(third.pk, by="test")

    looked_at = {"reason": seen.attention, "detail": seen.attention_detail}
    assert not facade.resolve(seen.pk, person=staff, note="Attempt 2 went back", **looked_at)

    assert "Attempt 3" in started.payment_order.attention_detail
