"""Whether a callback was signed with Ping's Ed25519 key."""

from __future__ import annotations

import base64
from collections.abc import Sequence

from ..exceptions import ConfigurationError


def verify_ed25519(*, body: bytes, signature: str, keys: Sequence[str], encoding: str) -> bool:
    """Return whether any of the keys signed exactly these bytes.

    ``signature`` is the header's value in the ``encoding`` that the shop has been told of ("base64" or
    "hex"); ``keys`` are public keys in base64, several while Ping changes from one to the next. That Ping
    signs with Ed25519 is documented; what it signs and how it writes it down is not.

    Raises ConfigurationError where ``cryptography`` is not installed, or a key or the encoding is not one.
    """
    try:
        from cryptography.exceptions import InvalidSignature
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
    except ImportError as error:
        raise ConfigurationError(
            "Signed callbacks need another package: pip install django-oscar-pingpayments[signed-callbacks]"
        ) from error
    public_keys = []
    for key in keys:
        try:
            public_keys.append(Ed25519PublicKey.from_public_bytes(base64.b64decode(key, validate=True)))
        except ValueError as error:
            raise ConfigurationError("A signing key is not the base64 of an Ed25519 public key") from error
    claimed = _decoded(signature.strip(), encoding)
    if claimed is None:
        return False
    for public_key in public_keys:
        try:
            public_key.verify(claimed, body)
        except InvalidSignature:
            continue
        return True
    return False


def _decoded(signature: str, encoding: str) -> bytes | None:
    if encoding not in {"base64", "hex"}:
        raise ConfigurationError(f"A signature is written in base64 or hex, not {encoding!r}")
    try:
        return bytes.fromhex(signature) if encoding == "hex" else base64.b64decode(signature, validate=True)
    except ValueError:
        return None
