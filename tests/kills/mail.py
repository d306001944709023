"""E-mail that goes nowhere and is written down: one line for each, with the request that sent it."""

from __future__ import annotations

import json
import os
import re
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from django.conf import settings
from django.core.mail import EmailMessage
from django.core.mail.backends.base import BaseEmailBackend

from .marks import current_request

#: How long the mail server takes, in seconds, before it has a message and before it says so.
TAKES = 0.03

_CONFIRMATION = re.compile(r"Confirmation of order (\S+)")


class WrittenDown(BaseEmailBackend):
    """Adds a line to a file for every message, whichever process sends it."""

    def send_messages(self, email_messages: Sequence[EmailMessage]) -> int:
        """Say that all were sent."""
        for message in email_messages:
            letter = {"subject": message.subject, "request": current_request(), "pid": os.getpid()}
            time.sleep(TAKES)
            line = json.dumps(letter | {"at": time.time()}) + "\n"
            with Path(settings.KILLS_LETTERS).open("ab", buffering=0) as letters:
                letters.write(line.encode())  # in one piece: other processes write too, and may be killed
            time.sleep(TAKES)
        return len(email_messages)


@dataclass(frozen=True, slots=True)
class Letter:
    """An e-mail that has left: what about, in which request ("" for the sync), and when."""

    subject: str
    request: str
    pid: int
    at: float

    @property
    def confirms(self) -> str:
        """The number of the order that it confirms, or ""."""
        found = _CONFIRMATION.fullmatch(self.subject)
        return found[1] if found else ""


def letters(path: Path) -> list[Letter]:
    """Return the e-mails that were written down, in the order in which they left."""
    return [Letter(**json.loads(line)) for line in path.read_text().splitlines()]
