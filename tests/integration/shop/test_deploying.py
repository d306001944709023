"""Old code beside the new schema, during a deploy: it can write its rows, and new code goes on with them."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.apps import apps
from django.core import mail
from django.db import connection, models
from django.db.migrations.loader import MigrationLoader

import oscar_pingpayments
from oscar_pingpayments import facade
from oscar_pingpayments.models import Callback, Effect, Payment, PaymentOrder, Refund

from .conftest import call_back

MIGRATIONS = sorted(path.stem for path in Path(oscar_pingpayments.__file__).parent.glob("migrations/0*.py"))
#: Of what there was before the newest one, code may still be running.
EARLIER = MIGRATIONS[:-1]


def columns_before(migration: str) -> dict[str, set[str]]:
    """Return the columns of each of our models as they are after a migration."""
    state = MigrationLoader(connection).project_state(("pingpayments", migration))
    return {
        name: {
            f"{field}_id" if isinstance(kind, models.ForeignKey) else field
            for field, kind in model.fields.items()
        }
        for (app, name), model in state.models.items()
        if app == "pingpayments"
    }


def write_as_before(columns: dict[str, set[str]], *kinds: type[models.Model]) -> None:
    """Take the rows of these models away, and write them again as code did that knew these columns alone."""
    kept = [list(kind._base_manager.all()) for kind in kinds]
    with connection.constraint_checks_disabled():
        for kind in kinds:
            kind._base_manager.all()._raw_delete(using="default")
        for kind, rows in zip(kinds, kept, strict=True):
            known = columns[kind._meta.model_name]
            fields = [field for field in kind._meta.concrete_fields if field.column in known]
            kind._base_manager._insert(rows, fields=fields, using="default", raw=True)


@pytest.fixture(autouse=True)
def migrations(settings):
    """The migrations as they are, also where the tests' own database was made without them."""
    settings.MIGRATION_MODULES = {}


@pytest.mark.parametrize("migration", EARLIER)
def test_o15_what_old_code_has_started_new_code_finishes(started, ping, migration):
    write_as_before(columns_before(migration), PaymentOrder, Payment)
    ping.pay(started.payment.pay_url)

    assert call_back(started).status_code == 200

    assert started.order.status == "Being processed"
    assert len(mail.outbox) == 1


@pytest.mark.parametrize("migration", EARLIER)
def test_o15_what_old_code_has_left_new_code_carries_out(started, ping, migration):
    ping.pay(started.payment.pay_url)
    call_back(started)
    mail.outbox.clear()
    Effect.objects.filter(name="confirmation").update(done_at=None, claimed_at="2026-01-01T00:00Z")
    Refund.objects.create(payment=started.payment, amount=50, refunded_at="2026-01-01T00:00Z")
    write_as_before(columns_before(migration), PaymentOrder, Payment, Effect, Refund, Callback)

    assert facade.sync().effects == 1

    assert len(mail.outbox) == 1
    assert str(Refund.objects.get()) == "50.00 SEK"


@pytest.mark.parametrize("migration", EARLIER)
def test_o15_what_old_code_reads_is_there(db, migration):
    now = {
        model._meta.model_name: {field.column for field in model._meta.concrete_fields}
        for model in apps.get_app_config("pingpayments").get_models()
    }

    assert {name: columns - now[name] for name, columns in columns_before(migration).items()} == {
        name: set() for name in columns_before(migration)
    }
