"""What all our addresses have in common: their answers are private, cheap, and in no log by their token."""

from __future__ import annotations

import io
import logging

import pytest
from django.db import OperationalError, connection
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from oscar_pingpayments import facade
from oscar_pingpayments.facade import callbacks
from oscar_pingpayments.models import Callback, Payment
from tests.benchmarks.figures import count_queries

from .conftest import call_back, nothing_changes

PAGES = ["callback", "return", "payment", "state", "pay", "change"]
ADDRESSES = [*PAGES, "refunds"]
PRIVATE = {
    "Cache-Control": "no-store, private",
    "X-Robots-Tag": "noindex, nofollow",
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
}


def visit(page: str, token: str, client: Client | None = None, method: str = ""):
    """Come to a page of ours as it wants to be come to, or otherwise."""
    method = method or ("GET" if page in ("return", "payment", "state") else "POST")
    url = reverse(f"pingpayments:{page}", args=["TOKEN"]).replace("TOKEN", token)
    return (client or Client()).generic(method, url, "{}", "application/json")


def token_of(shopper, page: str) -> str:
    if page == "refunds":
        return facade.refund_token()
    return shopper.payment.token if page in ("callback", "return") else shopper.payment_order.token


@pytest.mark.parametrize("page", ADDRESSES)
def test_what_is_not_found_or_not_allowed_is_as_private_as_what_is(started, page):
    answers = [
        visit(page, "x" * 43),
        visit(page, "%00"),
        visit(page, token_of(started, page), method="PUT"),
    ]

    assert [answer.status_code for answer in answers] == [404, 404, 405]
    for answer in answers:
        assert {name: answer[name] for name in PRIVATE} == PRIVATE


def test_the_order_of_somebody_else_is_not_found_as_privately(started):
    answer = visit("change", started.payment_order.token)

    assert answer.status_code == 404
    assert {name: answer[name] for name in PRIVATE} == PRIVATE


@pytest.mark.parametrize("page", PAGES)
def test_an_unknown_token_costs_one_query(started, page):
    with count_queries() as counted:
        assert visit(page, "x" * 43).status_code == 404

    assert len(counted.ours) == 1


@pytest.mark.parametrize("page", ADDRESSES)
def test_what_cannot_be_a_token_is_not_looked_up(started, page):
    with count_queries() as counted:
        for token in ["%00", "x" * 65, "%C3%A9", "%ff", "a.b", "x%20", "%0a", "a:b"]:
            assert visit(page, token).status_code == 404, token

    assert counted.ours == []


@pytest.mark.parametrize("page", PAGES)
def test_a_token_in_other_letters_is_unknown_on_every_database(started, page):
    token = token_of(started, page)

    with nothing_changes():
        assert visit(page, token.swapcase(), started.client).status_code == 404


@pytest.mark.parametrize("page", ADDRESSES)
@pytest.mark.parametrize("method", ["", "PUT", "DELETE"])
def test_no_log_names_a_token(started, page, method, caplog):
    caplog.set_level(logging.DEBUG)
    token = token_of(started, page)

    visit(page, token, method=method)
    visit(page, token + "x", method=method)

    assert token not in caplog.text
    assert token not in "".join(str(vars(record)) for record in caplog.records)
    assert "A visitor was turned away" in caplog.text


def test_no_log_names_a_token_whatever_a_callback_is_answered(started, ping, change, caplog):
    change(TIMEOUT=(0.2, 0.3))
    ping.misbehave("get_payment", "refuse", times=None)

    answers = [call_back(started, body).status_code for body in ("", "x" * 100_000, "{}")]

    assert answers == [400, 413, 503]
    assert started.payment.token not in caplog.text
    assert started.payment.token not in "".join(str(vars(record)) for record in caplog.records)


class BrokenOff(io.RawIOBase):
    """A body whose connection is lost, or whose server finds a chunk without a length."""

    def __init__(self, error: Exception) -> None:
        self.error = error

    def read(self, size: int = -1) -> bytes:
        raise self.error


