"""Certificates are verified, whatever the environment says."""

from __future__ import annotations

import datetime
import ipaddress
import ssl
import time

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from oscar_pingpayments.exceptions import NotSentError, OutcomeUnknownError
from oscar_pingpayments.gateway import PingClient

from .conftest import CONNECT, READ
from .wire import Wire, reply_json, silent, trickle

KEY = reply_json({"key": "k"})


def certificate(tmp_path, address: str) -> str:
    """Write a certificate for an address, signed by itself, with its key; return the file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "a server of bare sockets")])
    now = datetime.datetime.now(datetime.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address(address))]), critical=False
        )
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    path = tmp_path / f"{address}.pem"
    path.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        + made.public_bytes(serialization.Encoding.PEM)
    )
    return str(path)


def serving(path: str) -> Wire:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(path)
    return Wire(context)


@pytest.fixture
def pem(tmp_path) -> str:
    return certificate(tmp_path, "127.0.0.1")


@pytest.fixture
def secure_wire(pem):
    wire = serving(pem)
    wire.answers(KEY)
    yield wire
    wire.stop()


def trusting(client: PingClient, pem: str) -> PingClient:
    """Put a certificate in the place of certifi's roots, which no shop can do."""
    client._transport._session.verify = pem
    return client


@pytest.mark.parametrize("variable", [None, "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE"])
def test_o13_a_certificate_that_nobody_vouches_for_is_refused(
    secure_wire, connect, pem, monkeypatch, exchanges, variable
):
    if variable:
        monkeypatch.setenv(variable, pem)

    with pytest.raises(NotSentError) as caught:
        connect(secure_wire.url).get_signing_key()

    assert str(caught.value) == "GET /api/v1/signing_key: no connection (SSLCertVerificationError)"
    assert secure_wire.received == []
    assert len(exchanges) == 1  # asking again would not help


def test_a_trusted_certificate_is_taken_and_its_connection_used_again(secure_wire, connect, pem):
    client = trusting(connect(secure_wire.url), pem)

    assert [client.get_signing_key(), client.get_signing_key()] == ["k", "k"]
    assert [request.connection for request in secure_wire.received] == [1, 1]


def test_o13_a_trusted_certificate_of_another_host_is_refused(tmp_path, connect):
    pem = certificate(tmp_path, "127.0.0.9")
    wire = serving(pem)

    with pytest.raises(NotSentError, match="SSLCertVerificationError"):
        trusting(connect(wire.url), pem).create_payment_order(currency="SEK")

    assert wire.received == []
    wire.stop()


def test_a_handshake_that_does_not_come_is_not_sent(wire, connect):
    """A server that takes the connection and does not speak TLS: nothing of the request has left."""
    wire.answers(silent)

    with pytest.raises(NotSentError):
        connect(wire.url.replace("http:", "https:")).create_payment_order(currency="SEK")


@pytest.mark.parametrize("step", [silent, trickle(b"HTTP/1.1 200 OK\r\n")], ids=["silent", "byte by byte"])
def test_a_slow_answer_ends_in_time(secure_wire, connect, pem, step):
    secure_wire.answers(step)
    began = time.monotonic()

    with pytest.raises(OutcomeUnknownError, match="no whole answer in time"):
        trusting(connect(secure_wire.url), pem).create_payment_order(currency="SEK")

    assert time.monotonic() - began < CONNECT + READ + 1.0
