"""Whether a shop can take cards as it is set up: asked of its settings, its database, and Ping."""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Final, Literal

from django.core.checks import CheckMessage, Tags, run_checks
from django.db import DatabaseError, connections, router
from django.db.migrations.executor import MigrationExecutor
from django.db.models import Count, Exists, OuterRef
from django.urls import NoReverseMatch, reverse
from django.utils import timezone
from oscar.core.loading import get_model

from .. import conf, facade, ledger
from ..exceptions import AuthenticationError, ConfigurationError, GatewayError
from ..facade.connection import client_for, here
from ..gateway import PingClient, Tenant
from ..models import Callback, Payment, PaymentOrder
from ..statuses import State, Status

_PAUSE: Final = 0.2
#: Of how many payments the callbacks are looked for: of those that ended lately, and not just now.
_LAST: Final = 100
_LATELY: Final = timedelta(days=7)
_ON_ITS_WAY: Final = timedelta(minutes=10)
#: What Ping calls about, as far as is known; what we stop ourselves is not news.
_TOLD: Final = [
    status.value for status in Status if status not in (Status.INITIATED, Status.PENDING, Status.STOPPED)
]

How = Literal["good", "note", "bad"]


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of the report: what was looked at, how it is and, where it is not well, what to do."""

    how: How
    what: str
    sentence: str
    hint: str = ""


def inspect(*, public_url: str | None, patience: float) -> Iterator[Finding]:
    """Look at one thing after the other, each where it makes sense after what came before it.

    ``public_url`` is asked for where the setting has none; ``patience``, in seconds, is for the poke.
    """
    yield from _checked(run_checks(tags=["pingpayments"]))
    has_tables = yield from _database()
    if has_tables:
        yield from _site()
        yield from _source_type()
    try:
        settings = conf.get_settings()
    except ConfigurationError:
        return
    yield from _statuses(settings)
    # Without the log of exchanges: this must work, and say why, where there are no tables yet.
    client = client_for(None).recording(None)
    tenant = yield from _credentials(client, settings)
    if tenant is None:
        return
    yield from _method(tenant, settings)
    yield from _signature(tenant, settings)
    if has_tables:
        yield from _callbacks(client, settings.public_url or public_url, patience)
        yield from _missing_callbacks()
        yield from _other_shops()
    yield from _refund_address(tenant, settings.public_url or public_url)


def _checked(messages: list[CheckMessage]) -> Iterator[Finding]:
    """Turn what the system checks say into findings."""
    serious = False
    for message in sorted(messages, key=lambda message: message.id or ""):
        if not message.is_silenced():
            serious = serious or message.is_serious()
            how: How = "bad" if message.is_serious() else "note"
            yield Finding(how, f"Settings ({message.id})", message.msg, message.hint or "")
    if not serious:
        yield Finding(
            "good", "Settings", "PINGPAYMENTS can be used, and the checkout and the addresses are wired."
        )


def _database() -> Generator[Finding, None, bool]:
    """Look for our tables; return whether they are there, as this version wants them."""
    try:
        executor = MigrationExecutor(connections[router.db_for_write(Callback)])
        wanted = [node for node in executor.loader.graph.leaf_nodes() if node[0] == Callback._meta.app_label]
        missing = executor.migration_plan(wanted)
    except DatabaseError as error:
        yield Finding(
            "bad", "Database", f"It cannot be used: {error}", "Check DATABASES, and that it is running."
        )
        return False
    if missing:
        yield Finding(
            "bad",
            "Database",
            f"These migrations are not applied: {', '.join(str(migration) for migration, _ in missing)}.",
            "Type: python manage.py migrate",
        )
        return False
    yield Finding("good", "Database", "Our tables are there.")
    return True


def _site() -> Iterator[Finding]:
    messages = run_checks(tags=[Tags.database], databases=[router.db_for_read(Callback)])
    ours = [message for message in messages if str(message.id).startswith("pingpayments.")]
    if ours:
        yield from _checked(ours)


def _source_type() -> Iterator[Finding]:
    source_type = get_model("payment", "SourceType")._default_manager.filter(code=ledger.CODE).first()
    if source_type is None:
        sentence = f"Oscar has no source type {ledger.CODE!r} yet: the first order makes it."
    else:
        sentence = f"Oscar's source type {ledger.CODE!r} is there, named {source_type.name!r}."
    yield Finding("good", "Source type", sentence)


def _statuses(settings: conf.Settings) -> Iterator[Finding]:
    words = settings.order_status
    yield Finding(
        "good",
        "Order statuses",
        f"{words.awaiting!r} until it is paid, then {words.paid!r}; {words.cancelled!r} where nobody pays, "
        f"{words.refunded!r} after a refund.",
    )


def _credentials(client: PingClient, settings: conf.Settings) -> Generator[Finding, None, Tenant | None]:
    """Ask Ping who we are; return its answer."""
    try:
        tenant = client.get_tenant()
    except AuthenticationError as error:
        yield Finding(
            "bad",
            "Credentials",
            f"Ping does not accept them in the {settings.environment} environment: {error.words}",
            "Check TENANT_ID and API_SECRET, and that they belong to ENVIRONMENT.",
        )
        return None
    except GatewayError as error:
        yield Finding(
            "bad",
            "Credentials",
            f"Ping could not be asked at {settings.base_url}: {error.words}",
            "Check BASE_URL, and that this machine may call it.",
        )
        return None
    if tenant.id != settings.tenant_id:
        yield Finding(
            "bad",
            "Credentials",
            f"They are those of another tenant, {tenant.name} ({tenant.id}).",
            "Check that TENANT_ID and API_SECRET belong together.",
        )
        return None
    yield Finding(
        "good", "Credentials", f"Ping knows the shop as {tenant.name}, in the {settings.environment}."
    )
    return tenant


def _method(tenant: Tenant, settings: conf.Settings) -> Iterator[Finding]:
    wanted = (settings.provider, settings.method)
    if wanted in tenant.payment_provider_methods:
        yield Finding("good", "Payment method", f"{'/'.join(wanted)} is enabled for the tenant.")
        return
    enabled = ", ".join("/".join(pair) for pair in tenant.payment_provider_methods) or "none"
    yield Finding(
        "bad",
        "Payment method",
        f"{'/'.join(wanted)} is not enabled for the tenant. Enabled: {enabled}.",
        "Ask Ping to enable it, or check PROVIDER and METHOD.",
    )


def _signature(tenant: Tenant, settings: conf.Settings) -> Iterator[Finding]:
    key, accepted = tenant.callback_signing_key, settings.callback_signature
    if accepted is None:
        if key is not None:
            yield Finding(
                "note",
                "Callback signature",
                "Ping signs its callbacks and the shop does not verify them. It need not: "
                "each is only taken as a hint to ask Ping.",
                "To verify them too, set CALLBACK_SIGNATURE.",
            )
    elif key in accepted.keys:
        yield Finding("good", "Callback signature", "Ping's key is one that the shop accepts.")
    else:
        yield Finding(
            "bad",
            "Callback signature",
            "Ping does not sign for this tenant: the shop would refuse every callback."
            if key is None
            else "Ping's key is not one that the shop accepts: it would refuse every callback.",
            "Take CALLBACK_SIGNATURE out." if key is None else f"Put Ping's key into its keys: {key}",
        )


def _refund_address(tenant: Tenant, public_url: str | None) -> Iterator[Finding]:
    """Say what is to be set on the tenant, so that Ping tells the shop of refunds."""
    if not public_url:
        return  # said about the callback address
    try:
        address = public_url.rstrip("/") + reverse("pingpayments:refunds", args=[facade.refund_token()])
    except NoReverseMatch:
        return  # one of the system checks has said so
    if address in tenant.addresses:
        yield Finding("good", "Refund address", "Ping has the address to call about refunds.")
        return
    yield Finding(
        "note",
        "Refund address",
        "Ping does not say that it has the address to call about refunds: they are heard of by sync.",
        f"Ask Ping to set this address on your tenant, and keep it to yourselves:\n{address}",
    )


def _callbacks(client: PingClient, public_url: str | None, patience: float) -> Iterator[Finding]:
    """Ask Ping to call us, and see whether it arrives, in whichever of the shop's processes."""
    if not public_url:
        yield Finding(
            "note",
            "Callback address",
            "Not tried: PUBLIC_URL is not set, and there is no request here to take the shop's address from.",
            "Type: python manage.py pingpayments_check --public-url https://your-shop.se",
        )
        return
    try:
        poke = facade.Poke.at(public_url)
    except NoReverseMatch:
        return  # one of the system checks has said so
    try:
        poke.ask(client)
    except GatewayError as error:
        yield Finding(
            "bad",
            "Callback address",
            f"Ping did not want to call {poke.shown}: {error.words}",
            "Check PUBLIC_URL.",
        )
        return
    if _comes_true(poke.has_arrived, patience):
        yield Finding("good", "Callback address", f"Ping called {poke.shown} and it arrived.")
        return
    yield Finding(
        "bad",
        "Callback address",
        f"Ping was asked to call {poke.shown} and nothing arrived within {patience:g} seconds.",
        poke.what_answers(),
    )


