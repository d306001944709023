"""Orders that are not paid by card are placed exactly as without us: compared with Oscar's own view."""

from __future__ import annotations

from typing import Any

import pytest
from django.core import mail
from django.db import transaction
from django.urls import path
from oscar.apps.checkout.views import PaymentDetailsView
from oscar.core.loading import get_model

from tests import urls as tests_urls
from tests.shopper import Shopper, create_product

from .conftest import rows
from .test_giving_back import create_offer, create_voucher, held

# Oscar's own preview step beside ours.
urlpatterns = [
    path("stock/", PaymentDetailsView.as_view(preview=True)),
    *tests_urls.urlpatterns,
]


def snapshot(shopper: Shopper, response: Any) -> dict[str, Any]:
    """Everything that placing an order leaves behind, without what names one order or another."""
    order = shopper.order

    def anonymous(text: str) -> str:
        for own in (order.verification_hash(), order.number):
            text = text.replace(own, "...")
        return text

    fields = {field.attname for field in order._meta.concrete_fields}
    own = {
        "id",
        "number",
        "basket_id",
        "billing_address_id",
        "shipping_address_id",
        "date_placed",
        "guest_email",
    }
    session = dict(shopper.client.session)
    assert session.pop("checkout_order_id") == order.pk
    return {
        "answer": (response.status_code, response["Location"]),
        "order": {name: getattr(order, name) for name in fields - own},
        "lines": list(order.lines.values_list("title", "quantity", "line_price_incl_tax", "status")),
        "discounts": list(order.discounts.values_list("amount", "voucher_code", "frequency")),
        "basket": order.basket.status,
        "sources": list(order.sources.all()),
        "notes": list(order.notes.all()),
        "mail": [(anonymous(message.subject), anonymous(message.body)) for message in mail.outbox],
        "session": {name: value for name, value in session.items() if not name.startswith("_auth")},
        "held": held(),
        "rows": rows(),
        "allocated": list(
            get_model("partner", "StockRecord").objects.values_list("num_allocated", flat=True)
        ),
    }


def places(shopper: Shopper, product: Any, url: str) -> dict[str, Any]:
    shopper.adds(product, 2).enters_voucher("WELCOME").goes_to_payment()
    if product.stockrecords.get().price:
        shopper.chooses("invoice")
    mail.outbox.clear()
    return snapshot(shopper, shopper.client.post(url, {"action": "place_order"}))


@pytest.mark.parametrize("price", ["299.00", "0.00"])
@pytest.mark.parametrize("payer", ["guest", "customer"])
def test_the_order_the_mail_the_session_and_the_rows_are_oscars(
    change, settings, ping, customer, payer, price
):
    change(OTHER_METHODS={"invoice": "Invoice"})
    settings.ROOT_URLCONF = __name__
    product = create_product("Lantern", price)
    create_offer()
    create_voucher(usage="Multi-use")

    def shopper() -> Shopper:
        return Shopper(user=customer) if payer == "customer" else Shopper(email="karl@example.org")

    with transaction.atomic():
        stock = places(shopper(), product, "/stock/")
        transaction.set_rollback(True)

    ours = places(shopper(), product, "/en/checkout/preview/")

    assert ours == stock
    assert ours["rows"]["Order"] == 1
    assert len(ours["mail"]) == 1
    assert ping.calls() == []
