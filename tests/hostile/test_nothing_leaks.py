"""A payer whose name nobody else has, and all that can go wrong: who is told of them, and of keys?"""

from __future__ import annotations

import io
import itertools
import smtplib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import django
import pytest
from django.core import mail
from django.core.mail.backends.locmem import EmailBackend
from django.core.management import CommandError, call_command
from django.db import IntegrityError, connection, transaction
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from oscar.apps.order.signals import order_status_changed
from oscar.core.loading import get_model

from oscar_pingpayments import conf, facade, signals, simulator
from oscar_pingpayments.exceptions import PingPaymentsError
from oscar_pingpayments.models import Callback, Effect, Exchange, Payment, PaymentOrder, Refund
from tests.integration.shop.answers import let_ping_answer
from tests.shopper import CARD as CARD_METHOD
from tests.shopper import Shopper, create_product

from .campaign import IS_CAMPAIGN
from .witness import ADDRESS, CARD, EMAIL, INDISCREET, IP_ADDRESS, PERSONAL, Witness, letters

#: Every so many statements one is made to fail.
STEP = 5 if IS_CAMPAIGN else 30
MODELS = (PaymentOrder, Payment, Callback, Exchange, Effect)


def long(*values: Any) -> Any:
    """Leave these to the campaign."""
    return pytest.param(*values, marks=pytest.mark.campaign)


class RefusingMailServer(EmailBackend):
    """Refuses every letter, and says to whom it was."""

    def send_messages(self, letters: Any) -> int:
        raise smtplib.SMTPRecipientsRefused({letters[0].to[0]: (550, INDISCREET.encode())})


def somebody(user: Any = None) -> Shopper:
    """Return a payer with a name, an address and all that goes with it."""
    return Shopper(Client(REMOTE_ADDR=IP_ADDRESS), user=user, email=EMAIL, address=ADDRESS)


@pytest.fixture
def payer(shop: Any) -> Shopper:
    """The same."""
    return somebody()


@pytest.fixture
def placed(payer: Shopper) -> Shopper:
    """The same, at PaymentIQ's page."""
    payer.buys(create_product())
    return payer


@pytest.fixture(autouse=True)
def nobody_is_named(settings, witness: Witness, admin_client: Client) -> Iterator[None]:
    """After each test, look everywhere."""
    owner = "owner@shop.example"
    settings.ADMINS = settings.MANAGERS = [owner] if django.VERSION >= (6,) else [("Owner", owner)]
    yield
    look_at_rows(witness)
    look_at_admin(witness, admin_client)
    for letter in letters(of_djangos=not witness.not_ours):
        witness.hear("a letter to staff", letter.subject, letter.body, str(letter.alternatives))
    complaints = witness.complaints([*PERSONAL, *witness.keys()])
    assert not complaints, "\n".join(complaints)


def look_at_rows(witness: Witness) -> None:
    """Read what staff read, in our words and Ping's. (What a callback says is kept for them as it came.)"""
    for row in Exchange.objects.values():
        witness.hear(f"exchange {row['method']} {row['path']}", str(row))
    for row in Callback.objects.values("outcome", "poke", "verified"):
        witness.hear("callback", str(row))
    for row in Payment.objects.values("error", "reason", "history", "status", "payer_address"):
        witness.hear("payment", str(row))
    for row in PaymentOrder.objects.values("attention_detail"):
        witness.hear("payment order", str(row))
    for row in [*Effect.objects.values("error", "about"), *Refund.objects.values("error", "message")]:
        witness.hear("effect or refund", str(row))
    for row in get_model("order", "OrderNote").objects.values("message"):
        witness.hear("note on the order", str(row))


def look_at_admin(witness: Witness, staff: Client) -> None:
    """Open the list and every page of our models. A callback's own page shows its body, and says so."""
    for model in MODELS:
        name = model._meta.model_name
        urls = [reverse(f"admin:pingpayments_{name}_changelist")]
        if model is not Callback:
            pks = model.objects.order_by("-pk").values_list("pk", flat=True)[:3]
            urls += [reverse(f"admin:pingpayments_{name}_change", args=[pk]) for pk in pks]
        for url in urls:
            witness.hear(url, staff.get(url).content.decode())


def command(witness: Witness, *words: str, **options: Any) -> None:
    """Run a command, and hear what it prints."""
    out = io.StringIO()
    try:
        call_command(*words, stdout=out, stderr=out, **options)
    except (CommandError, SystemExit) as error:
        out.write(f"{error}")
    except PingPaymentsError as error:
        witness.raised(error)
        out.write(f"{error}")
    witness.hear(words[0], out.getvalue())


