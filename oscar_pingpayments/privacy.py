"""What others say, as it may be kept and logged: without what names a payer or lets somebody in."""

from __future__ import annotations

import re
import traceback
from types import TracebackType
from typing import Final

HIDDEN: Final = "***"
#: So much is looked at: what is longer was made to be.
_LONGEST: Final = 2000
_KEPT: Final = 500

_TELLING: Final = re.compile(
    r"""
    (?P<origin>https?://(?:[^\s/'"<>@]*@)?(?P<host>[^\s/?\#'"<>@]+))[^\s'"<>]*  # all but the host
    | [^\s<>"'(),;:=\[\]{}]+@[^\s<>"'(),;:=\[\]{}]+                             # an e-mail address
    | (?=[a-z\d_+-]*[A-Z])(?=[A-Z\d_+-]*[a-z])[\w+-]{40,}=*                      # a token, a key, a signature
    | (?<![\w.-])\d(?:[ -]?\d){12,18}(?![\w.-])                                 # a card's number
    | (?<![\w.])\+\d[\d ()/-]{6,}\d                                             # a telephone's
    """,
    re.VERBOSE,
)

# Also as it is written in the representation of a longer text.
_LINE_END: Final = re.compile(r"\n|\\n")


def mask(words: str) -> str:
    """Return words without the addresses, numbers and keys in them; of a URL the host stays.

    For words that are written by machines and quote what they were given: it does not know a name when it
    sees one.
    """
    return _TELLING.sub(_masked, words[:_LONGEST])


def _masked(found: re.Match[str]) -> str:
    host = found["host"]
    return f"{found['origin'].partition('://')[0]}://{host}/{HIDDEN}" if host else HIDDEN


def loggable(error: BaseException) -> tuple[type[BaseException], BaseException, TracebackType | None]:
    """Return an error for ``exc_info``: its kind, the lines that it came by, and its first line, masked.

    A mail server names the recipients that it refuses, a database the row. Handlers that tell people of
    errors (Django's e-mails to ADMINS, Sentry) show the local variables of every function on the way, so
    these are let go of: call it where the error ends, for what has returned is of no use to anybody then.
    The function that calls it is still running, and is left out.
    """
    trace = error.__traceback__
    traceback.clear_frames(trace)
    kind = type(error)
    named = type(kind.__name__, (Exception,), {"__module__": kind.__module__})
    words = mask(_LINE_END.split(str(error), 1)[0])[:_KEPT]
    return named, named(words), trace.tb_next if trace else None
