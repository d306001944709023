"""Whether a mail server that hangs can hold up the callbacks and pages that send e-mail."""

from __future__ import annotations

from typing import Any

from django.core import mail
from django.core.checks import CheckMessage, register
from django.core.mail.backends import smtp

from .. import conf
from .messages import TAG, warning


@register(TAG)
def check_mail(**_: Any) -> list[CheckMessage]:
    """Say where a live shop waits for its mail server without an end."""
    if conf.problems() or conf.get_settings().environment != "production":
        return []
    try:
        # By what Django would send with: 6.1 has MAILERS, which it prefers to EMAIL_BACKEND and its like.
        mailer = mail.mailers["default"] if hasattr(mail, "mailers") else mail.get_connection()
    except Exception:
        return []  # whatever is wrong with it is said by whoever sends
    if not isinstance(mailer, smtp.EmailBackend) or mailer.timeout is not None:
        return []
    return [
        warning(
            49,
            "E-mails are sent by SMTP without a time-out: a mail server that hangs holds up whoever sends "
            "one, a callback of Ping's most likely, for as long as it likes.",
            "Write EMAIL_TIMEOUT = 10 (seconds), or where you have Django's MAILERS, add "
            '"timeout": 10 to the OPTIONS of its "default".',
        )
    ]
