"""A callback's signature is right, wrong, or cannot be checked."""

from __future__ import annotations

import base64
import sys

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from oscar_pingpayments.exceptions import ConfigurationError
from oscar_pingpayments.gateway import verify_ed25519

OLD, NEW = (Ed25519PrivateKey.from_private_bytes(bytes([seed]) * 32) for seed in (1, 2))
BODY = b'{"status": "COMPLETED"}'


def public(key: Ed25519PrivateKey) -> str:
    return base64.b64encode(key.public_key().public_bytes_raw()).decode()


def signed(key: Ed25519PrivateKey, body: bytes = BODY) -> str:
    return base64.b64encode(key.sign(body)).decode()


@pytest.mark.parametrize("key", [OLD, NEW])
def test_both_keys_are_taken_while_ping_changes_them(key):
    keys = [public(OLD), public(NEW)]

    assert verify_ed25519(body=BODY, signature=f" {signed(key)} ", keys=keys, encoding="base64")
    assert verify_ed25519(body=BODY, signature=key.sign(BODY).hex(), keys=keys, encoding="hex")


@pytest.mark.parametrize(
    ("signature", "encoding"),
    [
        (signed(OLD), "base64"),
        (signed(NEW, BODY + b" "), "base64"),
        (signed(NEW), "hex"),
        (NEW.sign(BODY).hex(), "base64"),
        ("", "base64"),
        ("", "hex"),
        ("ö", "base64"),
        ("AAAA", "base64"),
    ],
)
def test_another_key_body_or_writing_is_refused(signature, encoding):
    assert not verify_ed25519(body=BODY, signature=signature, keys=[public(NEW)], encoding=encoding)


def test_without_a_key_nothing_is_right():
    assert not verify_ed25519(body=BODY, signature=signed(NEW), keys=[], encoding="base64")


@given(st.text(), st.sampled_from(["base64", "hex"]))
def test_any_header_is_refused_and_none_is_an_error(signature, encoding):
    assert not verify_ed25519(body=BODY, signature=signature, keys=[public(NEW)], encoding=encoding)


@pytest.mark.parametrize("key", ["", "not base64", "AAAA", "ö"])
def test_a_key_that_is_none_is_a_fault_of_the_settings(key):
    with pytest.raises(ConfigurationError, match="signing key"):
        verify_ed25519(body=BODY, signature=signed(NEW), keys=[key], encoding="base64")


def test_an_encoding_that_is_none_is_a_fault_of_the_settings():
    with pytest.raises(ConfigurationError, match="base64 or hex"):
        verify_ed25519(body=BODY, signature=signed(NEW), keys=[public(NEW)], encoding="base32")


def test_without_cryptography_the_error_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "cryptography.exceptions", None)

    with pytest.raises(
        ConfigurationError, match=r"pip install django-oscar-pingpayments\[signed-callbacks\]"
    ):
        verify_ed25519(body=BODY, signature=signed(NEW), keys=[public(NEW)], encoding="base64")
