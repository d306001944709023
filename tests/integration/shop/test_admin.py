"""The admin shows our rows to who may see them, changes nothing, and gives no key away."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from django.contrib.auth.models import Permission
from django.test import Client
from django.urls import reverse

from oscar_pingpayments import facade, simulator
from oscar_pingpayments.models import (
    Callback,
    Effect,
    Exchange,
    Mark,
    Payment,
    PaymentOrder,
    Placing,
    Refund,
    SentForm,
    StaffAction,
)

from .answers import let_ping_answer, refunded
from .conftest import nothing_changes

MODELS = [PaymentOrder, Payment, Callback, Exchange, Effect, StaffAction]


@pytest.fixture
def paid(paid, ping):
    """An order of which there is a row of every kind."""
    let_ping_answer(ping, paid.payment, refunds=refunded(5000))
    facade.refresh(paid.payment.pk, by="test")
    facade.send_confirmation_again(paid.payment_order.pk, person=facade.Person("Bosse"))
    return paid


@pytest.fixture
def keys(paid) -> list[str]:
    """What whoever holds it could do something with, as it stands in our rows."""
    return [
        paid.payment_order.token,
        paid.payment.token,
        paid.payment.pay_url.partition("?")[0],
        simulator.API_SECRET,
    ]


def urls(model) -> list[str]:
    """The addresses of a model's list and of each of its rows."""
    name = model._meta.model_name
    return [reverse(f"admin:pingpayments_{name}_changelist")] + [
        reverse(f"admin:pingpayments_{name}_change", args=[row.pk]) for row in model.objects.order_by("pk")
    ]


@pytest.mark.parametrize("model", MODELS)
def test_o4_rows_are_shown_without_any_key_in_them(admin_client, paid, keys, model):
    for url in urls(model):
        page = admin_client.get(url).content.decode()
        assert str(model._meta.verbose_name) in page
        for key in keys:
            assert key not in page


@pytest.mark.parametrize("model", MODELS)
def test_nothing_can_be_added_changed_or_deleted(admin_client, paid, model):
    name = model._meta.model_name
    row = model.objects.order_by("pk").first()
    before = model.objects.filter(pk=row.pk).values().get()
    change = reverse(f"admin:pingpayments_{name}_change", args=[row.pk])

    with nothing_changes():
        assert admin_client.get(reverse(f"admin:pingpayments_{name}_add")).status_code == 403
        assert admin_client.post(change, {"state": "paid", "status": "COMPLETED"}).status_code == 403
        delete = reverse(f"admin:pingpayments_{name}_delete", args=[row.pk])
        assert admin_client.post(delete, {"post": "yes"}).status_code == 403
        chosen = {"action": "delete_selected", "_selected_action": [row.pk], "post": "yes"}
        admin_client.post(reverse(f"admin:pingpayments_{name}_changelist"), chosen)

    assert model.objects.filter(pk=row.pk).values().get() == before


def test_refunds_are_shown_with_their_payment(admin_client, paid):
    assert Refund.objects.get().amount == 50
    assert "50.00" in admin_client.get(urls(Payment)[1]).content.decode()


def test_payment_orders_are_found_by_number_and_by_pings_id(admin_client, paid):
    url = urls(PaymentOrder)[0]

    for words in (paid.order.number, str(paid.payment_order.ping_id)):
        assert admin_client.get(url, {"q": words}).context["cl"].result_count == 1
    assert admin_client.get(url, {"q": "0"}).context["cl"].result_count == 1  # part of the number
    assert admin_client.get(url, {"q": "nobody"}).context["cl"].result_count == 0


def test_effects_that_are_not_done_come_first(admin_client, paid):
    Effect.objects.filter(name="confirmation").update(done_at=None)

    rows = admin_client.get(urls(Effect)[0]).context["cl"].result_list

    assert [row.name for row in rows] == ["refunded_mail", "confirmation", "order_paid", "refund_done"]
    assert str(rows[1]) == f"#{paid.order.number}: e-mail: order confirmation"


@pytest.mark.parametrize("model", MODELS)
def test_staff_without_the_permission_see_nothing(paid, django_user_model, model):
    staff = django_user_model.objects.create_user("staff", "staff@example.org", "password", is_staff=True)
    client = Client()
    client.force_login(staff)

    for url in urls(model):
        assert client.get(url).status_code == 403

    staff.user_permissions.add(
        Permission.objects.get(
            codename=f"view_{model._meta.model_name}", content_type__app_label="pingpayments"
        )
    )
    assert client.get(urls(model)[0]).status_code == 200


def test_what_staff_did_is_shown_with_the_order(admin_client, paid):
    page = admin_client.get(urls(PaymentOrder)[1]).content.decode()

    assert (
        str(paid.payment_order.staff_actions.get())
        == f"#{paid.order.number}: Bosse sent the confirmation again"
    )
    assert "sent the confirmation again" in page


def test_rows_that_only_the_shell_shows_name_themselves(paid):
    at = datetime(2026, 3, 1, 12, tzinfo=UTC)

    assert str(Mark(name="sync", at=at)) == "sync 2026-03-01 12:00:00"
    assert str(SentForm(key="abc", at=at)) == "abc 2026-03-01 12:00:00"
    assert str(Placing(basket=paid.order.basket, at=at)) == f"{paid.order.basket_id} 2026-03-01 12:00:00"


def test_the_public_is_asked_to_log_in(paid):
    for model in MODELS:
        for url in urls(model):
            assert Client().get(url).status_code == 302
