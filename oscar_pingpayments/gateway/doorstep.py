"""Why Ping's callbacks may not arrive: what this machine itself finds at the shop's callback address."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, auto
from typing import Final

import requests

_TIMEOUT: Final = (3.0, 5.0)


class Found(Enum):
    """What may be at an address of ours."""

    OURS = auto()
    BAD_CERTIFICATE = auto()
    NOTHING = auto()
    REDIRECT = auto()
    CLOSED_DOOR = auto()
    FAULT = auto()
    SOMEBODY_ELSE = auto()


@dataclass(frozen=True, slots=True)
class Doorstep:
    """What was found, the status code that it answered with, and where it redirects to."""

    found: Found
    code: int = 0
    location: str = ""


def look(address: str) -> Doorstep:
    """Call an address of ours that belongs to no payment, and return what its answer tells."""
    try:
        with requests.post(address, json={}, timeout=_TIMEOUT, allow_redirects=False, stream=True) as answer:
            location = answer.headers["Location"] if answer.is_redirect else ""
            return Doorstep(_reading(answer), answer.status_code, location)
    except requests.exceptions.SSLError:
        return Doorstep(Found.BAD_CERTIFICATE)
    except requests.exceptions.RequestException:
        return Doorstep(Found.NOTHING)


def _reading(answer: requests.Response) -> Found:
    code = answer.status_code
    if answer.is_redirect:
        return Found.REDIRECT
    if code in (401, 403, 407):
        return Found.CLOSED_DOOR
    if code >= 500:
        return Found.FAULT
    if code == 404 and "noindex" in answer.headers.get("X-Robots-Tag", ""):
        return Found.OURS
    return Found.SOMEBODY_ELSE
