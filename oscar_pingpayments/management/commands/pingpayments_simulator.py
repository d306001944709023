"""``manage.py pingpayments_simulator``: a local Ping Payments, for development without credentials."""

from __future__ import annotations

import os
import sys
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from oscar_pingpayments import conf
from oscar_pingpayments.exceptions import ConfigurationError


class Command(BaseCommand):
    """Start the simulator in this process's place, away from the shop's settings."""

    help = "Serves a local Ping Payments with PaymentIQ's card page, for development and tests."
    requires_system_checks = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Add the port."""
        parser.add_argument("--port", type=int, default=8001, help="The port to listen on (default: 8001).")

    def handle(self, *args: Any, **options: Any) -> None:
        """Refuse in production; else become the simulator."""
        try:
            environment = conf.get_settings().environment
        except ConfigurationError as error:
            # What the shop lacks to run is what it came here to try.
            self.stderr.write(f"The shop is not set up for Ping yet: {error}")
        else:
            if environment == "production":
                raise CommandError("The simulator does not run with production settings.")
        port = str(options["port"])
        self.stdout.write(
            "Give the shop these keys of PINGPAYMENTS: BASE_URL, TENANT_ID, API_SECRET and MERCHANT_ID below."
        )
        self.stdout.flush()
        module = "oscar_pingpayments.simulator"
        # Our own module, and a number.
        os.execv(sys.executable, [sys.executable, "-m", module, "--port", port])  # nosec B606  # noqa: S606
