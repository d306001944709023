"""Finding out without any callback: what is due, what is put off, what ends, and what a sync says of it."""

from __future__ import annotations

import io
import os
import signal
import threading
import time
from datetime import UTC, datetime, timedelta

import pytest
from django.core import mail
from django.core.checks import Tags, run_checks
from django.core.management import CommandError, call_command
from django.urls import reverse
from django.utils import timezone

from oscar_pingpayments import facade
from oscar_pingpayments.checks import check_sync
from oscar_pingpayments.facade import outbox, syncing
from oscar_pingpayments.models import Effect, Exchange, Mark, Payment, PaymentOrder

from .conftest import call_back


def due(**which: object) -> None:
    """Let the time come at which attempts are to be asked about."""
    Payment.objects.filter(**which).update(ask_again_at=timezone.now() - timedelta(seconds=1))


def times_up() -> None:
    """Let the time run out in which orders can be paid."""
    PaymentOrder.objects.update(expires_at=timezone.now() - timedelta(seconds=1))


def synced(**expected: int) -> bool:
    """Sync, and say whether exactly that was done."""
    return facade.sync() == facade.SyncSummary(**expected)


def put_off(payment: Payment, seconds: int, began: datetime) -> bool:
    """Whether it is asked about again so long after a sync that began then and has just ended."""
    pause = timedelta(seconds=seconds)
    return began + pause <= payment.ask_again_at <= timezone.now() + pause


@pytest.fixture
def three(several):
    """Three payers at PaymentIQ's page, in the order in which they are asked about."""
    payments = several(3)
    due()
    return payments


def test_c3_a_payment_whose_callback_was_lost_is_found_out(started, ping):
    ping.pay(started.payment.pay_url)
    due()

    assert synced(asked=1, paid=1)

    assert started.order.status == "Being processed"
    assert started.payment.asked_by == "sync"
    assert len(mail.outbox) == 1


def test_what_is_not_due_is_not_asked_about(started, ping):
    calls = len(ping.calls())

    assert synced()

    assert len(ping.calls()) == calls


def test_a_payment_that_waits_is_asked_about_later_and_later(started):
    for minutes, pause in [(1, 15), (5, 60), (60, 300), (600, 3600)]:
        Payment.objects.update(created_at=timezone.now() - timedelta(minutes=minutes))
        due()
        began = timezone.now()
        assert synced(asked=1)
        assert put_off(started.payment, pause, began)


def test_a_payment_that_has_ended_is_asked_about_for_a_month(started, ping):
    ping.pay(started.payment.pay_url)
    call_back(started)
    days = []
    for age in (0, 2, 8, 31):
        changed = timezone.now() - timedelta(days=age)
        Payment.objects.update(changed_at=changed)
        due()
        facade.sync()
        again = started.payment.ask_again_at
        days.append(again and round((again - changed) / timedelta(days=1)))

    assert days == [1, 7, 30, None]


def test_o2_asks_without_an_answer_back_off(started, ping, change):
    change(TIMEOUT=(0.2, 0.2))
    ping.misbehave("get_payment", "refuse", times=None)
    for count, pause in enumerate([15, 30, 60, 120], start=1):
        due()
        began = timezone.now()
        assert synced(unanswered=1)
        assert started.payment.failed_asks == count
        assert put_off(started.payment, pause, began)


def test_o11_one_that_always_raises_does_not_keep_the_others(three, ping, caplog):
    Payment.objects.filter(pk=three[0].pk).update(history=[None])  # not as we write it
    for payment in three:
        ping.says(payment.ping_id, "COMPLETED")

    assert synced(asked=2, paid=2, failed=1)

    three[0].refresh_from_db()
    assert three[0].payment_order.state == "awaiting"
    assert three[0].failed_asks == 1
    assert three[0].ask_again_at > timezone.now()
    assert "A payment could not be synchronised" in caplog.text