CHUNKED = {"wsgi.input_terminated": True, "CONTENT_LENGTH": ""}


@pytest.mark.parametrize(
    ("error", "how"),
    [(OSError("lost"), {}), (OSError("lost"), CHUNKED), (ValueError("no chunk"), CHUNKED)],
    ids=["with a length", "in chunks", "in chunks that are none"],
)
def test_a_callback_that_breaks_off_changes_nothing(started, error, how):
    url = reverse("pingpayments:callback", args=[started.payment.token])

    with nothing_changes():
        answer = Client().generic("POST", url, "{}", **{"wsgi.input": BrokenOff(error), **how})

    assert answer.status_code == 400


def test_a_callback_may_come_in_chunks(started, ping):
    ping.pay(started.payment.pay_url)
    url = reverse("pingpayments:callback", args=[started.payment.token])
    body = io.BytesIO(b'{"status": "COMPLETED"}')

    answer = Client().generic("POST", url, "", **{"wsgi.input": body, **CHUNKED})

    assert answer.status_code == 200
    assert Callback.objects.get().body == '{"status": "COMPLETED"}'
    assert started.order.status == "Being processed"


def test_chunks_without_an_end_are_read_no_further_than_is_kept(started):
    url = reverse("pingpayments:callback", args=[started.payment.token])
    body = io.BytesIO(b"x" * 10_000_000)

    answer = Client().generic("POST", url, "", **{"wsgi.input": body, **CHUNKED})

    assert answer.status_code == 413
    assert body.tell() == facade.MAX_BODY + 1


def test_an_order_is_not_cancelled_by_a_form_that_breaks_off(started, ping):
    url = reverse("pingpayments:change", args=[started.payment_order.token])
    calls = len(ping.calls())

    answer = started.client.generic(
        "POST",
        url,
        "next=method",
        "application/x-www-form-urlencoded",
        **{"wsgi.input": BrokenOff(OSError("lost"))},
    )

    assert answer.status_code == 400
    assert started.order.status == "Pending"
    assert len(ping.calls()) == calls


def test_a_database_that_cannot_be_asked_for_a_token_lets_the_call_come_again(started, caplog):
    def fail(execute, sql, params, many, context):
        raise OperationalError(f"the connection was lost\nDETAIL: {params}")

    token = started.payment.token
    with connection.execute_wrapper(fail):
        answer = visit("callback", token)

    assert answer.status_code == 503
    assert answer["Retry-After"] == "30"
    assert "A callback could not be taken" in caplog.text
    assert "OperationalError: the connection was lost" in caplog.text
    assert token not in caplog.text


def test_a_flood_fills_no_disk_with_what_it_says(started, ping):
    ping.pay(started.payment.pay_url)
    Callback.objects.bulk_create(
        Callback(payment=started.payment, outcome=Callback.Outcome.ASKED) for _ in range(callbacks.FLOOD)
    )

    assert call_back(started, '{"status": "PENDING"}').status_code == 202
    Payment.objects.update(status="COMPLETED")
    assert call_back(started, '{"status": "COMPLETED"}').status_code == 200

    assert set(Callback.objects.values_list("body", flat=True)) == {""}
    Callback.objects.update(at=timezone.now() - callbacks.FLOOD_WINDOW)
    call_back(started, '{"status": "COMPLETED"}')
    assert Callback.objects.first().body == '{"status": "COMPLETED"}'


def test_a_test_call_is_written_down_once(ping):
    token = callbacks.expect_poke()

    answers = [visit("callback", token).status_code for _ in range(3)]

    assert answers == [200, 200, 200]
    assert Callback.objects.count() == 1


@pytest.mark.parametrize("change", [str.swapcase, lambda token: token[:-1], lambda token: token + "x"])
def test_a_test_call_that_is_nearly_right_is_unknown(ping, change):
    with nothing_changes():
        assert visit("callback", change(callbacks.expect_poke())).status_code == 404