def indiscreet_errors(**quoted: str) -> dict[str, Any]:
    """Ping's words about fields that it does not like, quoting each."""
    return {
        "errors": [
            {"error": "invalid", "property": name, "description": f"'{value}' is not valid"}
            for name, value in quoted.items()
        ]
    }


def quoted_by_ping(payer: Shopper) -> dict[str, Any]:
    return indiscreet_errors(
        **{
            "payer.name": f"{ADDRESS['first_name']} {ADDRESS['last_name']}",
            "payer.email": EMAIL,
            "payer.ip_address": IP_ADDRESS,
            "payer.address.street": ADDRESS["line1"],
            "provider_method_parameters.success_url": (
                f"https://shop.example/pingpayments/return/{'aB3_' * 10}xyz/"
            ),
            "card": f"{CARD} of {EMAIL}, {ADDRESS['phone_number']}",
            "x-api-secret": simulator.API_SECRET,
        }
    )


# The way of a payment


def test_nobody_is_named_when_all_goes_well(placed, ping, witness):
    ping.decline(placed.payment.pay_url)
    placed.sees()
    placed.client.post(reverse("pingpayments:pay", args=[placed.payment_order.token]))
    placed.client.get(ping.pay(placed.payment.pay_url), follow=True)
    ping.refund_in_portal(placed.payment.ping_id, 5000)
    for payment in Payment.objects.all():
        facade.refresh(payment.pk, by="staff")

    for options in ({}, {"refresh": True}, {"send_confirmation": True}, {"forget": True}):
        command(witness, "pingpayments_order", placed.order.number, **options)
    command(witness, "pingpayments_sync")

    assert placed.order.status == "Being processed"
    assert {*itertools.chain(*(letter.to for letter in mail.outbox))} == {EMAIL}
    assert Refund.objects.count() == 1


def test_nobody_is_named_when_money_does_not_fit(placed, ping, witness):
    for number in (1, 2):
        ping.decline(placed.payment.pay_url)
        placed.sees()
        if number == 1:
            placed.client.post(reverse("pingpayments:pay", args=[placed.payment_order.token]))
    for payment in Payment.objects.all():
        ping.says(payment.ping_id, "COMPLETED")
        facade.refresh(payment.pk, by="callback")
    let_ping_answer(ping, placed.payment, status="HELD", metadata={"name": EMAIL})
    facade.refresh(placed.payment.pk, by="callback")

    command(witness, "pingpayments_sync")
    command(witness, "pingpayments_order", placed.order.number)
    command(witness, "pingpayments_order", placed.order.number, resolve="looked at it")

    assert any("Paid twice" in letter.body for letter in letters())


def test_nobody_is_named_in_the_reason_for_a_failure(placed, ping, witness):
    said = {"message": f"Card {CARD} of {EMAIL} has insufficient funds, call {ADDRESS['phone_number']}"}
    history = [{"status": "DECLINED", "occurred_at": None, "details": {"provider_data": said}}]
    let_ping_answer(ping, placed.payment, "DECLINED", status_history=history)

    facade.refresh(placed.payment.pk, by="callback")

    assert placed.payment.reason == "Card *** of *** has insufficient funds, call ***"
    command(witness, "pingpayments_order", placed.order.number)


# Ping


@pytest.mark.parametrize("status", [401, 422, *map(long, [400, 403, 404, 409, 429, 500])])
def test_nobody_is_named_when_ping_quotes_what_it_was_sent(payer, ping, witness, status):
    answer = {"status": status, "body": quoted_by_ping(payer)}
    for operation in ("create_payment_order", "initiate_payment"):
        ping.misbehave(operation, "status", times=None, **answer)
        payer.buys(create_product())
        ping.clear_faults()
    ping.misbehave("*", "status", times=None, **answer)
    for payment in Payment.objects.all():
        for page in ("payment", "state"):
            payer.sees(page)
        payer.client.get(reverse("pingpayments:return", args=[payment.token]))
        payer.client.post(
            reverse("pingpayments:callback", args=[payment.token]), "{}", content_type="application/json"
        )
    payer.client.post(reverse("pingpayments:change", args=[payer.payment_order.token]))
    command(witness, "pingpayments_sync")
    command(witness, "pingpayments_check", public_url="https://shop.example", wait=0)
    command(witness, "pingpayments_order", payer.order.number, refresh=True)

    assert Exchange.objects.filter(status_code=status).exists()


