"""What staff find a payment by: written when the order is placed, looked up for older ones, and forgotten."""

from __future__ import annotations

from decimal import Decimal
from types import SimpleNamespace

import pytest
from django.db import connection

from oscar_pingpayments import facade, gateway, ledger
from oscar_pingpayments.dashboard import access
from oscar_pingpayments.dashboard.people import Payer
from oscar_pingpayments.facade import Person, tidying
from oscar_pingpayments.ledger import payers
from oscar_pingpayments.models import PaymentOrder, Refund, StaffAction
from tests.benchmarks.figures import count_queries

ASTRID = ("astrid lindqvist", "lindqvist", "astrid@example.org")


def found_by(payment_order: PaymentOrder) -> tuple[str | None, ...]:
    payment_order.refresh_from_db()
    return payment_order.payer_name, payment_order.payer_last_name, payment_order.payer_email


def test_it_is_written_when_the_order_is_placed(started):
    assert found_by(started.payment_order) == ASTRID


def test_what_is_longer_than_its_column_is_cut(started):
    order = started.order
    order.shipping_address.first_name, order.shipping_address.last_name = "A" * 255, "B" * 255

    found = payers.found_by(order)

    assert found["payer_name"] == "a" * 255
    assert found["payer_last_name"] == "b" * 255


def test_whose_address_is_not_known_is_found_by_the_account(started, customer):
    order = started.order
    order.shipping_address = order.billing_address = None
    order.user = customer
    customer.first_name, customer.last_name, customer.email = "Emil", "SVENSSON", "Emil@Example.org"

    assert payers.found_by(order) == {
        "payer_name": "emil svensson",
        "payer_last_name": "svensson",
        "payer_email": "emil@example.org",
    }


@pytest.mark.parametrize(
    ("names", "name", "last_name"),
    [
        ({"name": "Emil Svensson"}, "Emil Svensson", ""),
        ({"get_full_name": lambda: "Emil Svensson"}, "Emil Svensson", ""),
        (
            {
                "first_name": None,
                "last_name": None,
                "get_full_name": lambda: "None None",
                "name": "Emil Svensson",
            },
            "Emil Svensson",
            "",
        ),
        ({"first_name": "Emil", "last_name": "Svensson"}, "Emil Svensson", "svensson"),
        ({"first_name": "Emil", "last_name": None}, "Emil", ""),
        ({}, "", ""),
    ],
    ids=["one name", "a method", "Django's taken out", "two names", "an empty one", "no name"],
)
def test_the_shops_own_model_of_a_user_may_name_them_as_it_likes(names, name, last_name):
    email = "emil@example.org"
    user = SimpleNamespace(email=email, **names)
    order = SimpleNamespace(billing_address=None, shipping_address=None, user=user, email=email)

    assert payers.found_by(order) == {
        "payer_name": name.lower(),
        "payer_last_name": last_name,
        "payer_email": email,
    }
    assert ledger.payer_of(order) == gateway.Payer(name=name, email=email)
    assert Payer.of(SimpleNamespace(order=order)) == Payer(name, email)
    assert access.person(SimpleNamespace(pk=7, **vars(user))) == Person(name or email, 7)


def test_of_whom_nothing_is_known_nothing_is_written(started):
    order = started.order
    order.shipping_address, order.guest_email = None, ""

    assert set(payers.found_by(order).values()) == {""}


# Orders that an older version placed


@pytest.fixture
def old(several):
    """Three orders that were placed when payers could not be searched."""
    several(3)
    PaymentOrder.objects.update(payer_name=None, payer_last_name=None, payer_email=None)
    return list(PaymentOrder.objects.order_by("pk"))


def test_a_sync_looks_up_the_payers_of_older_orders(old):
    facade.sync()

    for number, payment_order in enumerate(old):
        assert found_by(payment_order) == (*ASTRID[:2], f"payer{number}@example.org")


def test_they_are_looked_up_in_bites(old, monkeypatch):
    monkeypatch.setattr(tidying, "PAYERS", 2)
    monkeypatch.setattr(tidying, "BITE_OF_PAYERS", 1)

    facade.sync()
    assert [found_by(row)[2] for row in old] == ["payer0@example.org", "payer1@example.org", None]

    facade.sync()
    assert PaymentOrder.objects.filter(payer_email=None).count() == 0


def test_a_sync_that_is_to_stop_leaves_the_rest(old):
    facade.sync(stopped=lambda: True)

    assert PaymentOrder.objects.filter(payer_email=None).count() == 3


def test_of_an_order_that_is_gone_there_is_nothing_to_look_up(old):
    PaymentOrder.objects.filter(pk=old[0].pk).update(order=None)

    facade.sync()

    assert found_by(old[0]) == ("", "", "")
    assert found_by(old[1])[0] == ASTRID[0]


def test_where_all_are_looked_up_a_sync_asks_once(started):
    with count_queries() as counted:
        assert ledger.look_up_payers(500) == 0

    assert counted.total == 1


def test_a_row_that_somebody_holds_is_passed_over(old):
    if not connection.features.has_select_for_update_skip_locked:
        pytest.skip("this database waits for rows that somebody holds")
    with count_queries() as counted:
        ledger.look_up_payers(500)

    assert "SKIP LOCKED" in counted.ours[0]


def test_o7_who_was_forgotten_is_found_no_more_and_not_looked_up_again(started):
    facade.forget_payer(started.payment_order.pk)
    assert found_by(started.payment_order) == ("", "", "")

    facade.sync()

    assert found_by(started.payment_order) == ("", "", "")


def test_o7_what_staff_said_of_who_is_forgotten_goes_too(bought, staff):
    bought.refund(amount=Decimal("50.00"), message="Dear Astrid", description="Astrid called", person=staff)

    forgotten = facade.forget_payer(bought.payment_order.pk)

    assert forgotten.messages == 1
    refund = Refund.objects.get()
    assert (refund.message, refund.description, refund.amount) == ("", "", Decimal("50.00"))
    assert [action.detail for action in StaffAction.objects.all()] == [""]


def test_o7_why_staff_set_a_refund_aside_goes_too_and_pings_own_words_stay(bought, ping, staff):
    refused, failed, aside = (bought.refund(amount=Decimal("50.00")) for _ in range(3))
    facade.set_refund_aside(aside.pk, person=staff, note="Astrid Lindqvist says that her card was stolen")
    Refund.objects.filter(pk=refused.pk).update(sent_at=None, error="not enough money")
    Refund.objects.filter(pk=failed.pk).update(status="FAILED", error="FAILED")
    states = [refund.state for refund in Refund.objects.all()]

    facade.forget_payer(bought.payment_order.pk)

    assert [refund.error for refund in Refund.objects.order_by("pk")] == ["not enough money", "FAILED", "-"]
    assert [refund.state for refund in Refund.objects.all()] == states
