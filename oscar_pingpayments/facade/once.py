"""Forms that are acted on once, however often they are sent: a key for each that is shown."""

from __future__ import annotations

import secrets
from datetime import timedelta

from django.core import signing

from ..exceptions import PingPaymentsError
from ..models import SentForm

#: A form that has been open for longer is not acted on: what it says is no longer so.
OPEN_FOR = timedelta(hours=12)

_SALT = "pingpayments.form"


class StaleFormError(PingPaymentsError):
    """A form's key is not one for this purpose, or is too old."""


def new_form_key(purpose: str) -> str:
    """Return a key for a form that is about to be shown. ``purpose`` says who is to do what with it."""
    return signing.TimestampSigner(salt=f"{_SALT}:{purpose}").sign(secrets.token_hex(16))


def use_form_key(key: str, purpose: str) -> bool:
    """Use a form's key up; return whether this call did, for the form was sent before where it did not.

    Raises StaleFormError. A row of the database decides between two calls in the same instant. To be called
    before what the form asks for is done: a process that dies in between leaves it undone, never done twice.
    """
    try:
        nonce = signing.TimestampSigner(salt=f"{_SALT}:{purpose}").unsign(key, max_age=OPEN_FOR)
    except signing.BadSignature as error:
        raise StaleFormError("The form is too old, or was not made here") from error
    return SentForm.objects.get_or_create(key=nonce)[1]