def test_o2_when_ping_is_ill_it_is_left_alone_and_nothing_ends(three, ping, monkeypatch, change):
    change(TIMEOUT=(0.2, 0.2))
    monkeypatch.setattr(syncing, "GIVE_UP_AFTER", 2)
    ping.misbehave("*", "refuse", times=None)
    times_up()

    assert synced(unanswered=2, ping_is_ill=True)

    assert {order.state for order in PaymentOrder.objects.all()} == {"awaiting"}
    three[2].refresh_from_db()
    assert three[2].failed_asks == 0
    assert three[2].ask_again_at <= timezone.now()  # claimed, and put back for the next sync


def test_o12_when_ping_asks_for_time_everything_waits(three, ping):
    ping.misbehave("get_payment", "status", status=429, headers={"Retry-After": "120"})

    assert synced(unanswered=1, ping_is_ill=True, rest=120.0)

    three[0].refresh_from_db()
    assert three[0].ask_again_at > timezone.now() + timedelta(seconds=110)


def test_o2_an_answer_in_between_means_that_ping_is_well(three, ping, monkeypatch):
    monkeypatch.setattr(syncing, "GIVE_UP_AFTER", 2)
    ping.misbehave("get_payment", "status", status=429)

    assert synced(asked=2, unanswered=1)


def test_o1_a_sync_that_was_killed_leaves_its_work_for_a_later_one(three, monkeypatch):
    taken = syncing._claim(10)
    assert [payment.pk for payment in taken] == [payment.pk for payment in three]

    assert synced()

    later = timezone.now() + syncing.CLAIM + timedelta(seconds=1)
    monkeypatch.setattr(syncing.timezone, "now", lambda: later)
    assert len(syncing._claim(10)) == 3


def test_o1_more_than_a_batch_is_done_in_one_sync(three, monkeypatch):
    monkeypatch.setattr(syncing, "BATCH", 2)

    assert synced(asked=3)


# Orders whose time has run out


def test_an_order_whose_time_ran_out_ends_and_gives_back_what_it_held(started, product, ping, heard):
    times_up()

    assert synced(ended=1)
    assert synced()

    assert started.payment_order.state == "expired"
    assert started.payment_order.ended_at is not None
    assert started.order.status == "Cancelled"
    assert product.stockrecords.get().num_allocated == 0
    assert [remote["status"] for remote in ping.payments()] == ["STOPPED"]
    assert [facts["state"] for name, facts in heard if name == "order_cancelled"] == ["expired"]
    assert "time to pay ran out" in started.order.notes.get().message
    assert [message.subject for message in mail.outbox] == [
        f"Order {started.order.number} has been cancelled"
    ]


def test_an_order_that_was_paid_in_the_last_second_does_not_end(started, ping):
    ping.pay(started.payment.pay_url)
    times_up()

    assert synced()

    assert started.payment_order.state == "paid"


def test_an_order_that_still_has_time_does_not_end(started):
    facade.expire(started.payment_order.pk)

    assert started.payment_order.state == "awaiting"


def test_o2_nothing_ends_while_ping_cannot_be_asked_about_it(started, ping, change):
    change(TIMEOUT=(0.2, 0.2))
    ping.misbehave("get_payment", "refuse", times=None)
    times_up()

    assert synced(unanswered=1)
    assert synced()  # not at every sync: it is put off until it may be asked about again

    assert started.payment_order.state == "awaiting"
    assert started.order.status == "Pending"
    ping.clear_faults()
    change(TIMEOUT=(3, 7))
    due()
    assert facade.sync().ended == 1


def test_an_order_whose_attempt_may_still_arrive_does_not_end(shopper, product, ping, change):
    change(TIMEOUT=(0.5, 0.5))
    ping.misbehave("initiate_payment", "drop_before")
    shopper.buys(product)
    times_up()

    assert synced(unanswered=1)
    assert shopper.payment_order.state == "awaiting"

    Payment.objects.update(sent_at=timezone.now() - timedelta(minutes=2))
    assert synced(ended=1)
    assert shopper.payment.error == "Ping never received this attempt"


