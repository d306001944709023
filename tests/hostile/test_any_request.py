"""Thousands of requests that no honest software makes: each is answered, costs little and changes nothing."""

from __future__ import annotations

import io
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import unquote_to_bytes

import pytest
from django.core.signals import got_request_exception
from django.test.client import ClientHandler
from django.urls import Resolver404, resolve, reverse
from hypothesis import given, note, seed
from hypothesis import strategies as st

from oscar_pingpayments import facade
from oscar_pingpayments.models import Callback, Payment, PaymentOrder, Placing, Refund, StaffAction
from tests.benchmarks.figures import count_queries, table_of

from .campaign import SEED, campaign
from .visits import CALLED, OF_ATTEMPT, PAGES, VISITS, Visit, Wire, is_known, path_of

#: Seconds that one request may take, on a machine that has other things to do.
LONGEST = 5.0
#: What a true refresh writes: the log of the call and of the question, and when was asked.
OF_A_REFRESH = {
    ("INSERT", "pingpayments_callback"),
    ("UPDATE", "pingpayments_callback"),
    ("INSERT", "pingpayments_exchange"),
    ("UPDATE", "pingpayments_payment"),
}
PRIVATE = {
    "Cache-Control": "no-store, private",
    "X-Robots-Tag": "noindex, nofollow",
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}
_WRITE = re.compile(r"(INSERT|UPDATE|DELETE|REPLACE)", re.IGNORECASE)


class Answer:
    """What came of a visit, and what it cost."""

    def __init__(self, visit: Visit, known: str, *, checks_csrf: bool) -> None:
        path = unquote_to_bytes(path_of(visit, known))
        self.wire = Wire(visit.body)
        environ: dict[str, Any] = {
            "REQUEST_METHOD": visit.method,
            "PATH_INFO": path.decode("latin-1"),
            "QUERY_STRING": visit.query,
            "SERVER_NAME": "testserver",
            "SERVER_PORT": "80",
            "SERVER_PROTOCOL": "HTTP/1.1",
            "REMOTE_ADDR": "203.0.113.9",
            "CONTENT_LENGTH": str(visit.body.size) if visit.content_length is None else visit.content_length,
            "wsgi.input": io.BufferedReader(self.wire),
            "wsgi.url_scheme": "http",
            **{f"HTTP_{name.upper().replace('-', '_')}": value for name, value in visit.headers},
        }
        if visit.content_type is not None:
            environ["CONTENT_TYPE"] = visit.content_type
        self.is_ours = "HTTP_HOST" not in environ and _is_ours(path)
        began = time.monotonic()
        with count_queries() as self.queries, _errors() as self.errors:
            self.response = ClientHandler(enforce_csrf_checks=checks_csrf)(environ)
        self.seconds = time.monotonic() - began
        self.status = self.response.status_code

    @property
    def written(self) -> set[tuple[str, str]]:
        """The statements that write, and to which table."""
        statements = [*self.queries.ours, *self.queries.others]
        writes = [(found[0].upper(), sql) for sql in statements if (found := _WRITE.match(sql))]
        return {(verb, table_of(sql)) for verb, sql in writes}


def _is_ours(path: bytes) -> bool:
    try:
        return resolve(path.decode(errors="replace")).namespace == "pingpayments"
    except Resolver404:
        return False


@contextmanager
def _errors() -> Iterator[list[str]]:
    import traceback

    seen: list[str] = []

    def hear(**facts: Any) -> None:
        seen.append(traceback.format_exc())

    got_request_exception.connect(hear)
    try:
        yield seen
    finally:
        got_request_exception.disconnect(hear)


@pytest.fixture
def unchanged(started, ping):
    """Whatever is asked of the shop: what it knows of money stays as it was."""

    def all_there_is() -> list[Any]:
        asking = {"asked_at", "asked_by", "page_asked_at", "ask_again_at", "failed_asks"}
        payments = [field.attname for field in Payment._meta.fields if field.attname not in asking]
        return [
            list(rows)
            for rows in (
                Payment.objects.values(*payments),
                PaymentOrder.objects.values(),
                *(model.objects.values() for model in (Refund, Placing, StaffAction)),
                started.order.__class__.objects.values(),
                started.order.sources.values(),
            )
        ]

    facade.refresh(started.payment.pk, by="test")
    before = all_there_is()
    yield
    assert all_there_is() == before


@pytest.mark.parametrize("ping_is", ["well", "ill"])
def test_whatever_is_sent_is_answered_and_changes_nothing(started, ping, change, unchanged, ping_is):
    ours = dict.fromkeys(PAGES, started.payment_order.token)
    ours |= dict.fromkeys(OF_ATTEMPT, started.payment.token) | {"refunds": facade.refund_token()}
    page = reverse("pingpayments:payment", args=[ours["payment"]])
    pay_url = started.payment.pay_url
    if ping_is == "ill":
        change(TIMEOUT=(0.5, 0.5))
        ping.misbehave("get_payment", "refuse", times=None)

    @seed(SEED)
    @campaign(share=5)
    @given(visit=VISITS, checks_csrf=st.booleans())
    def visited(visit: Visit, checks_csrf: bool) -> None:
        knows = is_known(visit, ours[visit.page])
        answer = Answer(visit, ours[visit.page], checks_csrf=checks_csrf)

        note("\n".join(answer.errors))
        may_come_again = knows and ping_is == "ill" and visit.page == "callback"
        assert answer.status < 500 or (answer.status == 503 and may_come_again)
        assert answer.seconds < LONGEST
        assert answer.written <= (OF_A_REFRESH if knows else set())
        if not knows:
            assert len(answer.queries.ours) <= 1
            assert answer.status >= 400
        if visit.page in CALLED:
            assert answer.wire.taken <= facade.MAX_BODY + io.DEFAULT_BUFFER_SIZE
        elif visit.page not in ("pay", "change"):
            assert answer.wire.taken == 0
        if answer.is_ours and not checks_csrf:
            assert {name: answer.response.get(name) for name in PRIVATE} == PRIVATE
            goes_to = answer.response.get("Location", "")
            assert goes_to in ("", pay_url, page)

    visited()
    # Of strangers there is none: all are the attempt's, or came to the address for refunds that Ping knows.
    others = Callback.objects.exclude(payment=started.payment)
    assert set(others.values_list("outcome", flat=True)) <= {"noted", "too_many"}
