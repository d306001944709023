"""O8: who may see and do what, at every address of the dashboard's."""

from __future__ import annotations

import pytest
from django.apps import apps
from django.test import Client
from django.urls import reverse

from oscar_pingpayments.dashboard.routes import ROUTES
from oscar_pingpayments.models import PaymentOrder

from .conftest import ALL, at, make, text

#: The permission that each address asks for besides "view": a page that is added has to be added here too.
RIGHTS = {
    "payments-list": "view",
    "payments-export": "view",
    "payments-attention": "view",
    "payments-overview": "view",
    "payments-reconciliation": "view",
    "payments-reconciliation-export": "view",
    "payments-health": "view",
    "payments-poke": "resolve",
    "payments-detail": "view",
    "payments-refresh": "view",
    "payments-stop": "resolve",
    "payments-cancel": "resolve",
    "payments-confirmation": "resolve",
    "payments-link": "resolve",
    "payments-refund": "refund",
    "payments-refund-aside": "refund",
    "payments-close": "settle",
    "payments-split": "settle",
    "payments-settle": "settle",
    "payments-resolve": "resolve",
}
ADDRESSES = [pattern.name for pattern in apps.get_app_config("pingpayments_dashboard").urls[0]]


@pytest.fixture
def payment_order(shop) -> PaymentOrder:
    (made,) = make({})
    return made


def address(name: str, payment_order: PaymentOrder) -> str:
    route = next(route for route in ROUTES if route.name == name)
    return reverse(f"dashboard:{name}", args=[payment_order.pk] if "<int:pk>" in route.path else [])


def lets_in(client: Client, url: str) -> bool:
    """Whether an address lets somebody in: with a page, or on to the page from which they came."""
    answers = {client.get(url).status_code, client.post(url).status_code}
    assert 500 not in answers
    return answers.isdisjoint({403})


def test_every_address_is_here():
    assert sorted(ADDRESSES) == sorted(RIGHTS)


def test_every_name_is_ours_and_nobody_elses():
    others = {
        getattr(pattern, "name", None)
        for config in apps.get_app_configs()
        if config.label.endswith("dashboard") and config.label != "pingpayments_dashboard"
        for pattern in config.urls[0]
    }

    assert [name for name in ADDRESSES if not name.startswith("payments-") or name in others] == []


@pytest.mark.parametrize("name", ADDRESSES)
def test_o8_who_is_not_logged_in_is_asked_to(payment_order, name):
    url = address(name, payment_order)

    for response in (Client().get(url), Client().post(url)):
        assert response.status_code == 302
        assert response["Location"] == f"{reverse('dashboard:login')}?next={url}"


@pytest.mark.parametrize("name", ADDRESSES)
def test_o8_each_address_asks_for_its_permissions(payment_order, staff, name):
    url = address(name, payment_order)

    assert not lets_in(staff(), url)
    assert not lets_in(staff("view_order", "change_order"), url)
    for right in ALL[1:]:
        assert not lets_in(staff(right), url), f"{right} alone"
        assert lets_in(staff("view", right), url) == (RIGHTS[name] in ("view", right)), right
    assert lets_in(staff("view"), url) == (RIGHTS[name] == "view")
    assert lets_in(staff(is_superuser=True), url)


@pytest.mark.parametrize("name", ADDRESSES)
def test_o8_partners_are_not_staff_whatever_their_permissions(payment_order, staff, name):
    url = address(name, payment_order)

    assert not lets_in(staff("dashboard_access", is_staff=False), url)
    assert not lets_in(staff("dashboard_access", *ALL, is_staff=False), url)


@pytest.mark.parametrize("name", ADDRESSES)
def test_o8_an_account_that_was_closed_is_out(payment_order, staff, name):
    client = staff(*ALL)
    client.user.is_active = False
    client.user.save()

    assert client.get(address(name, payment_order)).status_code == 302


def test_o8_buttons_are_for_those_who_may(shop, staff, paid):
    make_it_need_attention(paid.payment_order)

    for rights, expected in [
        (["view"], ["Ask Ping"]),
        (["view", "resolve"], ["Resolve", "Ask Ping", "Send the confirmation again"]),
        (["view", "refund"], ["Ask Ping", "Refund"]),
        (["view", "settle"], ["Ask Ping", "Close", "Split", "Settle"]),
    ]:
        page = staff(*rights).get(at("detail", paid.payment_order))
        assert [str(action.label) for action in page.context["actions"]] == expected
        for label in ("Resolve", "Ask Ping", "Refund", "Send the confirmation again", "Close", "Settle"):
            assert (f">{label}</a>" in text(page)) == (label in expected)


def make_it_need_attention(payment_order: PaymentOrder) -> None:
    PaymentOrder.objects.filter(pk=payment_order.pk).update(attention="duplicate", attention_detail="Twice.")


@pytest.mark.parametrize("name", ADDRESSES)
def test_nobody_keeps_a_copy(payment_order, desk, name):
    response = desk.get(address(name, payment_order))

    assert response["Cache-Control"] == "no-store, private"
    assert response["Referrer-Policy"] == "same-origin"
