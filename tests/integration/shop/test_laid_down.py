"""The tests' own short cut: what is laid down is what a payer leaves, and they can go on from there."""

from __future__ import annotations

from contextlib import contextmanager
from datetime import timedelta

import pytest
from django.core import mail
from django.db import connection

from oscar_pingpayments import facade
from tests import laid_down
from tests.laid_down import lay_down
from tests.numbers import turn_back
from tests.rows import rows
from tests.shopper import Shopper

from .conftest import call_back


@pytest.fixture
def does(request, ping, product, monkeypatch):
    """Let a payer buy and pay, really or laid down; return who it is and all that is there then."""
    monkeypatch.setattr(laid_down, "_scenes", {})
    done = []

    def does():
        shopper = Shopper()

        def buys():
            done.append(shopper)
            shopper.buys(product)
            ping.pay(shopper.payment.pay_url)
            facade.refresh(shopper.payment.pk, by="test")

        lay_down(request, ping, shopper, buys)
        left = laid_down.alike(rows()), ping.payments(), ping.calls(), len(mail.outbox)
        return shopper, left, len(done)

    return does


def test_what_is_laid_down_is_what_a_payer_leaves(does, ping):
    with undone():
        _, really, times = does()
    assert times == 1
    ping.reset()
    mail.outbox.clear()

    shopper, laid, times = does()

    assert times == 1
    assert laid[0] == really[0]
    assert timeless(laid[1]) == timeless(really[1])
    assert laid[2:] == really[2:]
    assert shopper.sees().status_code == 302
    assert facade.refund(shopper.payment_order.pk).amount == shopper.order.total_incl_tax


def test_who_stands_elsewhere_does_it(does, ping, change):
    with undone():
        does()
    ping.reset()
    change(PAYMENT_WINDOW=timedelta(hours=2))

    assert does()[2] == 2


def test_times_are_those_of_now(does, clock):
    with undone():
        before = does()[0].payment_order.created_at
    clock.passes(hours=3)

    assert 3 * 3600 <= (does()[0].payment_order.created_at - before).total_seconds() < 3 * 3600 + 60


def test_times_of_what_was_laid_down_before_are_those_of_now_too(request, ping, product, clock, monkeypatch):
    monkeypatch.setattr(laid_down, "_scenes", {})
    ages = []

    def buys_and_pays():
        ping.reset()
        shopper = Shopper()
        lay_down(request, ping, shopper, lambda: shopper.buys(product))
        lay_down(request, ping, shopper, lambda: ping.pay(shopper.payment.pay_url) and call_back(shopper))
        ages.append(clock.now() - shopper.payment.created_at)

    with undone():
        buys_and_pays()
    clock.passes(hours=3)
    with undone():
        buys_and_pays()
    clock.passes(hours=3)
    buys_and_pays()

    assert max(ages) < timedelta(minutes=1)


@contextmanager
def undone():
    """Do it, and have it not happened; no atomic block, in which nobody could pay."""
    with connection.cursor() as cursor:
        cursor.execute("SAVEPOINT undone")
        yield
        cursor.execute("ROLLBACK TO SAVEPOINT undone")
    turn_back()


def timeless(payments):
    """Return what Ping knows of payments, but when anything was."""
    return [
        payment | {"status_history": [entry | {"occurred_at": None} for entry in payment["status_history"]]}
        for payment in payments
    ]
