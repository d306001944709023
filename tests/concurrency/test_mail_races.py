"""Two who could write to the payer in the same instant: one does, and what it says is true."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from django.core import mail
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from oscar_pingpayments import facade
from oscar_pingpayments.facade import outbox
from oscar_pingpayments.models import Effect, Payment, PaymentOrder

from .counter import call_back, run_out

DAY = timedelta(days=1)


@pytest.fixture(autouse=True)
def shop(shop, change):
    """A shop that writes to its payers."""
    change(EMAILS={})
    return shop


def subjects() -> Counter[str]:
    """What was written, without the number of the order."""
    return Counter(
        " ".join(word for word in each.subject.split() if not word.isdigit()) for each in mail.outbox
    )


def declined(payment: Payment, ping: Any) -> PaymentOrder:
    """Let the attempt have been declined some minutes ago, and its payer be due to be told."""
    ping.says(payment.ping_id, "DECLINED")
    assert call_back(payment) == 200
    Effect.objects.filter(done_at=None).update(claimed_at="2026-01-01T00:00Z")
    return payment.payment_order


def send_link(payment_order: PaymentOrder, name: str, days: int = 1) -> PaymentOrder | None:
    """Send a link, or be told why not."""
    try:
        return facade.send_payment_link(payment_order.pk, person=facade.Person(name), window=days * DAY)
    except facade.NoLinkError:
        return None


def test_two_syncs_tell_a_payer_of_a_failed_attempt_once(counter, ping, race, fewer_rounds, in_turn):
    score = race("two syncs and a mail that is due", "one", "other")

    for payment in in_turn(counter.payments(fewer_rounds)):
        declined(payment, ping)

        tried = score.run(one=outbox.carry_out_due, other=outbox.carry_out_due)

        assert subjects() == {"Order is not paid yet": 1}
        assert sum(tried.values()) == 1
        score.won("one" if tried["one"] else "other")
    score.assert_both_orders_occurred()


def test_a_payer_is_told_of_a_failed_attempt_and_tries_again(counter, ping, race, fewer_rounds, in_turn):
    """Told, or not any more; and told at most once, also when the next attempt fails."""
    score = race("a mail that is due and the next attempt", "sync", "payer")

    for payment in in_turn(counter.payments(fewer_rounds)):
        payment_order = declined(payment, ping)
        url = reverse("pingpayments:pay", args=[payment_order.token])

        answers = score.run(sync=outbox.carry_out_due, payer=partial(Client().post, url))

        assert "/pay/" in answers["payer"]["Location"]
        told = subjects()["Order is not paid yet"]
        effects = payment_order.effects.filter(name="failed_mail")
        assert [effect.done_at is not None for effect in effects] == [True] * told
        score.won("sync" if told else "payer")
        declined(payment_order.payments.get(number=2), ping)
        outbox.carry_out_due()
        assert subjects() == {"Order is not paid yet": 1}
    score.assert_both_orders_occurred()


def test_of_two_members_of_staff_who_send_a_link_one_does(counter, race, fewer_rounds, in_turn):
    score = race("two links for one order", "kim", "robin")

    for payment in in_turn(counter.payments(fewer_rounds)):
        payment_order = payment.payment_order

        sent = score.run(
            kim=partial(send_link, payment_order, "kim", days=1),
            robin=partial(send_link, payment_order, "robin", days=2),
        )

        assert subjects() == {"Order is waiting to be paid": 1}
        (winner,) = [name for name, answer in sent.items() if answer]
        payment_order.refresh_from_db()
        assert payment_order.expires_at == sent[winner].expires_at
        assert [action.by for action in payment_order.staff_actions.all()] == [winner]
        score.won(winner)
    score.assert_both_orders_occurred()


def test_a_link_is_sent_as_the_order_expires(counter, race, fewer_rounds, in_turn):
    """Its payer has a day to pay, or is told that the order has ended; never both."""
    score = race("a link and the end of the order", "link", "expire")

    for payment in in_turn(counter.payments(fewer_rounds)):
        run_out(payment)
        payment_order = payment.payment_order

        answers = score.run(
            link=partial(send_link, payment_order, "kim"), expire=partial(facade.expire, payment_order.pk)
        )

        payment_order.refresh_from_db()
        if answers["link"]:
            assert payment_order.state == answers["expire"].state == "awaiting"
            assert payment_order.expires_at > timezone.now()
            assert subjects() == {"Order is waiting to be paid": 1}
        else:
            assert payment_order.state == answers["expire"].state == "expired"
            assert subjects() == {"Order has been cancelled": 1}
            counter.held -= 1
        counter.assert_holds()
        score.won("link" if answers["link"] else "expire")
    score.assert_both_orders_occurred()


def test_an_order_is_cancelled_as_its_money_comes(counter, ping, race, fewer_rounds, in_turn):
    """Nobody who has paid is written that nothing was charged, once that is known."""
    ping.manners(stop_refused=True)
    score = race("a cancellation's mail and the money", "cancel", "complete")

    for payment in in_turn(counter.payments(fewer_rounds)):
        ping.says(payment.ping_id, "PENDING", then="COMPLETED")

        score.run(
            cancel=partial(facade.cancel, payment.payment_order_id, by="staff"),
            complete=partial(call_back, payment),
        )

        payment_order = PaymentOrder.objects.get(pk=payment.payment_order_id)
        said = subjects()
        if payment_order.state == "paid":
            assert said == {"Confirmation of order": 1}
        else:
            counter.held -= 1
            assert payment_order.state == "cancelled"
            told = said["Order has been cancelled"]
            assert payment_order.effects.filter(name="cancelled_mail").count() == told <= 1
            score.notes["not written to, since the money had come"] += not told
        assert not payment_order.effects.filter(done_at=None).exists()
        score.won("complete" if payment_order.state == "paid" else "cancel")
    counter.assert_holds()