def test_o11_an_order_that_cannot_end_does_not_keep_the_others(three, caplog):
    Payment.objects.filter(pk=three[0].pk).update(history=[None])
    Payment.objects.update(ask_again_at=None)
    times_up()

    assert synced(ended=2, failed=1)

    assert "An order could not be ended" in caplog.text


# Whether a sync runs


def warned() -> list[str]:
    """What the check of the database says of the sync."""
    found = run_checks(tags=[Tags.database], databases=["default"])
    return [message.msg for message in found if message.id == "pingpayments.W047"]


def test_a_shop_with_orders_in_which_no_sync_has_run_lately_is_warned(started):
    assert facade.last_sync() is None
    (sentence,) = warned()
    assert sentence.startswith("pingpayments_sync has never run: payments whose callbacks are lost stay open")

    facade.sync()
    assert warned() == []

    Mark.objects.filter(name="sync").update(at=datetime(2026, 3, 29, 1, 30, tzinfo=UTC))
    (sentence,) = warned()
    assert sentence.startswith("pingpayments_sync last ran 2026-03-29 at 01:30 UTC: ")


def test_a_check_that_may_not_look_at_the_database_does_not(started, django_assert_num_queries):
    with django_assert_num_queries(0):
        assert check_sync() == check_sync(databases=["another"]) == []


def test_a_shop_without_orders_needs_no_sync(shop):
    assert warned() == []


# What was left


@pytest.fixture
def unsent(started, ping, settings):
    """A paid order whose confirmation could not be sent."""
    working = settings.EMAIL_BACKEND
    settings.EMAIL_BACKEND = "no.such.MailServer"
    ping.pay(started.payment.pay_url)
    call_back(started)
    settings.EMAIL_BACKEND = working
    return started


def test_s10_a_mail_server_that_is_down_harms_nothing_and_the_mail_is_sent_later(unsent, caplog):
    effect = Effect.objects.get(name="confirmation")
    assert unsent.order.status == "Being processed"
    assert (effect.done_at, effect.tries, effect.error) == (None, 1, "ModuleNotFoundError")
    assert "An effect of a payment failed" in [record.message for record in caplog.get_records("setup")]
    assert synced()
    assert mail.outbox == []

    Effect.objects.update(claimed_at=timezone.now() - outbox.RETRY_AFTER - timedelta(seconds=1))
    assert synced(effects=1)
    assert synced()

    effect.refresh_from_db()
    assert (effect.done_at is not None, effect.tries, effect.error) == (True, 2, "")
    assert [message.to for message in mail.outbox] == [["astrid@example.org"]]


def test_s10_a_mail_that_can_never_be_sent_is_given_up(unsent, settings):
    settings.EMAIL_BACKEND = "no.such.MailServer"
    for _ in range(10):
        Effect.objects.update(claimed_at=timezone.now() - outbox.RETRY_AFTER - timedelta(seconds=1))
        facade.sync()

    assert Effect.objects.get(name="confirmation").tries == outbox.MAX_TRIES


def test_an_effect_that_another_process_has_taken_is_left_to_it(unsent, monkeypatch):
    stale = timezone.now() - outbox.RETRY_AFTER - timedelta(seconds=1)
    Effect.objects.filter(name="confirmation").update(claimed_at=stale)
    update = outbox.QuerySet.update

    def taken_meanwhile(queryset, **values):
        if "tries" in values:
            update(Effect.objects.all(), claimed_at=timezone.now())
        return update(queryset, **values)

    monkeypatch.setattr(outbox.QuerySet, "update", taken_meanwhile)

    assert outbox.carry_out_due() == 0
    assert mail.outbox == []


def test_a_signal_that_a_killed_process_has_not_sent_is_sent_later(started, ping, heard):
    ping.pay(started.payment.pay_url)
    call_back(started)
    Effect.objects.update(done_at=None, claimed_at=timezone.now() - timedelta(hours=1))
    heard.clear()

    assert synced(effects=2)

    assert [(name, facts["order"]) for name, facts in heard] == [("order_paid", started.order)]


