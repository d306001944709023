"""What every shop must be able to do, whatever it has made of its checkout."""

from __future__ import annotations

from typing import Any

from django.core import mail
from django.core.checks import run_checks
from django.urls import reverse

from oscar_pingpayments.checkout import PaymentDetailsMixin
from tests.integration.shop.conftest import come_back
from tests.shopper import Shopper


def assert_paid(shopper: Shopper, ping: Any) -> None:
    """Pay at PaymentIQ's page, come back, and find the order paid and the payer thanked."""
    order = shopper.order
    assert order.status == "Pending"
    assert mail.outbox == []

    response = come_back(shopper, ping.pay(shopper.payment.pay_url))

    order.refresh_from_db()
    assert response.redirect_chain[-1][0] == reverse("checkout:thank-you")
    assert response.context["order"] == order
    assert order.status == "Being processed"
    source = order.sources.get()
    assert source.amount_debited == order.total_incl_tax
    assert shopper.payment_order.amount_paid == order.total_incl_tax
    assert len(mail.outbox) == 1


def assert_adds_up(shopper: Shopper, ping: Any) -> list[tuple[str, int, float]]:
    """Return what Ping was asked for as (name, amount, VAT rate), after checking that it is the total."""
    remote = ping.payments()[-1]
    items = [(item["name"], item["amount"], float(item["vat_rate"])) for item in remote["order_items"]]
    total = int(shopper.order.total_incl_tax * 100)
    assert remote["total_amount"] == total
    assert sum(amount for _, amount, _ in items) == total
    return items


def assert_wired() -> None:
    """Find nothing wrong with how the shop is set up."""
    assert run_checks(tags=["pingpayments"]) == []
    from django.urls import resolve

    assert issubclass(resolve(reverse("checkout:preview")).func.view_class, PaymentDetailsMixin)
