"""A form of staff's that is sent twice in the same instant: it is done once, and the second is told."""

from __future__ import annotations

import copy
from functools import partial
from typing import Any

from django.contrib.messages import get_messages
from django.core import mail
from django.test import Client

from oscar_pingpayments import facade
from oscar_pingpayments.models import SentForm, StaffAction
from tests.integration.dashboard.conftest import answers, at
from tests.shopper import Shopper, create_product

ONCE = "This was sent before, and is done once."


def test_a_double_click_is_done_once(ping, at_once, admin_client, fewer_rounds):
    shopper = Shopper()
    shopper.buys(create_product())
    ping.pay(shopper.payment.pay_url)
    facade.refresh(shopper.payment.pk, by="test")
    address = at("confirmation", shopper.payment_order)

    for number in range(1, fewer_rounds + 1):
        sent = answers(admin_client.get(address))
        mail.outbox.clear()

        clicks: list[Any] = at_once(*(partial(click, admin_client, address, sent) for _ in range(2)))

        assert [click.status_code for click in clicks] == [302, 302]
        assert len(mail.outbox) == 1
        told = sorted(str(message) for click in clicks for message in get_messages(click.wsgi_request))
        assert told == ["The confirmation was sent to astrid@example.org.", ONCE]
        assert StaffAction.objects.count() == SentForm.objects.count() == number


def click(client: Client, address: str, sent: dict[str, str]) -> Any:
    """Send a form from a browser that is the same as another one."""
    same = Client()
    same.cookies = copy.deepcopy(client.cookies)
    return same.post(address, sent)
