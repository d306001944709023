"""Whether a shop can take cards as it is set up: asked of its settings, its database, and Ping."""

from __future__ import annotations

from collections.abc import Generator, Iterator

from django.core.checks import CheckMessage, Tags, run_checks
from django.db import DatabaseError, connections, router
from django.db.migrations.executor import MigrationExecutor
from django.db.models import Count
from oscar.core.loading import get_model

from .. import conf, ledger
from ..exceptions import AuthenticationError, ConfigurationError, GatewayError
from ..facade.connection import client_for, here
from ..gateway import PingClient, Tenant
from ..models import Callback, PaymentOrder
from ..statuses import State
from . import callbacks
from .findings import Finding, How


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
        yield from callbacks.callbacks(client, settings.public_url or public_url, patience)
        yield from callbacks.missing_callbacks()
        yield from _other_shops()
    yield from callbacks.refund_address(tenant, settings.public_url or public_url)


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
    messages = run_checks(tags=[Tags.database], databases=[router.db_for_write(Callback)])
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
