"""Broken chunks, lies about lengths, bodies without an end: over a socket, to the shop behind gunicorn."""

from __future__ import annotations

import gzip
import threading
import time
from collections.abc import Iterable, Iterator

import pytest
from django.urls import reverse
from hypothesis import given, seed
from hypothesis import strategies as st

from oscar_pingpayments.models import Callback, Payment, PaymentOrder
from tests.shopper import Shopper, create_product

from .campaign import SEED, campaign
from .served import THREADS, Shop, serve

pytestmark = pytest.mark.campaign

#: What the server itself does not speak (a transfer coding, a version): no request has reached the shop then.
OF_THE_SERVER = {501, 505}
#: MiB that the worker may have gained, whatever came. Ten of those bodies would be 100.
MAY_GAIN = 30
MEGABYTE = 1024 * 1024


@pytest.fixture
def stranger(transactional_db, ping, settings) -> Iterator[Shop]:
    """A stranger who knows the callback address of an attempt, in front of the served shop."""
    settings.PINGPAYMENTS = {**settings.PINGPAYMENTS, **ping.settings()}
    Shopper().buys(create_product())
    with serve(f"{ping.url}/payments") as shop:
        yield shop


def path(page: str = "callback") -> str:
    of_attempt = page in ("callback", "return")
    row = (Payment if of_attempt else PaymentOrder).objects.get()
    return reverse(f"pingpayments:{page}", args=[row.token])


def head(*lines: str, method: str = "POST", where: str = "", version: str = "HTTP/1.1") -> bytes:
    """The head of a request to the callback address, with more lines in it."""
    request = [f"{method} {where or path()} {version}", "Host: 127.0.0.1", "Content-Type: application/json"]
    return "\r\n".join([*request, *lines, "", ""]).encode("latin-1")


def with_body(body: bytes, *lines: str, length: object = None, **more: str) -> list[bytes]:
    return [head(f"Content-Length: {len(body) if length is None else length}", *lines, **more), body]


def chunked(*chunks: bytes, ends: bytes = b"0\r\n\r\n", **more: str) -> list[bytes]:
    return [head("Transfer-Encoding: chunked", **more), *chunks, ends]


def chunk(body: bytes) -> bytes:
    return f"{len(body):x}\r\n".encode() + body + b"\r\n"


GOOD = b'{"status": "COMPLETED"}'
LARGE = [chunk(b"x" * MEGABYTE)] * 10


def endless() -> Iterator[bytes]:
    """A body in small pieces that goes on for longer than anybody would wait."""
    yield head("Content-Length: 60000")
    for _ in range(20):
        yield b" "


def requests() -> list[tuple[str, Iterable[bytes], set[int | None]]]:
    """What is sent, and the answers that are right; None is a connection that is closed without one."""
    refused: set[int | None] = {400, None}
    return [
        ("as it should be", with_body(GOOD), {200}),
        ("in chunks", chunked(chunk(GOOD)), {200}),
        ("10 MB", with_body(b"x" * 10 * MEGABYTE), {413}),
        ("10 MB in chunks", chunked(*LARGE), {413}),
        ("a little too much", with_body(b" " * 65_537), {413}),
        ("as much as may be", with_body(GOOD + b" " * (65_536 - len(GOOD))), {200}),
        ("a bomb", with_body(gzip.compress(b"0" * 10 * MEGABYTE), "Content-Encoding: gzip"), {400}),
        ("less than was said", with_body(GOOD, length=9999), {200}),
        ("nothing of what was said", with_body(b"", length=9999), {400}),
        ("more than was said", with_body(GOOD + b"}" * 500, length=len(GOOD)), {200}),
        ("no length", with_body(GOOD, length=""), refused),
        ("a negative length", with_body(GOOD, length=-5), refused),
        ("a length that is no number", with_body(GOOD, length="0x10"), refused),
        ("an enormous length", with_body(GOOD, length="9" * 300), {200, 400, 413, None}),
        ("two lengths", with_body(GOOD, "Content-Length: 5"), refused),
        ("a length and chunks", [head("Content-Length: 4", "Transfer-Encoding: chunked"), GOOD], refused),
        ("a chunk that is none", chunked(b"zz\r\n" + GOOD), {400}),
        ("a chunk without an end", chunked(b"17\r\n" + GOOD, ends=b""), {400}),
        ("a chunk that is longer than was said", chunked(b"5\r\n" + GOOD + b"\r\n"), {400}),
        ("a chunk of an enormous length", chunked(b"f" * 40 + b"\r\n" + GOOD), {400}),
        ("a chunk of a negative length", chunked(b"-5\r\n" + GOOD + b"\r\n"), {400}),
        ("chunks that stop", chunked(chunk(GOOD), ends=b""), {200, 400}),
        ("a long extension", chunked(b"17;" + b"a" * 100_000 + b"\r\n" + GOOD + b"\r\n"), {200, 400}),
        ("another coding", [head("Transfer-Encoding: gzip"), GOOD], refused | OF_THE_SERVER),
        ("a broken chunk for a form", chunked(b"zz\r\n", where=path("pay")), {400, 403}),
        ("a body for a page", with_body(b"x" * 10 * MEGABYTE, method="GET", where=path("payment")), {200}),
        ("a body for the return", with_body(b"x" * 10 * MEGABYTE, where=path("return")), {303}),
        ("to be told to go on", with_body(GOOD, "Expect: 100-continue"), {200}),
        ("an enormous header", with_body(GOOD, "X: " + "x" * 200_000), {400, 431, None}),
        ("a thousand headers", with_body(GOOD, *(f"X-{n}: x" for n in range(1000))), {400, 431, None}),
        ("a header without a value", with_body(GOOD, "X"), refused),
        ("a header in two lines", with_body(GOOD, "X: a", " b"), refused | {200}),
        ("a NUL in a header", with_body(GOOD, "X: a\x00b"), refused | {200}),
        ("a long path", [head(where="/pingpayments/callback/" + "x" * 20_000 + "/")], {400, 404, 414, None}),
        ("a path that is not ASCII", [head(where=path() + "\xff\xfe")], refused | {404}),
        ("an address as the path", with_body(GOOD, where="http://evil.example" + path()), {200, 400, 404}),
        ("no path", [head(where="*", method="OPTIONS")], refused | {404}),
        ("an old version", with_body(GOOD, version="HTTP/1.0"), {200}),
        ("a version to come", with_body(GOOD, version="HTTP/7.0"), refused | OF_THE_SERVER),
        ("no request", [b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(500)], refused),
        ("nothing", [b""], refused),
        ("empty lines", [b"\r\n" * 5000], refused),
        ("slowly", endless(), {400}),
    ]


