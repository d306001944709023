"""Members of staff in front of Oscar's dashboard, and payments for them to look after."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest
from django.contrib.auth.models import Permission
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from oscar_pingpayments.facade.connection import here
from oscar_pingpayments.models import PaymentOrder, StaffAction
from tests.integration.shop.conftest import bought as bought
from tests.integration.shop.conftest import buyer as buyer
from tests.integration.shop.conftest import commits as commits
from tests.integration.shop.conftest import customer as customer
from tests.integration.shop.conftest import heard as heard
from tests.integration.shop.conftest import paid as paid
from tests.integration.shop.conftest import product as product
from tests.integration.shop.conftest import shop as shop
from tests.integration.shop.conftest import shopper as shopper
from tests.integration.shop.conftest import started as started

ALL = ("view", "refund", "resolve", "settle")


@pytest.fixture
def staff(django_user_model):
    """Return a browser in which a member of staff is logged in, with some of our permissions."""

    def staff(*rights: str, **changes: Any) -> Client:
        number = django_user_model.objects.count()
        facts = {"is_staff": True, "first_name": "Bosse", "last_name": f"Berg {number}", **changes}
        user = django_user_model.objects.create_user(
            f"bosse{number}", f"bosse{number}@shop.se", "password", **facts
        )
        codenames = [right if "_" in right else f"{right}_paymentorder" for right in rights]
        user.user_permissions.set(Permission.objects.filter(codename__in=codenames))
        assert user.user_permissions.count() == len(rights)
        client = Client()
        client.force_login(user)
        client.user = user
        return client

    return staff


@pytest.fixture
def desk(staff) -> Client:
    """The browser of somebody who may do everything with payments."""
    return staff(*ALL)


def at(name: str, payment_order: PaymentOrder | None = None) -> str:
    """Return the address of one of our pages."""
    return reverse(f"dashboard:payments-{name}", args=[payment_order.pk] if payment_order else [])


def text(response: Any) -> str:
    """Return what a page says, in one line."""
    return " ".join(response.content.decode().split())


def bare(words: object) -> str:
    """Return words without the spaces inside of amounts, which Babel's releases do not agree about."""
    return str(words).replace("\xa0", "")


def said(response: Any) -> list[str]:
    """Return the messages on a page."""
    return [bare(message) for message in response.context["messages"]]


def trail() -> list[tuple[str, str, str]]:
    """Return what staff did: what, who, and in detail."""
    return list(StaffAction.objects.order_by("pk").values_list("name", "by", "detail"))


def answers(page: Any, **typed: str) -> dict[str, str]:
    """Return what a browser sends of a page's form, with what somebody has typed."""
    form = page.context["form"]
    return {name: form[name].value() or "" for name in form.fields} | typed


def do(client: Client, name: str, payment_order: PaymentOrder, **typed: str) -> Any:
    """Open the page of an action, send its form, and return the page that comes then."""
    address = at(name, payment_order)
    return client.post(address, answers(client.get(address), **typed), follow=True)


_PAID = {PaymentOrder.State.PAID, PaymentOrder.State.REFUNDED}


def make(*rows: dict[str, Any], noon: datetime | None = None) -> list[PaymentOrder]:
    """Write payment orders of orders that are gone, a minute apart and the newest last, with these facts."""
    noon = noon or timezone.now().replace(hour=12, minute=0, second=0, microsecond=0)
    made = []
    for number, row in enumerate(rows):
        created = row.get("created_at", noon + timedelta(minutes=number))
        amount = Decimal(row.get("amount", "299.00"))
        paid = row.get("state", "paid") in _PAID
        facts = {
            "order_number": str(900000 + number),
            "ping_id": uuid4(),
            **here(),
            "currency": "SEK",
            "amount_paid": amount if paid else 0,
            "state": "paid",
            "paid_at": created if paid else None,
            "created_at": created,
            "expires_at": created + timedelta(hours=1),
            **row,
            "amount": amount,
        }
        made.append(PaymentOrder(**facts))
    return PaymentOrder.objects.bulk_create(made)
