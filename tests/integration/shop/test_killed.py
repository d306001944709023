"""C9, line by line: the process dies in the middle of its handling, and the next sync does the rest.

``tests/kills`` kills real processes at random; what it has found is kept here.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

import pytest
from django.core import mail
from django.db.models import F
from django.db.models.signals import post_save
from django.urls import reverse
from django.utils import timezone
from oscar.core.loading import get_model

from oscar_pingpayments import facade
from oscar_pingpayments import payer as payer_module
from oscar_pingpayments.facade import outbox
from oscar_pingpayments.ledger import placing
from oscar_pingpayments.models import Effect, Exchange, Payment, Placing
from tests.shopper import CARD, Shopper

from .conftest import Killed, call_back, come_back, die

Basket = get_model("basket", "Basket")


@contextmanager
def dying_when_ping_has_answered() -> Iterator[None]:
    """Let the process die between Ping's answer and what is written of it: nothing of ours catches that."""

    def die(**facts: object) -> None:
        raise SystemExit

    post_save.connect(die, sender=Exchange)
    try:
        with pytest.raises(SystemExit):
            yield
    finally:
        post_save.disconnect(die, sender=Exchange)


def let_ten_minutes_pass() -> None:
    Payment.objects.update(ask_again_at=F("ask_again_at") - timedelta(minutes=10))


def test_c9_a_call_about_an_attempt_that_had_failed_is_followed_up_soon_where_its_process_dies(started, ping):
    ping.decline(started.payment.pay_url)
    call_back(started)
    assert started.payment.status == "DECLINED"
    ping.says(started.payment.ping_id, "COMPLETED")

    with dying_when_ping_has_answered():
        call_back(started)
    assert started.payment.status == "DECLINED"
    let_ten_minutes_pass()
    facade.sync()

    assert started.order.status == "Being processed"


def test_c9_a_call_about_an_attempt_that_nobody_asks_about_any_more_is_followed_up_too(started, ping):
    ping.decline(started.payment.pay_url)
    call_back(started)
    Payment.objects.update(ask_again_at=None)
    ping.says(started.payment.ping_id, "COMPLETED")

    with dying_when_ping_has_answered():
        call_back(started)
    let_ten_minutes_pass()
    facade.sync()

    assert started.order.status == "Being processed"


def test_c9_one_sync_sends_all_that_was_left_however_much(shopper, product, ping, monkeypatch):
    monkeypatch.setattr(outbox, "BITE", 2)
    for payer in (shopper, Shopper(), Shopper()):
        payer.buys(product)
        ping.pay(payer.payment.pay_url)
        call_back(payer)
    mail.outbox.clear()
    Effect.objects.update(done_at=None, claimed_at=timezone.now() - timedelta(hours=1))

    assert facade.sync().effects == 6

    assert len(mail.outbox) == 3
    assert not Effect.objects.filter(done_at=None).exists()


def test_a_sync_that_is_stopped_leaves_the_rest_of_what_is_to_be_sent(started, ping):
    ping.pay(started.payment.pay_url)
    call_back(started)
    mail.outbox.clear()
    Effect.objects.update(done_at=None, claimed_at=timezone.now() - timedelta(hours=1))

    assert outbox.carry_out_due(lambda: True) == 0

    assert mail.outbox == []
    assert Effect.objects.filter(done_at=None).count() == 2


def test_s1_the_second_click_is_not_kept_waiting_for_an_earlier_order_whose_process_died(
    product, customer, ping
):
    shopper = Shopper(user=customer).adds(product).goes_to_payment().chooses(CARD)
    with dying_when_ping_has_answered():
        shopper.places_order()
    Placing.objects.update(at=timezone.now() - timedelta(minutes=5))
    first = shopper.buys(product)

    second = shopper.places_order()

    assert first["Location"] == shopper.payment.pay_url
    assert second["Location"] == reverse("pingpayments:payment", args=[shopper.payment_order.token])
    assert get_model("order", "Order").objects.count() == 1


def test_c9_one_sync_gives_all_baskets_back_however_many(db, monkeypatch):
    monkeypatch.setattr(placing, "BITE", 2)
    for _ in range(5):
        Placing.objects.create(
            basket=Basket.objects.create(status="Frozen"), at=timezone.now() - timedelta(hours=1)
        )

    facade.sync()

    assert [basket.status for basket in Basket.objects.all()] == ["Open"] * 5
    assert not Placing.objects.exists()


def test_s9_a_guest_whose_placing_died_sees_the_paid_order_and_no_log_in_form(
    shopper, product, ping, monkeypatch
):
    shopper.has(product).stands_at_preview()
    with monkeypatch.context() as patch:
        patch.setattr(payer_module, "start", lambda *facts: die())
        with pytest.raises(Killed):
            shopper.places_order()

    url = reverse("pingpayments:pay", args=[shopper.payment_order.token])
    response = come_back(shopper, ping.pay(shopper.client.post(url)["Location"]))

    assert response.redirect_chain[-1][0] == reverse("checkout:thank-you")
    assert f"Order {shopper.order.number}" in response.content.decode()