@pytest.mark.campaign
@pytest.mark.parametrize(
    ("mode", "more"),
    [
        ("refuse", {}),
        ("drop_after", {}),
        ("silent", {}),
        ("malformed", {"kind": "not_json"}),
        ("malformed", {"kind": "truncated"}),
        ("malformed", {"kind": "foreign_host"}),
        ("malformed", {"kind": "missing_pay_url"}),
    ],
    ids=lambda value: str(value or ""),
)
def test_nobody_is_named_when_ping_is_ill(payer, ping, change, witness, mode, more):
    change(TIMEOUT=(0.2, 0.2))
    for operation in ("create_payment_order", "initiate_payment"):
        ping.misbehave(operation, mode, times=None, **more)
        payer.buys(create_product())
        ping.clear_faults()
    ping.misbehave("*", mode, times=None, **more)
    url = reverse("pingpayments:callback", args=[payer.payment.token])
    payer.client.post(url, "{}", content_type="application/json")
    payer.sees()
    payer.client.post(reverse("pingpayments:pay", args=[payer.payment_order.token]))
    command(witness, "pingpayments_sync")
    command(witness, "pingpayments_check", wait=0)
    command(witness, "pingpayments_order", payer.order.number, refresh=True)


# The shop


def test_nobody_is_named_when_the_mail_server_refuses(placed, ping, settings, witness):
    settings.EMAIL_BACKEND = f"{__name__}.RefusingMailServer"
    for payment in Payment.objects.all():
        ping.says(payment.ping_id, "COMPLETED")
        facade.refresh(payment.pk, by="callback")
    Payment.objects.update(live=None)
    PaymentOrder.objects.update(state="cancelled", paid_at=None, amount_paid=0)
    let_ping_answer(ping, placed.payment, status="EXPIRED")
    facade.refresh(placed.payment.pk, by="callback")
    Effect.objects.update(claimed_at=timezone.now() - timezone.timedelta(hours=1))

    command(witness, "pingpayments_sync")
    ping.misbehave("*", "status", status=401, times=None)
    somebody().buys(create_product())

    assert mail.outbox == []
    assert any("SMTPRecipientsRefused" in text for _, text in witness.heard)
    assert set(Effect.objects.exclude(error="").values_list("error", flat=True)) == {"SMTPRecipientsRefused"}


@pytest.mark.parametrize(
    "signal", [signals.order_paid, long(signals.payment_started), long(order_status_changed)]
)
def test_nobody_is_named_when_the_shops_own_code_raises(payer, ping, witness, signal):
    witness.not_ours.add("django.dispatch")

    def fail(**facts: Any) -> None:
        name, address = ADDRESS["last_name"], payer.order.shipping_address
        raise RuntimeError(INDISCREET if address else name)

    signal.connect(fail)
    try:
        payer.buys(create_product())
        ping.pay(payer.payment.pay_url)
        url = reverse("pingpayments:callback", args=[payer.payment.token])
        payer.client.post(url, "{}", content_type="application/json")
    finally:
        signal.disconnect(fail)

    assert any("RuntimeError: {'***'" in text for _, text in witness.heard)


def places(payer: Shopper) -> None:
    payer.places_order()


def calls_back(payer: Shopper) -> None:
    url = reverse("pingpayments:callback", args=[payer.payment.token])
    payer.client.post(url, f'{{"name": "{EMAIL}"}}', content_type="application/json")


def comes_back(payer: Shopper) -> None:
    payer.client.get(reverse("pingpayments:return", args=[payer.payment.token]))


def looks(payer: Shopper) -> None:
    payer.sees()


def tries_again(payer: Shopper) -> None:
    payer.client.post(reverse("pingpayments:pay", args=[payer.payment_order.token]))


def changes(payer: Shopper) -> None:
    payer.client.post(reverse("pingpayments:change", args=[payer.payment_order.token]))


@contextmanager
def failing(at: int) -> Iterator[list[str]]:
    """Let the database refuse one statement, in words that name everybody."""
    seen: list[str] = []

    def fail(execute: Callable[..., Any], sql: str, params: Any, many: bool, context: Any) -> Any:
        if not sql.startswith(("SAVEPOINT", "RELEASE", "ROLLBACK")):
            seen.append(sql)
            if len(seen) == at:
                raise IntegrityError(f"duplicate key value violates a constraint\n{INDISCREET}")
        return execute(sql, params, many, context)

    with connection.execute_wrapper(fail):
        yield seen