def test_that_an_order_was_cancelled_is_told_later_where_the_process_was_killed(started, heard):
    facade.cancel(started.payment_order.pk, by="staff")
    Effect.objects.update(done_at=None, claimed_at=timezone.now() - timedelta(hours=1))
    heard.clear()

    facade.sync()
    facade.sync()

    ((name, facts),) = heard
    assert (name, facts["order"], facts["state"]) == ("order_cancelled", started.order, "cancelled")


def test_old_exchanges_are_forgotten(started):
    kept = Exchange.objects.count()
    Exchange.objects.create(
        method="GET", path="/ping", milliseconds=1, at=timezone.now() - timedelta(days=91)
    )

    facade.sync()

    assert Exchange.objects.count() == kept


# The command


def said(*arguments: str, out: io.StringIO | None = None) -> str:
    out = out or io.StringIO()
    call_command("pingpayments_sync", *arguments, stdout=out)
    return out.getvalue()


def test_the_command_says_what_was_done(started, ping):
    ping.pay(started.payment.pay_url)
    due()

    assert said() == (
        "asked 1, paid 1, ended 0, settled 0, unanswered 0, failed 0, sent 0, need attention 0\n"
    )


@pytest.mark.parametrize("trouble", ["attention", "failed"])
def test_the_command_fails_where_something_needs_a_person(started, ping, trouble):
    if trouble == "attention":
        ping.says(started.payment.ping_id, "HELD_FOR_REVIEW")
    else:
        Payment.objects.update(history=[None])
        ping.says(started.payment.ping_id, "COMPLETED")
    due()

    with pytest.raises(SystemExit) as ended:
        said()

    assert ended.value.code == 1


def test_on_a_terminal_the_command_shows_how_far_it_is(three):
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    lines = said(out=Terminal()).replace("\n", "").split("\r")

    assert [line.split(",")[0] for line in lines if line] == [
        "asked 1",
        "asked 2",
        "asked 3",
        "asked 3",
        "asked 3",
    ]


def test_as_a_service_the_command_goes_on_until_it_is_told_to_stop(started, ping, monkeypatch):
    """Each round is a sync; SIGTERM ends the pause after one."""
    monkeypatch.setattr("django.db.connection.close", lambda: None)  # the test's own transaction is in it
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    ping.pay(started.payment.pay_url)
    due()

    def stop_when_paid() -> None:
        until = time.monotonic() + 20
        while time.monotonic() < until and not ping_was_asked():
            time.sleep(0.05)
        os.kill(os.getpid(), signal.SIGTERM)

    calls = len(ping.calls())

    def ping_was_asked() -> bool:
        return len(ping.calls()) > calls

    watcher = threading.Thread(target=stop_when_paid)
    began = time.monotonic()
    watcher.start()
    try:
        line = said("--every", "600")
    finally:
        watcher.join()
        for number, handler in before.items():
            signal.signal(number, handler)

    assert line.startswith("asked 1, paid 1,")
    assert time.monotonic() - began < 20
    assert started.order.status == "Being processed"


@pytest.mark.parametrize("words", ["-1", "many", "0"])
def test_the_command_refuses_what_is_not_a_number_of_workers(shop, words):
    with pytest.raises(CommandError, match=f"'{words}' is not a whole number from 1 on"):
        said(f"--concurrency={words}")


# Asking for a page


def test_a_page_shows_what_is_known_where_ping_cannot_be_asked(started, ping, caplog):
    ping.misbehave("get_payment", "refuse", times=None)

    response = started.sees()

    assert response.status_code == 200
    assert "Waiting for your payment" in response.content.decode()
    assert "Ping could not be asked for a page" in caplog.text


def test_a_page_of_a_paid_payment_asks_nobody(started, ping):
    back = ping.pay(started.payment.pay_url)
    call_back(started)
    calls = len(ping.calls())

    assert started.client.get(reverse("pingpayments:return", args=[started.payment.token])).status_code == 303

    assert back.endswith(reverse("pingpayments:return", args=[started.payment.token]))
    assert len(ping.calls()) == calls
