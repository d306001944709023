"""The database is yesterday's, restored from a backup: the drill of docs/howto/restore-a-backup.md."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from io import StringIO
from typing import Any

import pytest
from django.apps import apps
from django.core import mail
from django.core.management import call_command
from django.db import connection
from django.urls import reverse
from django.utils import timezone
from oscar.core.loading import get_model

from oscar_pingpayments import facade
from oscar_pingpayments.exceptions import GatewayError
from oscar_pingpayments.models import Payment, PaymentOrder
from tests.shopper import Shopper

from .books import confirmed
from .conftest import call_back

#: The apps whose rows a payment touches.
APPS = ["pingpayments", "order", "payment", "basket", "partner"]
UNKNOWN = "Ping has an attempt to pay that the shop did not know: it is now attempt {} here."


@pytest.fixture
def backup(tmp_path):
    """Call it to back the shop's tables up; what it returns restores them."""
    file = tmp_path / "backup.json"

    def restore() -> None:
        with connection.constraint_checks_disabled():
            for label in APPS:
                for model in apps.get_app_config(label).get_models(include_auto_created=True):
                    model._base_manager.all()._raw_delete(using="default")
            call_command("loaddata", str(file), verbosity=0)

    def back_up() -> Any:
        call_command("dumpdata", *APPS, output=str(file))
        return restore

    return back_up


def places(product: Any, name: str) -> tuple[Shopper, PaymentOrder]:
    shopper = Shopper(email=f"{name}@example.org")
    shopper.buys(product)
    return shopper, shopper.payment_order


def newest(payment_order: PaymentOrder) -> Payment:
    return payment_order.payments.latest("number")


def call(payment: Payment) -> None:
    """Make Ping's call for an attempt."""
    url = reverse("pingpayments:callback", args=[payment.token])
    assert Shopper().client.post(url, "{}", content_type="application/json").status_code == 200


def pays(ping: Any, payment_order: PaymentOrder) -> None:
    ping.pay(newest(payment_order).pay_url)
    call(newest(payment_order))


def try_again(payment_order: PaymentOrder) -> None:
    Shopper().client.post(reverse("pingpayments:pay", args=[payment_order.token]))


def test_o18_syncs_bring_back_what_ping_knows_of_the_orders_that_the_backup_has(product, ping, clock, backup):
    names = ("paid", "refunded", "again", "left", "ended")
    orders = {name: places(product, name)[1] for name in names}
    pays(ping, orders["refunded"])
    ping.decline(newest(orders["again"]).pay_url)
    call(newest(orders["again"]))
    restore = backup()
    # What happened between the backup and the loss:
    pays(ping, orders["paid"])
    ping.refund_in_portal(newest(orders["refunded"]).ping_id, 29900)
    try_again(orders["again"])
    pays(ping, orders["again"])
    facade.cancel(orders["ended"].pk, by="staff")
    _, lost = places(product, "lost")
    pays(ping, lost)
    lost_id = newest(lost).ping_id
    at_ping = {remote["id"]: remote["status"] for remote in ping.payments()}

    restore()
    clock.passes(days=1)
    assert set(PaymentOrder.objects.values_list("state", flat=True)) == {"awaiting", "paid"}
    mail.outbox.clear()
    call_command("pingpayments_sync", "--again", "30", stdout=StringIO())
    facade.sync()

    ends = {name: PaymentOrder.objects.get(pk=order.pk) for name, order in orders.items()}
    assert {
        name: (order.state, order.amount_paid, order.amount_refunded) for name, order in ends.items()
    } == {
        "paid": ("paid", Decimal(299), 0),
        "refunded": ("refunded", Decimal(299), Decimal(299)),
        "again": ("paid", Decimal(299), 0),
        "left": ("expired", 0, 0),
        "ended": ("expired", 0, 0),
    }
    assert {name: order.order.status for name, order in ends.items()} == {
        "paid": "Being processed",
        "refunded": "Refunded",
        "again": "Being processed",
        "left": "Cancelled",
        "ended": "Cancelled",
    }
    assert set(PaymentOrder.objects.values_list("attention", flat=True)) == {""}
    assert confirmed() == ["again@example.org", "paid@example.org"]
    # Ping's list and ours are the same, but for the order of which no backup knows.
    last = timezone.localdate() - timedelta(days=1)
    first = last - timedelta(days=1)
    out = StringIO()
    with pytest.raises(SystemExit):
        call_command("pingpayments_reconcile", "--from", f"{first}", "--to", f"{last}", stdout=out)
    difference, total = out.getvalue().splitlines()
    assert f"payment {lost_id}: only at Ping; here nothing, at Ping 299.00 SEK COMPLETED" in difference
    assert total.endswith(": 6 match, 1 differ")
    known = {str(ping_id): status for ping_id, status in Payment.objects.values_list("ping_id", "status")}
    missing = at_ping.keys() - known.keys()
    assert {status for id_, status in known.items() if id_ in at_ping and status != at_ping[id_]} <= {
        "STOPPED"
    }
    assert [at_ping[id_] for id_ in missing] == ["COMPLETED"]
    assert product.stockrecords.get().num_allocated == 3