def test_what_no_client_would_send_is_answered_and_costs_no_memory(stranger):
    stranger.send(with_body(GOOD))
    before, worker = stranger.memory, stranger.worker
    wrong = []

    for what, pieces, right in requests():
        began = time.monotonic()
        status = stranger.send(pieces, pause=0.02 if what == "slowly" else 0)
        if status not in right or time.monotonic() - began > 10:
            wrong.append((what, status, round(time.monotonic() - began, 1)))
        stranger.break_off(with_body(GOOD, length=60_000))

    assert not wrong, "\n".join(map(str, wrong))
    assert stranger.memory - before < MAY_GAIN
    assert stranger.send(with_body(GOOD)) == 200
    assert stranger.worker == worker
    assert "Internal Server Error" not in stranger.said
    assert "Traceback" not in stranger.said
    assert {row.payment_id for row in Callback.objects.all()} == {Payment.objects.get().pk}


def test_bodies_that_are_held_back_do_not_keep_others_waiting(stranger):
    waiting = [stranger.connect() for _ in range(THREADS - 1)]
    try:
        for wire in waiting:
            wire.sendall(head("Content-Length: 60000") + b"{")
        began = time.monotonic()

        assert stranger.send(with_body(GOOD)) == 200

        assert time.monotonic() - began < 5
    finally:
        for wire in waiting:
            wire.close()


def test_large_bodies_at_once_are_not_held_in_memory(stranger):
    stranger.send(with_body(GOOD))
    before, most, done = stranger.memory, [0], threading.Event()

    def watch() -> None:
        while not done.wait(0.02):
            most[0] = max(most[0], stranger.memory)

    watching = threading.Thread(target=watch)
    watching.start()
    senders = [
        threading.Thread(target=stranger.send, args=(with_body(b"x" * 20 * MEGABYTE),)) for _ in range(12)
    ]
    for sender in senders:
        sender.start()
    for sender in senders:
        sender.join()
    done.set()
    watching.join()

    assert most[0] - before < MAY_GAIN


def test_bytes_that_were_garbled_on_the_way_are_never_an_error_of_ours(stranger):
    good = b"".join(with_body(GOOD))
    places = st.integers(0, len(good))
    garbled = st.lists(st.tuples(places, places, st.binary(max_size=20)), max_size=4)
    stranger.send([good])
    before, worker = stranger.memory, stranger.worker

    @seed(SEED)
    @campaign()
    @given(changes=garbled, hang_up=st.just(True))
    def sent(changes: list[tuple[int, int, bytes]], hang_up: bool) -> None:
        request = good
        for begin, end, instead in changes:
            request = request[: min(begin, end)] + instead + request[max(begin, end) :]
        status = stranger.send([request], hang_up=hang_up)
        assert status is None or status < 500 or status in OF_THE_SERVER

    sent()
    assert stranger.memory - before < MAY_GAIN
    assert "Internal Server Error" not in stranger.said
    assert stranger.worker == worker
