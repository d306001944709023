"""``manage.py pingpayments_check``: what it says of a shop that can take cards, and of each that cannot."""

from __future__ import annotations

import io
from datetime import timedelta
from itertools import pairwise
from uuid import uuid4

import pytest
import requests
import responses
from django.conf import settings as django_settings
from django.contrib.sites.models import Site
from django.core.management import CommandError, call_command
from django.db import connection
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder
from django.db.utils import OperationalError
from django.utils import timezone
from oscar.core.loading import get_model

from oscar_pingpayments import facade
from oscar_pingpayments.models import Callback, Payment, PaymentOrder

CALLBACK = "https://shop.se/pingpayments/callback/nobody/"
KEY = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="


@pytest.fixture
def shop(db, ping, change):
    """A shop that asks the simulator; nobody serves it."""
    change(**ping.settings())
    return ping


@pytest.fixture
def served(shop, live_server, change):
    """The same, served where the simulator can call it."""
    change(PUBLIC_URL=live_server.url)
    return live_server


def report(**options: object) -> list[str]:
    """Return the lines that the command prints; the last one is its verdict."""
    out = io.StringIO()
    try:
        call_command("pingpayments_check", stdout=out, no_color=True, **{"wait": 0, **options})
    except CommandError as error:
        return [*out.getvalue().splitlines(), f"{error} ({error.returncode})"]
    return out.getvalue().splitlines()


def red(lines: list[str]) -> list[str]:
    """Return the lines that say what is wrong, each with the hint below it."""
    found: list[str] = []
    for line, after in pairwise(lines):
        if line.startswith("WRONG"):
            found += [line, after] if after.startswith("      ") else [line]
    return found


def our_tenant(settings) -> dict[str, object]:
    """Return what Ping says of the shop's own tenant."""
    return {
        "id": str(settings.PINGPAYMENTS["TENANT_ID"]),
        "name": "Norrlykta AB",
        "payment_provider_methods": [{"provider": "payment_iq", "method": "card"}],
    }


def report_where_ping_says(tenant: dict[str, object]) -> list[str]:
    """Return the lines of the report where Ping says this of the tenant."""
    with responses.RequestsMock() as wire:
        wire.get(f"{django_settings.PINGPAYMENTS['BASE_URL']}/api/v1/tenant", json=tenant)
        return report()


def test_a_shop_that_can_take_cards(served):
    lines = report(wait=10)

    assert [line.split(":")[0] for line in lines] == [
        "ok    Settings",
        "ok    Database",
        "ok    Source type",
        "ok    Order statuses",
        "ok    Credentials",
        "ok    Payment method",
        "ok    Callback address",
        "note  Refund address",
        "      Ask Ping to set this address on your tenant, and keep it to yourselves",
        "      http",
        "This shop can take cards.",
    ]
    assert lines[9] == f"      {served.url}/pingpayments/refunds/{facade.refund_token()}/"
    assert (
        lines[2]
        == "ok    Source type: Oscar has no source type 'paymentiq-card' yet: the first order makes it."
    )
    assert lines[5] == "ok    Payment method: payment_iq/card is enabled for the tenant."
    assert (
        lines[6]
        == f"ok    Callback address: Ping called {served.url}/pingpayments/callback/…/ and it arrived."
    )
    assert Callback.objects.exclude(poke="").count() == 1


def test_the_report_is_green_and_red_where_that_is_wanted(served):
    out = io.StringIO()

    call_command("pingpayments_check", stdout=out, force_color=True)

    assert "\x1b[32;1mok    \x1b[0mSettings: " in out.getvalue()


def test_the_shops_address_may_be_given_by_hand(shop, live_server):
    lines = report(public_url=f"{live_server.url}/", wait=10)

    assert "ok    Callback address: " in "\n".join(lines)


def test_a_refund_address_that_ping_has_is_green(shop, change, settings):
    change(PUBLIC_URL="https://shop.se")
    address = f"https://shop.se/pingpayments/refunds/{facade.refund_token()}/"

    with responses.RequestsMock() as wire:
        tenant = our_tenant(settings) | {"refunds_go_to": address}
        wire.get(f"{settings.PINGPAYMENTS['BASE_URL']}/api/v1/tenant", json=tenant)
        wire.post(f"{settings.PINGPAYMENTS['BASE_URL']}/api/v1/poke", status=422)
        lines = report()

    assert "ok    Refund address: Ping has the address to call about refunds." in lines


