"""Two shops in one database: what staff see counted is their own shop's, and what they look up is all."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from oscar_pingpayments import facade
from oscar_pingpayments.dashboard import navigation
from oscar_pingpayments.models import PaymentOrder, Refund

from .conftest import at

OTHER = "00000000-0000-4000-8000-00000000abcd"


@pytest.fixture(params=[{"ENVIRONMENT": "production", "BASE_URL": None}, {"TENANT_ID": OTHER}], ids=str)
def theirs(request, paid, change):
    """Become another shop than the one whose order was paid, needs attention, and has gone back in part."""
    PaymentOrder.objects.update(attention="late")
    Refund.objects.create(payment=paid.payment, amount=50, reason="other", refunded_at=timezone.now())

    def become() -> None:
        change(**request.param)

    return become


def counted(desk) -> list[object]:
    """What the pages count: the number in the navigation, the queue, the figures, the health."""
    today = timezone.localdate()
    period = {"first": today - timedelta(days=1), "last": today + timedelta(days=1)}
    total = desk.get(at("overview"), period).context["figures"].total
    health = desk.get(at("health"), period).context["health"]
    return [
        navigation.needing_attention(),
        len(desk.get(at("attention")).context["queue"]),
        (total.placed, total.paid, total.amount_paid, total.amount_refunded),
        (health.settled, health.missing, len(health.outcomes), health.newest is not None),
    ]


def test_o16_what_is_counted_is_the_shops_own(desk, theirs, paid):
    assert counted(desk) == [1, 1, (1, 1, 299, 50), (1, 0, 1, True)]

    theirs()

    assert counted(desk) == [0, 0, (0, 0, 0, 0), (0, 0, 0, False)]


def test_o16_the_last_sync_that_is_shown_is_the_shops_own(desk, theirs):
    facade.sync()
    assert desk.get(at("health")).context["sync"].at == facade.last_sync()

    theirs()

    assert desk.get(at("health")).context["sync"] is None


def test_o16_what_is_another_shops_can_be_looked_up(desk, theirs, paid):
    theirs()

    assert [row.pk for row in desk.get(at("list")).context["payments"]] == [paid.payment_order.pk]
    assert desk.get(at("detail", paid.payment_order)).status_code == 200


def test_settings_that_cannot_be_used_keep_nobody_from_oscars_pages(theirs, change):
    change(TENANT_ID="?")

    assert navigation.needing_attention() == 0
