"""An upgrade from the first version to this one, with payments and refunds on their way: each lands."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from django.core.management import call_command
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.utils import timezone

from oscar_pingpayments import facade
from oscar_pingpayments.models import Mark, Payment, PaymentOrder, Refund
from tests.shopper import Shopper, create_product

FIRST = ("pingpayments", "0001_initial")
OTHER = "00000000-0000-4000-8000-00000000abcd"
SHARED_MARKS = ("pingpayments", "0011_cancelled_signal")
TOTAL = Decimal("299.00")


@pytest.fixture
def upgrade(transactional_db, ping, settings):
    """Go back to the first version, or another, do something to the rows that it has, and go forward again.

    What later versions have added is gone on the way, as if it had never been written.
    """
    settings.MIGRATION_MODULES = {}
    settings.PINGPAYMENTS = {**settings.PINGPAYMENTS, **ping.settings()}
    call_command("migrate", fake=True, verbosity=0)  # for tables that were made without migrations

    def travel(do: Any, version: tuple[str, str] = FIRST) -> None:
        call_command("migrate", *version, verbosity=0)
        try:
            do(MigrationExecutor(connection).loader.project_state([version]).apps)
        finally:
            call_command("migrate", "pingpayments", verbosity=0)

    return travel


def buys(product: Any) -> PaymentOrder:
    shopper = Shopper()
    shopper.buys(product)
    return shopper.payment_order


def pays(payment_order: PaymentOrder, ping: Any) -> None:
    ping.pay(payment_order.payments.get().pay_url)
    facade.refresh(payment_order.payments.get().pk, by="test")


def test_o6_payments_that_are_in_flight_during_an_upgrade_land(upgrade, ping):
    ping.manners(refunds="wait")
    product = create_product()
    on_the_page, answer_lost, refunded = (buys(product) for _ in range(3))
    pays(refunded, ping)
    facade.refund(refunded.pk)

    def in_the_first_version(apps):
        payments = apps.get_model("pingpayments", "Payment").objects
        payments.filter(payment_order=answer_lost.pk).update(ping_id=None, pay_url="")
        payments.update(ask_again_at=timezone.now())
        ping.pay(Payment.objects.only("pay_url").get(payment_order=on_the_page.pk).pay_url)
        for remote in ping.payments():
            if remote["payment_order_id"] == str(answer_lost.ping_id):
                ping.says(remote["id"], "COMPLETED")

    upgrade(in_the_first_version)
    ping.finish_refunds()

    assert facade.sync().asked == 3
    for each in (on_the_page, answer_lost, refunded):
        each.refresh_from_db()
    assert [each.state for each in (on_the_page, answer_lost, refunded)] == ["paid", "paid", "refunded"]
    assert Refund.objects.get().state == "done"
    assert {each.amount_paid for each in PaymentOrder.objects.all()} == {TOTAL}

    facade.refund(on_the_page.pk, lines={on_the_page.order.lines.get().pk: 1}, key="after the upgrade")
    ping.finish_refunds()
    Payment.objects.update(ask_again_at=timezone.now() - timedelta(seconds=1))
    facade.sync()
    on_the_page.refresh_from_db()
    assert (on_the_page.state, on_the_page.amount_refunded) == ("refunded", TOTAL)
    assert on_the_page.attention == ""


def test_o16_each_shop_in_a_database_goes_on_from_the_marks_that_they_had_in_common(upgrade, ping):
    mine = buys(create_product())
    theirs = buys(create_product(title="Book"))
    PaymentOrder.objects.filter(pk=theirs.pk).update(tenant_id=OTHER)
    for seen, tenant in enumerate([mine.tenant_id, OTHER]):
        Mark.objects.create(
            name="shipping events",
            environment="sandbox",
            tenant_id=tenant,
            at=timezone.now() + timedelta(minutes=seen),
            detail={"seen": seen},
        )

    def in_an_earlier_version(apps):
        (mark,) = apps.get_model("pingpayments", "Mark").objects.all()
        assert mark.detail == {"seen": 1}  # the newest

    upgrade(in_an_earlier_version, SHARED_MARKS)

    marks = Mark.objects.filter(name="shipping events", environment="sandbox", detail={"seen": 1})
    assert {mark.tenant_id for mark in marks} == {mine.tenant_id, UUID(OTHER)}
    assert Mark.objects.count() == 2