def test_without_an_address_the_callbacks_are_not_tried(shop):
    lines = report()

    assert lines[-3:] == [
        (
            "note  Callback address: Not tried: PUBLIC_URL is not set, and there is no request here "
            "to take the shop's address from."
        ),
        "      Type: python manage.py pingpayments_check --public-url https://your-shop.se",
        "This shop can take cards.",
    ]
    assert "poke" not in " ".join(call["path"] for call in shop.calls())


def test_a_source_type_that_staff_have_renamed(shop):
    get_model("payment", "SourceType").objects.create(code="paymentiq-card", name="Kort")

    assert "ok    Source type: Oscar's source type 'paymentiq-card' is there, named 'Kort'." in report()


def test_settings_that_cannot_be_used_are_all_that_is_said(shop, change):
    change(TENANT_ID="mine")

    lines = report()

    assert (
        red(lines)[0]
        == "WRONG Settings (pingpayments.E003): TENANT_ID is not a UUID, so Ping would refuse every call."
    )
    assert red(lines)[1].startswith("      Copy it from Ping's portal")
    assert lines[-1] == "1 thing is wrong. (1)"


def test_what_is_wrong_with_the_shop_does_not_keep_ping_from_being_asked(shop, settings, change):
    settings.OSCAR_ORDER_STATUS_PIPELINE = {}
    change(API_SECRET="wrong")

    lines = report()

    assert [line.split(":")[0] for line in red(lines) if line.startswith("WRONG")] == [
        "WRONG Settings (pingpayments.E011)",
        "WRONG Credentials",
    ]
    assert lines[-1] == "2 things are wrong. (1)"


def test_a_finding_that_the_shop_has_silenced_is_not_repeated(shop, settings):
    settings.SESSION_COOKIE_SAMESITE = "Strict"
    assert any(line.startswith("note  Settings (pingpayments.W008)") for line in report())

    settings.SILENCED_SYSTEM_CHECKS = ["pingpayments.W008"]

    assert not any("W008" in line for line in report())


def test_the_site_of_a_live_shop_is_looked_at(shop, change, settings):
    settings.ALLOWED_HOSTS = ["shop.se"]
    Site.objects.filter(pk=1).update(domain="example.com")
    change(
        ENVIRONMENT="production",
        BASE_URL="https://ping.invalid/payments",
        TENANT_ID="0b9ef1b0-62a5-4a4a-9f43-8f6c5e3b2d11",
        API_SECRET="very-secret",
        PUBLIC_URL="https://shop.se",
        TIMEOUT=(0.5, 0.5),
    )

    said = "\n".join(report())

    assert "note  Settings (pingpayments.W046): The shop's Site is example.com" in said
    assert "WRONG Credentials: Ping could not be asked at https://ping.invalid/payments: " in said
    assert "very-secret" not in said


@pytest.mark.django_db(transaction=True)
def test_migrations_that_are_not_applied(shop, settings):
    settings.MIGRATION_MODULES = {}
    call_command("migrate", fake=True, verbosity=0)  # for tables that were made without migrations
    (newest,) = MigrationLoader(connection).graph.leaf_nodes("pingpayments")
    MigrationRecorder(connection).record_unapplied(*newest)
    try:
        lines = report()
    finally:
        MigrationRecorder(connection).record_applied(*newest)

    assert red(lines) == [
        f"WRONG Database: These migrations are not applied: {'.'.join(newest)}.",
        "      Type: python manage.py migrate",
    ]


def test_a_database_that_is_down(shop, monkeypatch):
    def refuse() -> None:
        raise OperationalError("connection refused")

    with monkeypatch.context() as patched:
        patched.setattr(connection, "ensure_connection", refuse)
        lines = report()

    assert red(lines) == [
        "WRONG Database: It cannot be used: connection refused",
        "      Check DATABASES, and that it is running.",
    ]


def test_credentials_that_ping_does_not_accept(shop, change):
    change(API_SECRET="wrong-secret")

    lines = report()

    assert red(lines)[0].startswith(
        "WRONG Credentials: Ping does not accept them in the sandbox environment: "
    )
    assert red(lines)[1] == "      Check TENANT_ID and API_SECRET, and that they belong to ENVIRONMENT."
    assert lines[-1] == "1 thing is wrong. (1)"
    assert "wrong-secret" not in "".join(lines)


