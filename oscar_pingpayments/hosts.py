"""Addresses on the web: which can be read in one way only, and which hosts are this machine."""

from __future__ import annotations

import re
from ipaddress import ip_address
from urllib.parse import urlsplit

# An address that browsers and urlsplit read alike: no space, control character, backslash or letter
# beyond ASCII.
_PLAIN_URL = re.compile(r"[\x21-\x5b\x5d-\x7e]+")
# A host's name or address and a port, and nothing that one reader decodes, skips or cuts off and another
# does not: no user, no percent signs, nothing after a bracket, no empty label.
_LABEL = r"[a-z0-9](?:[a-z0-9-]*[a-z0-9])?"
_PLACE = re.compile(rf"(?:{_LABEL}(?:\.{_LABEL})*|\[[0-9a-f:.]+\])(?::[0-9]*)?", re.IGNORECASE)
#: Django does not redirect to longer ones (2048), and no payment page needs one.
_LONGEST_URL = 2000


def split_url(url: str) -> tuple[str, str] | None:
    """Return scheme and host of an absolute http(s) address that cannot be read in two ways, else None."""
    if len(url) > _LONGEST_URL or not _PLAIN_URL.fullmatch(url):
        return None
    try:
        parts = urlsplit(url)
        port, host = parts.port, parts.hostname
    except ValueError:  # a port or an IPv6 address that is none
        return None
    if parts.scheme not in ("http", "https") or not host or port == 0 or not _PLACE.fullmatch(parts.netloc):
        return None
    return parts.scheme, host


def is_loopback(host: str) -> bool:
    """Whether a host name or address means this machine."""
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False
