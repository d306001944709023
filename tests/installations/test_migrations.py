"""The migrations make the tables that the models describe, and take all of them away again."""

from __future__ import annotations

from io import StringIO

import pytest
from django.apps import apps
from django.core.management import call_command
from django.db import connection

MODELS = list(apps.get_app_config("pingpayments").get_models())


@pytest.fixture(autouse=True)
def migrations(settings):
    """The migrations as they are, also where the tests' own database was made without them."""
    settings.MIGRATION_MODULES = {}


def tables() -> set[str]:
    return {name for name in connection.introspection.table_names() if name.startswith("pingpayments_")}


def constraints() -> set[str]:
    """The names that we gave to constraints and indexes, as the database has them."""
    with connection.cursor() as cursor:
        found = [connection.introspection.get_constraints(cursor, table) for table in tables()]
    ours = {each.name for model in MODELS for each in [*model._meta.constraints, *model._meta.indexes]}
    return ours & {name for names in found for name in names}


def test_every_change_of_a_model_has_its_migration(db):
    said = StringIO()

    call_command("makemigrations", "pingpayments", check=True, dry_run=True, stdout=said)

    assert said.getvalue() == "No changes detected in app 'pingpayments'\n"


@pytest.mark.django_db(transaction=True)
def test_the_tables_go_and_come_back_with_their_constraints():
    before = tables(), constraints()
    assert before[0] == {model._meta.db_table for model in MODELS}
    assert "pingpayments_payment_one_live" in before[1]
    call_command("migrate", fake=True, verbosity=0)  # for tables that were made without migrations

    call_command("migrate", "pingpayments", "zero", verbosity=0)
    assert tables() == set()

    call_command("migrate", "pingpayments", verbosity=0)
    assert (tables(), constraints()) == before