def test_a_ping_that_cannot_be_reached(shop, change):
    change(BASE_URL="http://127.0.0.1:9/payments", TIMEOUT=(0.2, 0.2))

    lines = report()

    assert red(lines)[0].startswith(
        "WRONG Credentials: Ping could not be asked at http://127.0.0.1:9/payments: "
    )


def test_the_credentials_of_somebody_else(shop):
    tenant = {
        "id": "5d1c1e38-6d0f-4a35-8a63-0b1ab0c3f2aa",
        "name": "Annan",
        "payment_provider_methods": [],
    }

    lines = report_where_ping_says(tenant)

    assert red(lines)[0] == (
        "WRONG Credentials: They are those of another tenant, Annan (5d1c1e38-6d0f-4a35-8a63-0b1ab0c3f2aa)."
    )


def test_a_method_that_is_not_enabled(shop, settings):
    tenant = {"payment_provider_methods": [{"provider": "swish", "method": "mobile"}]}

    lines = report_where_ping_says({**our_tenant(settings), **tenant})

    assert red(lines) == [
        "WRONG Payment method: payment_iq/card is not enabled for the tenant. Enabled: swish/mobile.",
        "      Ask Ping to enable it, or check PROVIDER and METHOD.",
    ]


def test_a_tenant_without_any_method(shop, settings):
    lines = report_where_ping_says({**our_tenant(settings), "payment_provider_methods": []})

    assert (
        red(lines)[0] == "WRONG Payment method: payment_iq/card is not enabled for the tenant. Enabled: none."
    )


@pytest.mark.parametrize(
    ("ping_signs_with", "accepted", "line"),
    [
        (None, None, None),
        (KEY, None, "note  Callback signature: Ping signs its callbacks and the shop does not verify them."),
        (KEY, [KEY], "ok    Callback signature: Ping's key is one that the shop accepts."),
        (None, [KEY], "WRONG Callback signature: Ping does not sign for this tenant: "),
        ("other", [KEY], "WRONG Callback signature: Ping's key is not one that the shop accepts: "),
    ],
)
def test_the_key_that_callbacks_are_signed_with(shop, settings, change, ping_signs_with, accepted, line):
    if accepted:
        change(CALLBACK_SIGNATURE={"header": "X-Signature", "keys": accepted})
    lines = report_where_ping_says({**our_tenant(settings), "callback_signing_key": ping_signs_with})

    found = [printed for printed in lines if "Callback signature" in printed]
    assert [printed.startswith(line) for printed in found] == ([True] if line else [])


def test_a_shop_that_nobody_serves(shop, change):
    change(PUBLIC_URL="http://localhost:9")

    lines = report(wait=0.1)

    assert red(lines) == [
        (
            "WRONG Callback address: Ping was asked to call http://localhost:9/pingpayments/callback/…/ "
            "and nothing arrived within 0.1 seconds."
        ),
        "      This machine cannot reach it either: check the name, the port, and that the shop is served.",
    ]


def test_ping_does_not_want_to_call(shop, change):
    change(PUBLIC_URL="http://localhost:9")
    shop.misbehave(operation="poke", mode="status", status=422)

    lines = report()

    assert red(lines)[0].startswith(
        "WRONG Callback address: Ping did not want to call http://localhost:9/pingpayments/callback/…/: "
    )


def test_a_shop_without_the_url_line_is_not_called(shop, change, settings):
    settings.ROOT_URLCONF = "django.contrib.flatpages.urls"
    change(PUBLIC_URL="http://localhost:9")

    lines = report()

    assert [line.split(":")[0] for line in red(lines) if line.startswith("WRONG")] == [
        "WRONG Settings (pingpayments.E022)",
        "WRONG Settings (pingpayments.E031)",
    ]


# Callbacks that were expected, and other shops


