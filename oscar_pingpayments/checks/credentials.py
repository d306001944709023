"""Whether the ``PINGPAYMENTS`` setting can be used, and suits where the shop says it is."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.util import find_spec
from typing import Any, Final
from uuid import UUID

from django.conf import settings as django_settings
from django.core.checks import CheckMessage, register

from .. import conf
from ..money import CURRENCIES
from .messages import TAG, error, warning

_NUMBERS: Final = {"missing": 1, "unknown": 2, "malformed": 3, "contradictory": 4}

#: What the Ping simulator accepts. It is named here again because no product code imports the simulator.
SIMULATOR_TENANT_ID: Final = UUID("00000000-0000-4000-8000-000000000001")
SIMULATOR_API_SECRET: Final = conf.Secret("simulated-secret")


@register(TAG)
def check_settings(**_: Any) -> list[CheckMessage]:
    """Name every key of the setting that is missing, unknown, malformed or at odds with another."""
    return [
        error(
            _NUMBERS[problem.kind], problem.sentence, f"{problem.hint} (Documentation: reference, settings.)"
        )
        for problem in conf.problems()
    ]


@register(TAG)
def check_surroundings(**_: Any) -> list[CheckMessage]:
    """Look at what the settings need around them: packages, currency, cookies, credentials that are real."""
    return [] if conf.problems() else list(_surroundings(conf.get_settings()))


def _surroundings(settings: conf.Settings) -> Iterator[CheckMessage]:
    if settings.environment == "production" and (
        settings.tenant_id == SIMULATOR_TENANT_ID or settings.api_secret == SIMULATOR_API_SECRET
    ):
        yield error(
            5,
            "ENVIRONMENT is production with the Ping simulator's credentials: Ping will refuse every call.",
            "Put the TENANT_ID, API_SECRET and MERCHANT_ID that Ping gave you into PINGPAYMENTS.",
        )
    if settings.callback_signature is not None and find_spec("cryptography") is None:
        yield error(
            6,
            "CALLBACK_SIGNATURE is set but the package cryptography is not installed: "
            "no callback can be verified.",
            'Type: pip install "django-oscar-pingpayments[signed-callbacks]"',
        )
    if settings.environment == "production" and not (settings.staff_emails or django_settings.MANAGERS):
        yield warning(
            9,
            "STAFF_EMAILS is missing, and so is Django's MANAGERS: nobody is told when money needs a person.",
            'Add "STAFF_EMAILS": ["payments@your-shop.se"] to PINGPAYMENTS.',
        )
    if not django_settings.USE_TZ:
        yield error(
            10,
            "USE_TZ is off: times are kept without their zone, so the time to pay would be an hour wrong "
            "when the clocks are changed, and what Ping dates could not be written down.",
            "Write USE_TZ = True, which is Django's default.",
        )
    currency = getattr(django_settings, "OSCAR_DEFAULT_CURRENCY", "")
    if currency not in CURRENCIES:
        yield warning(
            7,
            f"OSCAR_DEFAULT_CURRENCY is {currency!r}, which cannot be paid by card: "
            "payers will not be offered it for baskets in that currency.",
            f'Sell in one of {", ".join(CURRENCIES)}, for instance: OSCAR_DEFAULT_CURRENCY = "SEK"',
        )
    if getattr(django_settings, "SESSION_COOKIE_SAMESITE", None) == "Strict":
        yield warning(
            8,
            'SESSION_COOKIE_SAMESITE is "Strict": payers who come back from the payment page look like '
            "strangers, and see a page without their order instead of the thank-you page.",
            'Write SESSION_COOKIE_SAMESITE = "Lax", which is Django\'s default.',
        )
