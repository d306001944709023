"""``manage.py sandbox_setup``: a database with the store in it, from nothing or from what is there."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand

from store.seeding import fill


class Command(BaseCommand):
    help = "Sets the sandbox store up: tables, products, pictures, offers and accounts. Safe to run again."

    def handle(self, *args: Any, **options: Any) -> None:
        """Say what is done while it is done: a fresh database takes a few seconds."""
        self.stdout.write("  tables ...", ending="")
        self.stdout.flush()
        call_command("migrate", interactive=False, verbosity=0)
        self.stdout.write(" ready")
        for what, made, there in fill(f"127.0.0.1:{settings.PORT}"):
            self.stdout.write(f"  {what} ... {f'{made} new' if made else f'{there} there already'}")