def ended(status: str = "COMPLETED", *, ago: timedelta = timedelta(hours=1), callbacks: int = 0) -> None:
    """Write down a payment that ended so long ago, and so many calls about it."""
    payment_order = PaymentOrder.objects.create(
        order_number="100001",
        ping_id=uuid4(),
        environment="sandbox",
        tenant_id=django_settings.PINGPAYMENTS["TENANT_ID"],
        currency="SEK",
        amount=299,
        state="cancelled",
        expires_at=timezone.now(),
    )
    payment = Payment.objects.create(
        payment_order=payment_order,
        number=1,
        ping_id=uuid4(),
        status=status,
        live=None,
        currency="SEK",
        amount=299,
        changed_at=timezone.now() - ago,
    )
    for _ in range(callbacks):
        Callback.objects.create(payment=payment, outcome=Callback.Outcome.ASKED)


def test_c16_callbacks_that_were_expected_and_did_not_come_are_counted(shop):
    for status in ("COMPLETED", "DECLINED", "ABORTED"):
        ended(status)
    ended(callbacks=2)

    lines = report()

    found = next(line for line in lines if "Missing callbacks" in line)
    assert found == (
        "note  Missing callbacks: None came for 3 of the last 4 payments that ended. "
        "Coming back, or the sync, told how they went."
    )
    assert "at Ping's end of it?" in lines[lines.index(found) + 1]
    assert lines[-1] == "This shop can take cards."


def test_c16_callbacks_that_all_came_are_good_news(shop):
    ended(callbacks=1)

    assert "ok    Missing callbacks: None, of the last 1 payments that ended." in report()


@pytest.mark.parametrize(
    "which",
    [
        {"status": "STOPPED"},
        {"status": "PENDING"},
        {"ago": timedelta(minutes=9)},
        {"ago": timedelta(days=8)},
    ],
    ids=str,
)
def test_c16_a_callback_that_is_not_expected_yet_or_at_all_is_not_missing(shop, which):
    ended(**which)

    assert "Missing callbacks" not in "\n".join(report())


def test_o16_callbacks_of_another_shops_payments_are_not_missing(shop):
    ended()
    PaymentOrder.objects.update(environment="production")

    assert "Missing callbacks" not in "\n".join(report())


def test_o16_orders_that_wait_in_another_shop_are_named(shop):
    for _ in range(2):
        ended()
    PaymentOrder.objects.update(state="awaiting", environment="production")

    lines = report()

    found = next(line for line in lines if "Another shop" in line)
    tenant = django_settings.PINGPAYMENTS["TENANT_ID"]
    assert found == (
        f"note  Another shop: Orders that wait for payment: 2 of tenant {tenant} in Ping's production "
        "environment. This shop does not ask about them."
    )


# What stands in front of the callback address


@pytest.mark.parametrize(
    ("answer", "reading"),
    [
        (
            {"status": 302, "headers": {"Location": "/sv/pingpayments/callback/nobody/"}},
            "The address redirects to /sv/pingpayments/callback/nobody/, which callbacks do not follow.",
        ),
        (
            {"status": 401},
            "The address answers 401: a password, a firewall or a middleware turns away who is not known.",
        ),
        (
            {"status": 503},
            "The address answers 503: a maintenance page, or an error that the shop's log tells of.",
        ),
        (
            {"status": 404, "headers": {"X-Robots-Tag": "noindex, nofollow"}},
            (
                "The address can be reached from this machine, so what is in the way is between Ping and it: "
                "a firewall, a list of allowed addresses, or a name that only resolves here."
            ),
        ),
        (
            {"status": 404},
            "The address answers 404, and it is not ours that answers: check that the proxy passes it on.",
        ),
        (
            {"status": 200},
            "The address answers 200, and it is not ours that answers: check that the proxy passes it on.",
        ),
        (
            {"body": requests.exceptions.SSLError()},
            "The certificate at PUBLIC_URL is not valid for that host, so Ping will not call it.",
        ),
        (
            {"body": requests.exceptions.ConnectTimeout()},
            "This machine cannot reach it either: check the name, the port, and that the shop is served.",
        ),
    ],
)
@responses.activate
def test_c16_what_stands_in_front_of_the_callback_address(answer, reading):
    responses.post(CALLBACK, **answer)

    assert facade.Poke("https://shop.se", "secret").what_answers() == reading


def test_our_own_callback_address_is_known_by_its_answer(served):
    reading = facade.Poke(served.url, "secret").what_answers()

    assert reading.startswith("The address can be reached from this machine")
    assert Callback.objects.count() == 0
