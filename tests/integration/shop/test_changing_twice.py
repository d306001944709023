"""A guest clicks "change my order" twice: a browser keeps the cookies of one answer, either one."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse

from oscar_pingpayments.models import PaymentOrder


@pytest.mark.parametrize(
    ("later", "things"), [(timedelta(), 1), (timedelta(minutes=1), 0)], ids=["at once", "later"]
)
def test_s1_each_of_two_clicks_brings_everything_back_and_a_click_long_after_does_not(started, later, things):
    other = Client()
    for name, morsel in started.client.cookies.items():
        other.cookies[name] = morsel.value
    url = reverse("pingpayments:change", args=[started.payment_order.token])
    started.client.post(url)
    refilled_at = started.payment_order.refilled_at
    PaymentOrder.objects.update(refilled_at=refilled_at - later)

    other.post(url)

    assert other.get(reverse("basket:summary")).context["basket"].num_items == things
    assert started.basket.num_items == 1
    assert started.payment_order.refilled_at == refilled_at - later