def test_o18_an_order_number_that_is_given_a_second_time_is_paid_like_any_other(product, ping, backup):
    restore = backup()
    _, lost = places(product, "lost")
    pays(ping, lost)
    restore()
    get_model("basket", "Basket").objects.all().delete()

    shopper, payment_order = places(product, "new")
    get_model("order", "Order").objects.update(number=lost.order_number)
    PaymentOrder.objects.update(order_number=lost.order_number)
    ping.pay(shopper.payment.pay_url)
    assert call_back(shopper).status_code == 200

    assert PaymentOrder.objects.get(pk=payment_order.pk).state == "paid"
    assert payment_order.ping_id != lost.ping_id


# Attempts that Ping lists and the shop does not have


@pytest.fixture
def forgotten(started, ping):
    """An order with a declined attempt; the second one is Ping's alone. Returns Ping's id of it."""
    ping.decline(started.payment.pay_url)
    facade.refresh(started.payment.pk, by="test")
    try_again(started.payment_order)
    second = started.payment
    second.delete()
    PaymentOrder.objects.update(attempts=1)
    return second.ping_id


def expires(shopper: Shopper) -> PaymentOrder:
    PaymentOrder.objects.update(expires_at=timezone.now())
    return facade.expire(shopper.payment_order.pk)


def test_o12_an_attempt_that_ping_lists_and_we_do_not_know_is_written_down_and_pays(
    started, ping, forgotten, heard
):
    ping.says(forgotten, "COMPLETED")

    assert expires(started).state == "paid"

    assert (started.payment.number, started.payment.ping_id) == (2, forgotten)
    assert started.payment.history[0]["status"] == "COMPLETED"
    assert started.payment_order.attempts == 2
    assert started.order.status == "Being processed"
    assert started.order.notes.order_by("pk").first().message == UNKNOWN.format(2)
    assert [name for name, _ in heard].count("order_paid") == 1


def test_o12_an_unknown_attempt_of_another_amount_is_for_a_person(started, ping, forgotten):
    ping.says(forgotten, "COMPLETED")
    ping.edit(forgotten, total_amount=100)

    assert expires(started).state == "awaiting"

    assert started.payment_order.attention == "amount"
    assert started.payment_order.amount_paid == Decimal("1.00")


def test_o12_an_unknown_attempt_that_may_still_be_paid_is_stopped_and_followed(
    started, ping, forgotten, caplog
):
    assert expires(started).state == "expired"

    assert {remote["id"]: remote["status"] for remote in ping.payments()}[str(forgotten)] == "STOPPED"
    assert (started.payment.ping_id, started.payment.live) == (forgotten, None)
    assert started.payment.ask_again_at is not None
    assert "Ping has an attempt that the shop did not know" in caplog.text


def test_o12_an_unknown_attempt_of_a_deleted_order_is_written_down_too(started, ping, forgotten):
    payment_order = started.payment_order
    started.order.delete()
    ping.says(forgotten, "COMPLETED")
    PaymentOrder.objects.update(expires_at=timezone.now())

    facade.expire(payment_order.pk)

    payment_order.refresh_from_db()
    assert (payment_order.amount_paid, payment_order.attention) == (Decimal("299.00"), "order")


def test_o12_an_attempt_that_was_given_up_is_known_again_by_its_number(started, ping, forgotten):
    """It was sent, its answer was lost, and Ping did not list it for so long that it was set aside."""
    Payment.objects.create(
        payment_order=started.payment_order,
        number=2,
        currency="SEK",
        amount=299,
        live=None,
        sent_at=timezone.now(),
        error="Ping never received this attempt",
    )
    PaymentOrder.objects.update(attempts=2)
    ping.says(forgotten, "COMPLETED")

    assert expires(started).state == "paid"

    assert Payment.objects.count() == 2
    assert (started.payment.number, started.payment.ping_id) == (2, forgotten)
    assert UNKNOWN.format(2) not in [note.message for note in started.order.notes.all()]


def test_o12_the_answer_to_a_new_attempt_is_not_looked_for_in_an_older_one_with_its_number(
    started, ping, forgotten, change
):
    """The number was used before the backup was restored, by a payment that is known by now."""
    ping.says(forgotten, "DECLINED")
    Payment.objects.filter(number=1).update(ping_id=forgotten)
    change(TIMEOUT=(0.5, 0.5))
    ping.misbehave("initiate_payment", "drop_before")
    try_again(started.payment_order)
    lost = started.payment
    assert lost.outcome_unknown

    facade.refresh(lost.pk, by="test")

    lost.refresh_from_db()
    assert lost.ping_id is None


@pytest.mark.parametrize(
    "fault",
    [{"mode": "malformed"}, {"mode": "status", "status": 404}],
    ids=["cannot be read", "is not there"],
)
def test_a_list_that_ping_does_not_give_keeps_no_order_from_ending(started, ping, fault, caplog):
    ping.misbehave("get_payment_order", **fault)

    assert expires(started).state == "expired"

    assert "Ping's list of an order's attempts cannot be read" in caplog.text


def test_an_order_does_not_end_while_ping_does_not_give_the_list(started, ping):
    ping.misbehave("get_payment_order", "status", status=503, times=None)

    with pytest.raises(GatewayError):
        expires(started)

    assert started.payment_order.state == "awaiting"