@pytest.mark.parametrize("is_customer", [long(True), False])
@pytest.mark.parametrize("step", [places, calls_back, *map(long, [comes_back, looks, tries_again, changes])])
def test_nobody_is_named_wherever_the_database_gives_up(
    shop, ping, witness, django_user_model, step, is_customer
):
    # They report what nobody has caught, with the variables of all functions: for ours, see below.
    witness.not_ours |= {"django.request", "oscar.checkout"}
    user = None
    if is_customer:
        name = {"first_name": ADDRESS["first_name"], "last_name": ADDRESS["last_name"]}
        user = django_user_model.objects.create_user(EMAIL, EMAIL, "password", **name)
    at, reached = 1, True
    while reached:
        payer = somebody(user)
        prepared(payer, ping, step)
        with failing(at) as seen:
            try:
                step(payer)
            except Exception as error:
                transaction.set_rollback(False)
                witness.raised(error)
        transaction.set_rollback(False)
        reached = len(seen) >= at
        at += STEP

    assert at > STEP + 1


def prepared(payer: Shopper, ping: Any, step: Callable[[Shopper], None]) -> None:
    """Let the payer stand before a step that has much to write, whatever the last one has left."""
    get_model("basket", "Basket").objects.all().delete()
    payer.adds(create_product()).goes_to_payment().chooses(CARD_METHOD)
    if step is places:
        return
    payer.places_order()
    if step is tries_again:
        ping.decline(payer.payment.pay_url)
        facade.refresh(payer.payment.pk, by="page")
    elif step is not changes:
        ping.pay(payer.payment.pay_url)


# The settings


@pytest.mark.parametrize(
    "wrong",
    [
        {"API_SECRETS": simulator.API_SECRET, "API_SECRET": None},
        {"TENANT_ID": simulator.API_SECRET},
        {"API_SECRET": f"{simulator.API_SECRET} \n"},
        {"BASE_URL": f"https://{simulator.API_SECRET}@ping.example"},
    ],
    ids=lambda wrong: next(iter(wrong)),
)
def test_nobody_is_named_when_the_settings_are_wrong(payer, ping, change, witness, wrong):
    witness.not_ours.add("django.request")  # its report shows the settings
    product = create_product()
    change(**wrong)

    for step in (lambda: payer.checks_out(product), conf.get_settings, facade.sync):
        try:
            step()
        except Exception as error:
            witness.raised(error)
            witness.hear("the error", str(error), repr(error))
    command(witness, "check")
    command(witness, "pingpayments_check", wait=0)


def test_nobody_is_named_when_the_secret_is_wrong(payer, ping, change, witness):
    change(API_SECRET="another-" + simulator.API_SECRET)

    payer.buys(create_product())
    command(witness, "pingpayments_check", wait=0)
    command(witness, "pingpayments_sync")

    assert [letter.subject for letter in letters()] == [
        "[Django] Ping refuses the shop's credentials: no card is taken"
    ]


# Who means no good


@pytest.mark.campaign
def test_no_address_is_logged_whoever_comes_however(placed, witness):
    bodies = [b"", b"{}", b'{"name": "Zacharias Quuxberg"}', b"\xff", b"x" * 100_000]
    methods = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "ABC"]
    tokens = {
        **dict.fromkeys(("callback", "return"), placed.payment.token),
        **dict.fromkeys(("payment", "state", "pay", "change"), placed.payment_order.token),
        "refunds": facade.refund_token(),
    }
    urls = [reverse(f"pingpayments:{page}", args=[token]) for page, token in tokens.items()]

    for url, method, body in itertools.product(urls, methods, bodies):
        Client().generic(method, url, body, "application/json")


def test_no_signature_or_body_is_logged(placed, change, witness):
    key = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="
    change(CALLBACK_SIGNATURE={"header": "X-Signature", "keys": [key]})

    for signature in ("", "x", EMAIL, "é", "=" * 5000):
        placed.client.post(
            reverse("pingpayments:callback", args=[placed.payment.token]),
            f'{{"email": "{EMAIL}"}}',
            content_type="application/json",
            headers={"X-Signature": signature},
        )

    assert set(Callback.objects.values_list("outcome", flat=True)) == {"refused"}
