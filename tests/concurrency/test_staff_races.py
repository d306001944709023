"""Staff use Oscar's own dashboard in the instant in which the money comes: nothing is lost or hidden.

Oscar's dashboard reads an order and saves it whole, without a lock: it may overwrite what was written since.
"""

from __future__ import annotations

import dataclasses
from functools import partial

import pytest
from django.test import Client
from django.urls import reverse

from oscar_pingpayments import facade

from .counter import CANCELLED, LATE, PAID, QUANTITY, call_back, needing, run_out

BY_STAFF = ("Pending", "Cancelled")
BY_US = ("Pending", "Being processed")
#: Its time to pay ran out after staff had marked it as paid.
LEFT_TO_STAFF = dataclasses.replace(
    CANCELLED,
    state="expired",
    status="Being processed",
    status_changes=(BY_US,),
    effects=(),
    allocated=QUANTITY,
    voucher_uses=1,
)


@pytest.fixture
def staff(django_user_model) -> Client:
    """A member of staff, logged in."""
    client = Client()
    client.force_login(django_user_model.objects.create_superuser("staff", "staff@example.org"))
    return client


def set_status(staff: Client, number: str, status: str) -> int:
    """Save a status on Oscar's order page, and return the answer."""
    url = reverse("dashboard:order-detail", kwargs={"number": number})
    return staff.post(url, {"order_action": "change_order_status", "new_status": status}).status_code


def test_m12_staff_cancel_in_oscar_and_complete(counter, ping, race, fewer_rounds, in_turn, staff):
    """Cancelled before the money came, or overwritten after it: a person is told."""
    score = race("M12 staff cancel in Oscar's dashboard and complete", "staff", "complete")

    for payment in in_turn(counter.payments(fewer_rounds)):
        number = payment.payment_order.order_number
        ping.says(payment.ping_id, "COMPLETED")

        answers = score.run(
            staff=partial(set_status, staff, number, "Cancelled"), complete=partial(call_back, payment)
        )

        assert answers == {"staff": 302, "complete": 200}
        end = counter.end(payment.payment_order_id)
        cancelled = dataclasses.replace(PAID, status="Cancelled", status_changes=end.status_changes)
        if end.status_changes == (BY_STAFF,):
            assert end == LATE
            counter.held -= 1
        elif end.status_changes == (BY_US, ("Being processed", "Cancelled")):
            assert end == cancelled
            score.notes["cancelled knowingly"] += 1
        else:
            assert set(end.status_changes) == {BY_US, BY_STAFF}
            assert end == needing("order", cancelled)
            score.notes["ours overwritten"] += 1
        score.won("complete" if BY_US in end.status_changes else "staff")
    counter.assert_holds()
    score.assert_both_orders_occurred()


@pytest.mark.parametrize("status", ["Cancelled", "Being processed"])
def test_m12_staff_save_in_oscar_and_expire(counter, ping, race, fewer_rounds, in_turn, staff, status):
    """What the order held is given back once; an order that staff marked as paid is shown to a person."""
    score = race(f"M12 staff save {status!r} in Oscar's dashboard and expire", "staff", "expire")

    for payment in in_turn(counter.payments(fewer_rounds)):
        number = payment.payment_order.order_number
        run_out(payment)

        answers = score.run(
            staff=partial(set_status, staff, number, status),
            expire=partial(facade.expire, payment.payment_order_id),
        )

        assert answers["staff"] == 302
        end = counter.end(payment.payment_order_id)
        if end.status_changes == (BY_US,):
            # Staff were first: nothing of the order is touched, and they are told.
            assert end == needing("order", LEFT_TO_STAFF)
            score.notes["left to staff"] += 1
            score.won(score.first)
            continue
        counter.held -= 1
        counter.assert_holds()
        assert end.state == answers["expire"].state
        assert end.state in ("expired", "cancelled") if status == "Cancelled" else end.state == "expired"
        # Oscar saves the lines as they were read, too: they may say that they hold stock again.
        assert end.allocated in (0, QUANTITY)
        score.notes["its line overwritten, too"] += end.allocated > 0
        expected = dataclasses.replace(
            CANCELLED, state=end.state, status_changes=end.status_changes, allocated=end.allocated
        )
        if status == "Being processed":
            assert set(end.status_changes) == {BY_STAFF, BY_US}
            expected = needing("order", dataclasses.replace(expected, status=status))
            score.notes["expiry overwritten"] += 1
        else:
            assert set(end.status_changes) == {BY_STAFF}
        assert end == expected
        score.won(score.first)
    score.assert_both_orders_occurred()
