"""The unguessable names in our addresses: made, recognised by their looks, compared."""

from __future__ import annotations

import re
import secrets
from typing import Final

from django.utils.crypto import constant_time_compare

# Wider than ours, and narrow enough for every database: no NUL, nothing that a collation folds into ASCII.
_TOKEN: Final = re.compile(r"[A-Za-z0-9_-]{1,64}")


def new_token() -> str:
    """Return an unguessable name for a payer's page or an attempt (256 bits, safe in a URL's path)."""
    return secrets.token_urlsafe(32)


def may_be_token(text: str) -> bool:
    """Whether what an address says may be a token, so that a database is worth asking for it."""
    return _TOKEN.fullmatch(text) is not None


def is_token(text: str, of_row: str) -> bool:
    """Whether what an address says is the token of the row that a database has found for it.

    An index finds the row, so it takes as long for a wrong token as for another. It is compared once more,
    in constant time, because to the collations of some databases "A" and "a" are the same.
    """
    return constant_time_compare(text, of_row)