def _missing_callbacks() -> Iterator[Finding]:
    """Say for how many of the last payments no callback came: what stands in the way may be Ping's alone."""
    ours, now = Payment.objects.filter(**here("payment_order__")), timezone.now()
    ended = ours.filter(
        status__in=_TOLD, changed_at__gt=now - _LATELY, changed_at__lt=now - _ON_ITS_WAY
    ).order_by("-pk")
    heard = Callback.objects.filter(payment=OuterRef("pk"))
    came = list(ended.annotate(came=Exists(heard)).values_list("came", flat=True)[:_LAST])
    missing = came.count(False)
    if missing:
        yield Finding(
            "note",
            "Missing callbacks",
            f"None came for {missing} of the last {len(came)} payments that ended. Coming back, or the sync, "
            "told how they went.",
            "Is a firewall, a password or a redirect in front of the callback address, at Ping's end of it?",
        )
    elif came:
        yield Finding("good", "Missing callbacks", f"None, of the last {len(came)} payments that ended.")


def _other_shops() -> Iterator[Finding]:
    """Name the tenants and environments whose orders wait in this database and are not this shop's."""
    waiting = PaymentOrder.objects.filter(state=State.AWAITING).exclude(**here())
    groups = waiting.order_by("tenant_id").values_list("tenant_id", "environment")
    for tenant_id, environment, count in groups.annotate(count=Count("pk")):
        yield Finding(
            "note",
            "Another shop",
            f"Orders that wait for payment: {count} of tenant {tenant_id} in Ping's {environment} "
            "environment. This shop does not ask about them.",
            "If they are its own, its TENANT_ID or ENVIRONMENT was changed: run the sync with the old ones.",
        )


def _comes_true(asked: Callable[[], bool], patience: float) -> bool:
    deadline = time.monotonic() + patience
    while not asked():
        if time.monotonic() >= deadline:
            return False
        time.sleep(_PAUSE)
    return True
