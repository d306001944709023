"""Whatever the network and the server do, a call ends in time, with what the caller may do next."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
import traceback
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from oscar_pingpayments.exceptions import (
    GatewayError,
    NotSentError,
    OutcomeUnknownError,
    RejectedError,
    UnexpectedAnswerError,
)
from oscar_pingpayments.gateway import NewPayment, OrderItem, Payer, PingClient
from oscar_pingpayments.gateway import connections as connections_module
from oscar_pingpayments.gateway import transport as transport_module

from .conftest import CONNECT, READ, SECRET
from .wire import Wire, drop, message, raw, reply, reply_json, reset, silent, then_close, trickle

ID = UUID("7c0a1de2-5a0e-4d5c-9a4b-0e9e5b1f7a10")
MADE = reply_json({"id": str(ID)})
KEY = reply_json({"key": "k"})
BUDGET = CONNECT + READ
SLACK = 1.0  # what a busy machine may add


@pytest.fixture
def closed_port():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        _, port = taken.getsockname()
    return port


@pytest.fixture
def deaf_port():
    """A port that lets nobody in: its queue is full, and whoever knocks hears nothing."""
    with socket.socket() as listener:
        listener.bind(("0.0.0.0", 0))
        listener.listen(0)
        port = listener.getsockname()[1]
        queued = []
        for _ in range(4):
            knocking = socket.socket()
            knocking.setblocking(False)
            knocking.connect_ex(("127.0.0.1", port))
            queued.append(knocking)
        yield port
        for knocking in queued:
            knocking.close()


@pytest.fixture
def timed():
    """Call something that must fail; return its error, having seen that it kept to the budget."""

    def timed(call, *arguments, **keywords) -> GatewayError:
        began = time.monotonic()
        with pytest.raises(GatewayError) as caught:
            call(*arguments, **keywords)
        assert time.monotonic() - began < BUDGET + SLACK
        return caught.value

    return timed


def test_two_calls_use_one_connection(wire, client):
    wire.answers(MADE, KEY)

    client.create_payment_order(currency="SEK")
    client.get_signing_key()

    assert [request.connection for request in wire.received] == [1, 1]


def test_a_client_that_records_elsewhere_shares_the_connection(wire, client, exchanges):
    wire.answers(KEY)

    client.get_signing_key()
    client.recording(None).get_signing_key()

    assert wire.connections == 1
    assert len(exchanges) == 1


def test_many_threads_share_one_client(wire, client):
    wire.answers(KEY)

    with ThreadPoolExecutor(8) as pool:
        keys = list(pool.map(lambda _: client.get_signing_key(), range(80)))

    assert keys == ["k"] * 80
    assert wire.connections <= 8


def test_a_write_does_not_go_out_on_a_connection_that_the_server_has_closed(wire, client):
    wire.answers(then_close(KEY), MADE)
    client.get_signing_key()
    assert wire.closed.acquire(timeout=5)

    assert client.create_payment_order(currency="SEK") == ID
    assert [request.connection for request in wire.received] == [1, 2]


def test_a_write_does_not_go_out_on_a_connection_that_was_idle_for_long(wire, client, monkeypatch):
    wire.answers(KEY, MADE)
    client.get_signing_key()
    monkeypatch.setattr(connections_module, "IDLE", 0.0)

    client.create_payment_order(currency="SEK")

    assert [request.connection for request in wire.received] == [1, 2]


def test_a_closed_client_opens_new_connections(wire, client):
    wire.answers(KEY)
    client.get_signing_key()
    client.close()

    assert client.get_signing_key() == "k"
    assert wire.connections == 2


def test_refused(closed_port, connect, exchanges):
    client = connect(f"http://127.0.0.1:{closed_port}", read_timeout=10.0)

    with pytest.raises(NotSentError) as caught:
        client.create_payment_order(currency="SEK")

    error = caught.value
    assert str(error) == "POST /api/v1/payment_orders: no connection (ConnectionRefusedError)"
    assert [exchange.status_code for exchange in exchanges] == [None] * transport_module.ATTEMPTS
    assert {exchange.error for exchange in exchanges} == {str(error)}


def test_refused_at_first_is_tried_again_even_for_a_write(closed_port, connect, monkeypatch):
    opened = []

    def open_the_port(_pause: float) -> None:
        opened.append(socket.create_server(("127.0.0.1", closed_port), reuse_port=False, backlog=8))
        threading.Thread(target=answer, args=(opened[0],), daemon=True).start()

    def answer(listener: socket.socket) -> None:
        sock, _ = listener.accept()
        with sock:
            sock.recv(4096)
            sock.sendall(message("200 OK", b'{"id": "%s"}' % str(ID).encode()))

    monkeypatch.setattr(time, "sleep", open_the_port)  # the pause before the second try

    client = connect(f"http://127.0.0.1:{closed_port}", read_timeout=10.0)

    assert client.create_payment_order(currency="SEK") == ID
    opened[0].close()


def test_nobody_lets_us_in(deaf_port, connect, timed):
    error = timed(connect(f"http://127.0.0.1:{deaf_port}").create_payment_order, currency="SEK")

    assert type(error) is NotSentError
    assert str(error).endswith("no connection (TimeoutError)")


def test_many_addresses_that_let_nobody_in_share_one_time_out(deaf_port, connect, timed, monkeypatch):
    addresses = [
        (socket.AF_INET, socket.SOCK_STREAM, 6, "", (f"127.0.0.{n}", deaf_port)) for n in range(1, 9)
    ]
    look_up = socket.getaddrinfo
    monkeypatch.setattr(
        socket,
        "getaddrinfo",
        lambda host, *args, **kw: addresses if host == "localhost" else look_up(host, *args, **kw),
    )
    client = connect(f"http://localhost:{deaf_port}")

    assert type(timed(client.create_payment_order, currency="SEK")) is NotSentError


def test_the_second_address_is_tried_where_the_first_refuses(wire, connect, monkeypatch):
    addresses = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (f"127.0.0.{n}", wire.port)) for n in (2, 1)]
    look_up = socket.getaddrinfo
    monkeypatch.setattr(
        socket,
        "getaddrinfo",
        lambda host, *args, **kw: addresses if host == "localhost" else look_up(host, *args, **kw),
    )
    wire.answers(MADE)

    assert connect(f"http://localhost:{wire.port}").create_payment_order(currency="SEK") == ID


def test_a_name_that_nobody_knows(connect, timed, monkeypatch):
    def unknown(*_args: object, **_keywords: object) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)

    error = timed(connect("https://ping.invalid").create_payment_order, currency="SEK")

    assert type(error) is NotSentError
    assert str(error).endswith("no connection (gaierror)")


def test_a_name_without_an_address(connect, timed, monkeypatch):
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_args, **_keywords: [])

    assert type(timed(connect("https://ping.invalid").create_payment_order, currency="SEK")) is NotSentError


LOST = [
    pytest.param(drop, "the connection was lost", id="dropped after the request"),
    pytest.param(reset, "the connection was lost", id="reset after the request"),
    pytest.param(
        raw(message("200 OK", b'{"id": "7c0a1de2')[:-4]), "the connection was lost", id="dropped mid-body"
    ),
    pytest.param(raw(b"HTTP/1.1 20"), "the connection was lost", id="dropped mid-status"),
    pytest.param(
        raw(b'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{"id"\r\n'),
        "the connection was lost",
        id="dropped mid-chunk",
    ),
    pytest.param(raw(b"\x00\xff garbage\r\n\r\n"), "the connection was lost", id="not HTTP"),
    pytest.param(
        raw(b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 4\r\n\r\nabcd"),
        "the connection was lost",
        id="not gzip",
    ),
    pytest.param(
        raw(b"HTTP/1.1 200 OK\r\nX: " + b"x" * 70_000), "the connection was lost", id="endless header"
    ),
    pytest.param(silent, "no whole answer in time", id="silent"),
    pytest.param(trickle(b"HTTP/1.1 200 OK\r\n"), "no whole answer in time", id="headers byte by byte"),
    pytest.param(
        lambda peer: (peer.send(b"HTTP/1.1 200 OK\r\nContent-Length: 9999\r\n\r\n"), trickle(b"{}")(peer)),
        "no whole answer in time",
        id="body byte by byte",
    ),
    pytest.param(
        lambda peer: (
            peer.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"),
            trickle(b"1\r\nx\r\n")(peer),
        ),
        "no whole answer in time",
        id="chunks byte by byte",
    ),
]


def test_bytes_that_keep_coming_after_the_time_out_are_not_read():
    ours, theirs = socket.socketpair()
    with ours, theirs:
        theirs.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
        ours.settimeout(0.0)
        answer = connections_module.Response(ours)

        with pytest.raises(TimeoutError):
            answer.begin()
        answer.close()


@pytest.mark.parametrize(("step", "why"), LOST)
def test_a_write_whose_answer_is_lost_is_not_sent_again(wire, client, timed, exchanges, step, why):
    wire.answers(step)

    error = timed(client.create_payment_order, currency="SEK")

    assert type(error) is OutcomeUnknownError
    assert (error.status_code, str(error)) == (None, f"POST /api/v1/payment_orders: {why}")
    assert len(wire.received) == 1
    assert [exchange.error for exchange in exchanges] == [str(error)]


@pytest.mark.parametrize(("step", "why"), LOST)
def test_a_read_whose_answer_is_lost_is_asked_again_within_the_budget(wire, client, timed, step, why):
    wire.answers(step)

    error = timed(client.get_signing_key)

    assert type(error) is OutcomeUnknownError
    assert len(wire.received) <= transport_module.ATTEMPTS


@pytest.mark.parametrize("step", [drop, reset, reply("500 Oops"), reply("502 Bad Gateway", b"<html>")])
def test_a_read_succeeds_on_the_second_try(wire, connect, exchanges, step):
    wire.answers(step, KEY)

    assert connect(wire.url, read_timeout=10.0).get_signing_key() == "k"
    assert len(wire.received) == 2
    assert [exchange.status_code for exchange in exchanges][1] == 200


def test_an_answer_that_breaks_off_in_its_headers_is_not_taken_for_a_success(wire, client, timed):
    wire.answers(raw(b"HTTP/1.1 200 OK\r\nContent-"))

    assert isinstance(timed(client.create_payment_order, currency="SEK"), OutcomeUnknownError)
    assert len(wire.received) == 1


def test_a_read_is_given_up_after_a_few_tries(wire, connect, caplog):
    wire.answers(reply("503 Busy"))
    caplog.set_level("INFO", "oscar_pingpayments")

    with pytest.raises(OutcomeUnknownError) as caught:
        connect(wire.url, read_timeout=10.0).get_signing_key()

    assert caught.value.status_code == 503
    assert len(wire.received) == transport_module.ATTEMPTS
    assert [(record.message, record.attempt) for record in caplog.records] == [
        ("Ping is asked again", 1),
        ("Ping is asked again", 2),
    ]


def test_a_read_is_not_asked_again_before_the_server_wants_it(wire, client, timed):
    wire.answers(reply("503 Busy", b"", "Retry-After: 30"))

    error = timed(client.get_signing_key)

    assert (type(error), error.retry_after) == (OutcomeUnknownError, 30.0)
    assert len(wire.received) == 1


def test_a_write_that_ping_failed_at_is_not_sent_again(wire, client, timed):
    wire.answers(reply("500 Oops", b"<html>"))

    error = timed(client.create_payment_order, currency="SEK")

    assert (type(error), error.status_code, error.details) == (OutcomeUnknownError, 500, ())
    assert len(wire.received) == 1


@pytest.mark.parametrize("method", ["get_signing_key", "get_tenant"])
@pytest.mark.parametrize("body", [b"<html>hello</html>", b"", b"pong", b"[]", b"\xff\xfe"])
def test_an_answer_that_is_not_json_is_unexpected_and_not_asked_for_again(wire, client, timed, method, body):
    wire.answers(reply("200 OK", body, "Content-Type: text/html"))

    assert type(timed(getattr(client, method))) is UnexpectedAnswerError
    assert len(wire.received) == 1


@settings(max_examples=60, deadline=None)
@given(
    status=st.integers(0, 999),
    start=st.sampled_from([b"HTTP/1.1 ", b"HTTP/1.0 ", b"HTTP/9", b""]),
    headers=st.lists(
        st.sampled_from(
            [
                b"Content-Length: 7",
                b"Content-Length: -1",
                b"Content-Length: 1, 2",
                b"Transfer-Encoding: chunked",
                b"Content-Encoding: gzip",
                b"Content-Encoding: gzip, br, gzip, deflate, x, y, z",
                b"Location: http://[",
                b"Set-Cookie: \xff=;;=",
                b"Retry-After: \xff",
                b"Connection: upgrade",
                b"no header",
            ]
        ),
        max_size=3,
    ),
    body=st.binary(max_size=60),
)
def test_whatever_comes_back_is_a_value_or_one_of_our_errors(status, start, headers, body):
    with (
        Wire() as wire,
        PingClient(
            base_url=wire.url,
            tenant_id=ID,
            api_secret=SECRET,
            api_version="2025-12-09",
            connect_timeout=CONNECT,
            read_timeout=READ,
            recorder=repr,
        ) as client,
    ):
        wire.answers(raw(b"\r\n".join([start + str(status).encode() + b" X", *headers, b"", body])))
        with contextlib.suppress(GatewayError):
            client.create_payment_order(currency="SEK")


def test_an_empty_204_is_a_success_and_leaves_the_connection_usable(wire, client):
    wire.answers(reply("204 No Content"))

    client.close_payment_order(ID)
    client.close_payment_order(ID)

    assert [request.path for request in wire.received] == [f"/payments/api/v1/payment_orders/{ID}/close"] * 2
    assert wire.connections == 1


@pytest.mark.parametrize("status", ["301 Moved", "302 Found", "307 Temporary", "308 Permanent"])
def test_o13_a_redirect_is_not_followed(wire, client, timed, status):
    other = Wire()
    wire.answers(reply(status, b"", f"Location: {other.url}/api/v1/payment_orders"))

    error = timed(client.create_payment_order, currency="SEK")
    other.stop()

    assert type(error) is UnexpectedAnswerError
    assert (len(wire.received), other.connections) == (1, 0)


@pytest.mark.parametrize(
    ("status", "kind"),
    [("200 OK", UnexpectedAnswerError), ("302 Found", UnexpectedAnswerError), ("422 No", RejectedError)],
)
def test_a_huge_body_is_not_read(wire, client, timed, exchanges, status, kind):
    stopped = threading.Event()

    def endless(peer) -> None:
        peer.send(f"HTTP/1.1 {status}\r\nTransfer-Encoding: chunked\r\n".encode())
        peer.send(b"Content-Type: text/plain\r\nLocation: /x\r\n\r\n")
        try:
            while True:
                peer.send(b"10000\r\n" + b"x" * 0x10000 + b"\r\n")
        finally:
            stopped.set()

    wire.answers(endless)

    assert type(timed(client.create_payment_order, currency="SEK")) is kind
    assert stopped.wait(5)
    assert exchanges[0].response_body == "<too much of text/plain>"


def test_a_body_in_chunks_is_read(wire, client):
    wire.answers(
        raw(b'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{"key\r\n7\r\n": "k"}\r\n0\r\n\r\n')
    )

    assert client.get_signing_key() == "k"


def test_o12_too_many_requests_says_when_to_come_back(wire, client, timed):
    date = format_datetime(datetime.now(UTC) + timedelta(seconds=60), usegmt=True)
    wire.answers(reply("429 Slow", b"", "Retry-After: 7"), reply("429 Slow", b"", f"Retry-After: {date}"))

    first = timed(client.get_signing_key)
    second = timed(client.create_payment_order, currency="SEK")

    assert (type(first), first.retry_after) == (NotSentError, 7.0)
    assert type(second) is NotSentError
    assert 50 < second.retry_after <= 60
    assert len(wire.received) == 2


def test_cookies_are_not_kept(wire, client):
    wire.answers(reply("200 OK", b'{"key": "k"}', "Set-Cookie: session=1; Path=/"))

    client.get_signing_key()
    client.get_signing_key()

    assert "cookie" not in wire.received[1].headers


def test_o13_the_environment_changes_nothing(wire, connect, monkeypatch, tmp_path, closed_port):
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login someone password something\n")
    netrc.chmod(0o600)
    monkeypatch.setenv("NETRC", str(netrc))
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, f"http://127.0.0.1:{closed_port}")
    monkeypatch.delenv("no_proxy", raising=False)
    monkeypatch.delenv("NO_PROXY", raising=False)
    wire.answers(KEY)

    assert connect(wire.url).get_signing_key() == "k"
    assert "authorization" not in wire.received[0].headers


PAYMENT = NewPayment(
    "SEK",
    100,
    "payment_iq",
    "card",
    (OrderItem("Kaffe", 100, 12, ID),),
    Payer(name="Ann Ek", email="ann@example.com"),
)


@pytest.mark.parametrize(
    "step", [drop, silent, reply("500 Oops"), reply("422 No"), reply("200 OK", b"Ann Ek")]
)
def test_o4_no_traceback_shows_the_secret_or_the_payer(wire, client, timed, step):
    wire.answers(step)

    error = timed(client.initiate_payment, ID, PAYMENT)

    told = "".join(traceback.TracebackException.from_exception(error, capture_locals=True).format())
    assert "initiate_payment" in told
    for private in (SECRET, "Ann", "ann@"):
        assert private not in told


def test_o4_no_log_shows_the_secret_or_the_payer(wire, client, caplog):
    caplog.set_level("DEBUG")
    wire.answers(
        reply_json({"id": str(ID), "provider_method_response": {"pay_url": "https://piq.example/tOkEn"}})
    )

    client.initiate_payment(ID, PAYMENT)

    told = "".join(f"{record.getMessage()}{record.__dict__}" for record in caplog.records)
    assert "payment_orders" in told  # urllib3 tells of the request
    for private in (SECRET, "Ann", "ann@", "tOkEn"):
        assert private not in told


def test_o4_a_recorded_exchange_shows_neither_the_secret_nor_the_payer(wire, client, exchanges):
    wire.answers(
        reply_json({"id": str(ID), "provider_method_response": {"pay_url": "https://piq.example/tOkEn"}})
    )

    client.initiate_payment(ID, PAYMENT)

    assert str(ID) in exchanges[0].response_body
    for private in (SECRET, "Ann", "ann@", "tOkEn"):
        assert private not in repr(exchanges[0])
