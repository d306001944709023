"""The payer's e-mails as the tests read them, and what makes the shop send one."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

from django.core import mail
from django.urls import reverse
from django.utils import formats, timezone

from oscar_pingpayments import facade
from oscar_pingpayments.facade import outbox
from oscar_pingpayments.models import Effect, PaymentOrder
from tests.shopper import Shopper

from .answers import let_ping_answer, refunded
from .conftest import call_back

WORKING = "django.core.mail.backends.locmem.EmailBackend"
DOWN = "no.such.MailServer"


def declines(shopper: Shopper, ping: Any) -> Shopper:
    """Let the payer's card be declined, and Ping say so."""
    ping.decline(shopper.payment.pay_url)
    call_back(shopper, '{"status": "DECLINED"}')
    return shopper


def tries_again(shopper: Shopper) -> Any:
    return shopper.client.post(reverse("pingpayments:pay", args=[shopper.payment_order.token]))


def minutes_pass() -> None:
    """Let some minutes pass for what is to be sent, and sync."""
    Effect.objects.filter(done_at=None).update(
        claimed_at=timezone.now() - outbox.RETRY_AFTER - timedelta(seconds=1)
    )
    facade.sync()


def subjects() -> list[str]:
    """What was sent, with {} for the number of the order."""
    numbers = PaymentOrder.objects.values_list("order_number", flat=True)
    return [re.sub("|".join(numbers), "{}", message.subject) for message in mail.outbox]


def html(message: Any) -> str:
    (alternative,) = message.alternatives
    assert alternative[1] == "text/html"
    return str(alternative[0])


def lines(text: str) -> list[str]:
    return [line.strip() for line in text.splitlines() if line.strip()]


def shown(moment: Any) -> str:
    """A time as payers read it."""
    return formats.date_format(timezone.localtime(moment), "DATETIME_FORMAT")


def pays(shopper: Shopper, ping: Any) -> None:
    """Let the payer try again and pay, and Ping say so."""
    tries_again(shopper)
    ping.pay(shopper.payment.pay_url)
    call_back(shopper)


def cancels(shopper: Shopper, ping: Any) -> None:
    """Let staff cancel the order."""
    facade.cancel(shopper.payment_order.pk, by="staff")


def refunds(shopper: Shopper, ping: Any, *amounts: int) -> None:
    """Let Ping list these refunds, in the smallest unit, and find out."""
    let_ping_answer(ping, shopper.payment, refunds=refunded(*amounts))
    facade.refresh(shopper.payment.pk, by="test")
