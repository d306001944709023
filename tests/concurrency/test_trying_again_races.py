"""A payer is declined and tries again, while the first attempt is still talked about: one payment, once.

That both attempts are paid: test_double_payments.py.
"""

from __future__ import annotations

import dataclasses
from functools import partial

from django.test import Client
from django.urls import reverse

from oscar_pingpayments import facade
from oscar_pingpayments.models import Payment

from .counter import NOTHING, PAID, call_back, come_back

DECLINED = ("DECLINED", NOTHING, None)
PAID_AGAIN = dataclasses.replace(PAID, attempts=(DECLINED, *PAID.attempts))


def declined(ping, payment: Payment) -> None:
    """Let the first attempt be declined, and the shop know."""
    ping.says(payment.ping_id, "DECLINED")
    facade.refresh(payment.pk, by="test")


def try_again(payment: Payment) -> str:
    """Press the button of the payment page; return where it leads."""
    url = reverse("pingpayments:pay", args=[payment.payment_order.token])
    return str(Client().post(url)["Location"])


def second_of(payment: Payment) -> Payment:
    return payment.payment_order.payments.get(number=2)


def test_r9_the_first_is_declined_as_the_payer_tries_again(counter, ping, race, fewer_rounds, in_turn):
    """The notice and the click meet: the payer is sent to the old page, or to a new one; never to two."""
    score = race("R9 declined notice and try again", "notice", "again")

    for payment in in_turn(counter.payments(fewer_rounds)):
        ping.says(payment.ping_id, "DECLINED")

        answers = score.run(notice=partial(call_back, payment), again=partial(try_again, payment))

        assert answers["notice"] == 200
        was_known = answers["again"] != payment.pay_url
        assert payment.payment_order.payments.count() == 1 + was_known
        if not was_known:
            answers["again"] = try_again(payment)
        second = second_of(payment)
        assert answers["again"] == second.pay_url
        ping.pay(second.pay_url)
        assert call_back(second) == 200
        assert counter.end(payment.payment_order_id) == PAID_AGAIN
        score.won("notice" if was_known else "again")
    assert len(ping.payments()) == 2 * fewer_rounds
    counter.assert_holds()
    # A click that finds the attempt open is answered at once: they need not overlap.
    assert score.rounds < 20 or min(score.wins.values()) > 0, str(score)


def test_r9_the_second_is_paid_as_the_first_ones_notice_comes_late(
    counter, ping, race, fewer_rounds, in_turn
):
    score = race("R9 callback, return and the first one's late notice", "callback", "page", "notice")
    score.onlookers = frozenset({"notice"})

    for payment in in_turn(counter.payments(fewer_rounds)):
        declined(ping, payment)
        assert try_again(payment) == second_of(payment).pay_url
        second = second_of(payment)
        ping.says(second.ping_id, "COMPLETED")

        answers = score.run(
            callback=partial(call_back, second),
            page=partial(come_back, second),
            notice=partial(call_back, payment),
        )

        assert answers == {"callback": 200, "page": 303, "notice": 200}
        assert counter.end(payment.payment_order_id) == PAID_AGAIN
        score.won(score.teller("order_paid"))
    counter.assert_holds()
    assert score.rounds < 20 or min(score.wins["callback"], score.wins["page"]) > 0, str(score)
