"""Ping's calls to the shop: made on every change of a payment, or kept back, lost, doubled, late, forged.

Ping documents neither the body nor the method. The body here is in the style of its sibling callbacks.
"""

from __future__ import annotations

import base64
import ipaddress
import itertools
import json
import threading
from typing import Any
from urllib.parse import urlsplit

import requests

from .world import WORLD, Callback, Json, Payment, now

#: The header of a signed callback; Ping's own is not documented.
SIGNATURE_HEADER = "x-ping-signature"
TRIES = 3
TIMEOUT = 10
_PAUSES = (0.3, 1.0)

_numbers = itertools.count(1)


class SigningKey:
    """Ping's Ed25519 key pair; needs ``cryptography``, which is an extra."""

    def __init__(self) -> None:
        try:
            from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
        except ImportError:  # pragma: no cover  (an extra)
            self._private: Any = None
        else:
            self._private = Ed25519PrivateKey.generate()

    @property
    def public(self) -> str | None:
        """The public key, base64, or None without ``cryptography``."""
        if self._private is None:  # pragma: no cover  (an extra)
            return None
        return base64.b64encode(self._private.public_key().public_bytes_raw()).decode()

    def sign(self, body: bytes) -> str:
        """Return the signature of a body, base64."""
        return base64.b64encode(self._private.sign(body)).decode()


SIGNING_KEY = SigningKey()


def payment_changed(payment: Payment) -> None:
    """Make, or keep, the callbacks of a payment that has changed."""
    if payment.callback_url is None:
        return
    body = {
        "payment_id": payment.id,
        "payment_order_id": payment.answer["payment_order_id"],
        "status": payment.status,
        "occurred_at": now(),
    }
    _make(payment.callback_url, body, payment)


def refund_changed(payment: Payment, refund: Json, status: str) -> None:
    """Make, or keep, the callbacks of a refund, where the tenant has an address for them."""
    url = WORLD.manners.refund_callback_url
    if url is not None:
        body = {
            "refund_id": refund["id"],
            "payment_id": payment.id,
            "status": status,
            "occured_at": now(),  # misspelt, as in its sibling callbacks
        }
        _make(url, body, payment)


def _make(url: str, body: Json, payment: Payment) -> None:
    with WORLD.lock:
        manners = WORLD.manners
        if manners.callbacks == "drop":
            return
        made = [Callback(url, body, next(_numbers), payment.id) for _ in range(manners.copies)]
        if manners.callbacks == "hold":
            WORLD.callbacks += made
            return
        WORLD.made_callbacks += made
    for callback in made:
        later(manners.delay, send, callback)


def later(seconds: float, function: Any, *arguments: Any) -> None:
    """Call a function in the background."""
    timer = threading.Timer(seconds, function, arguments)
    timer.daemon = True
    timer.start()


def send(callback: Callback, tries: int = TRIES) -> None:
    """Make a callback until the shop says 2xx, a few times at most, and note what came back."""
    for number in range(tries):
        answer = attempt(callback)
        if isinstance(answer, int) and 200 <= answer < 300:
            return
        if number + 1 < tries:
            WORLD.released.wait(_PAUSES[min(number, len(_PAUSES) - 1)])


def attempt(callback: Callback) -> int | str:
    """Make a callback once, note what came back, and return it."""
    answer = post(callback.url, callback.body)
    callback.attempts.append(answer)
    return answer


def post(url: str, body: Any) -> int | str:
    """Make one call to the shop; return its status, or why there was none. Only on this machine."""
    if not is_local(url):
        return "not sent: the simulator calls this machine only"
    content = body.encode() if isinstance(body, str) else json.dumps(body).encode()
    headers = {"Content-Type": "application/json", "User-Agent": "ping-simulator"}
    if WORLD.manners.sign:
        headers[SIGNATURE_HEADER] = SIGNING_KEY.sign(content)
    try:
        with requests.Session() as session:
            session.trust_env = False
            answer = session.post(url, data=content, headers=headers, timeout=TIMEOUT, allow_redirects=False)
    except requests.RequestException as error:
        return type(error).__name__
    return answer.status_code


def is_local(url: str) -> bool:
    """Whether an address is on this machine."""
    host = urlsplit(url).hostname or ""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
