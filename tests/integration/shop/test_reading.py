"""How a callback's body is read, and what is answered where it cannot be, or the database is in trouble."""

from __future__ import annotations

import io
from typing import Any

import pytest
from django.db import OperationalError, connection
from django.test import Client
from django.urls import reverse

from oscar_pingpayments.facade import callbacks
from oscar_pingpayments.models import Callback
from oscar_pingpayments.simulator.testing import PingSimulator
from tests.shopper import Shopper

from .conftest import call_back, nothing_changes

BODY = b'{"status": "COMPLETED"}'


class Torn(io.RawIOBase):
    """What a server reads a body from that breaks off."""

    def read(self, size: int = -1) -> bytes:
        raise RuntimeError("a chunk without its end")


def in_chunks(shopper: Shopper, source: Any) -> Any:
    """Make Ping's call with a body that has no length, as a server hands it on that knows where it ends."""
    url = reverse("pingpayments:callback", args=[shopper.payment.token])
    environ = {"wsgi.input": source, "wsgi.input_terminated": True, "CONTENT_LENGTH": ""}
    return Client().generic("POST", url, b"", "application/json", **environ)


def test_a_body_that_comes_in_chunks_is_read(started: Shopper, ping: PingSimulator):
    ping.pay(started.payment.pay_url)

    assert in_chunks(started, io.BytesIO(BODY)).status_code == 200

    assert Callback.objects.get().body == BODY.decode()
    assert started.order.status == "Being processed"


def test_c6_a_body_that_breaks_off_is_a_bad_request(started: Shopper):
    with nothing_changes():
        response = in_chunks(started, Torn())

    assert response.status_code == 400
    assert response["Cache-Control"] == "no-store, private"


@pytest.mark.django_db(transaction=True)
def test_c8_a_call_that_the_database_cannot_look_up_is_to_come_again(started: Shopper):
    def fail(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        if sql.startswith("SELECT") and "pingpayments_callback" in sql:
            raise OperationalError("the database system is in recovery mode")
        return execute(sql, params, many, context)

    with connection.execute_wrapper(fail):
        response = call_back(started)

    assert (response.status_code, response["Retry-After"]) == (503, "30")
    assert Callback.objects.count() == 0


def test_a_test_call_that_comes_twice_leaves_one_row(shop: Any):
    url = reverse("pingpayments:callback", args=[callbacks.expect_poke()])

    assert [Client().post(url).status_code for _ in range(2)] == [200, 200]

    assert Callback.objects.count() == 1
