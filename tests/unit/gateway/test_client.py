"""Every call goes to the place, with the words, and gives the value that Ping's documentation says."""

from __future__ import annotations

import json
import logging
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from uuid import UUID

import pytest
import responses
from responses import matchers

from oscar_pingpayments import __version__
from oscar_pingpayments.exceptions import ConfigurationError, RejectedError, UnexpectedAnswerError
from oscar_pingpayments.gateway import (
    Address,
    Exchange,
    InitiatedPayment,
    NewPayment,
    NewRefund,
    OrderItem,
    Payer,
    PingClient,
    RemoteRefund,
    paging,
)

from .test_answers import ORDER, PAYMENT, payment

BASE = "https://ping.example/payments"
API = f"{BASE}/api/v1"
ORDER_ID, PAYMENT_ID = UUID(ORDER), UUID(PAYMENT)
TENANT_ID = UUID("0b6b9d1e-6a51-4f5b-8f0e-0c6a0a4f7d01")
MERCHANT_ID = UUID("9b0f6d4e-3c5d-4a7b-8e2f-1a2b3c4d5e6f")
SECRET = "sEcReT-of-the-tenant"
KAFFE = OrderItem("Kaffe", 29900, Decimal("12.00"), MERCHANT_ID)


def make_client(**changes: object) -> PingClient:
    settings = {
        "base_url": BASE,
        "tenant_id": TENANT_ID,
        "api_secret": SECRET,
        "api_version": "2025-12-09",
        "connect_timeout": 3.0,
        "read_timeout": 7.0,
    }
    return PingClient(**(settings | changes))


@pytest.fixture
def client():
    with make_client() as client:
        yield client


@pytest.fixture
def wire():
    with responses.RequestsMock() as wire:
        yield wire


def sent(wire) -> object:
    return json.loads(wire.calls[-1].request.body)


def test_every_request_carries_what_ping_asks_for(client, wire):
    wire.get(f"{API}/ping", body="pong")

    client.ping()

    headers = wire.calls[0].request.headers
    assert {name: headers[name] for name in headers if name not in {"Accept-Encoding", "Connection"}} == {
        "tenant_id": str(TENANT_ID),
        "x-api-secret": SECRET,
        "x-api-version": "2025-12-09",
        "Accept": "application/json",
        "Content-Type": "application/json",
        "User-Agent": f"django-oscar-pingpayments/{__version__}",
    }


@pytest.mark.parametrize("body", ["pong", '"pong"\r\n'])
def test_ping_is_there(client, wire, body):
    wire.get(f"{API}/ping", body=body)

    assert client.ping() is None


@pytest.mark.parametrize("body", ["", "<html>pong</html>", "{}"])
def test_something_else_than_ping_is_there(client, wire, body):
    wire.get(f"{API}/ping", body=body)

    with pytest.raises(UnexpectedAnswerError, match="it is not Ping"):
        client.ping()


def test_the_tenant(client, wire):
    pairs = [{"provider": "payment_iq", "method": "card"}, {"provider": "dummy", "method": "dummy"}]
    wire.get(f"{API}/tenant", json={"id": ORDER, "name": "Butiken", "payment_provider_methods": pairs})

    tenant = client.get_tenant()

    assert (tenant.id, tenant.name) == (ORDER_ID, "Butiken")
    assert tenant.payment_provider_methods == (("payment_iq", "card"), ("dummy", "dummy"))


def test_the_signing_key(client, wire):
    wire.get(f"{API}/signing_key", json={"key": "b2xk"})
    wire.post(f"{API}/signing_key/generate", json={"key": "bmV3"})

    assert client.get_signing_key() == "b2xk"
    assert client.generate_signing_key("b2xk") == "bmV3"
    assert sent(wire) == {"public_key": "b2xk"}


def test_a_poke(client, wire):
    wire.post(f"{API}/poke", body="whatever")

    client.poke("https://shop.example/callback/")

    assert sent(wire) == {"callback_url": "https://shop.example/callback/"}


@pytest.mark.parametrize(
    ("arguments", "body"),
    [
        ({}, {"currency": "SEK"}),
        (
            {"split_tree_id": MERCHANT_ID, "split_parameters": {"fee": 1}},
            {"currency": "SEK", "split_tree_id": str(MERCHANT_ID), "split_parameters": {"fee": 1}},
        ),
    ],
)
def test_a_payment_order_is_made(client, wire, arguments, body):
    wire.post(f"{API}/payment_orders", json={"id": ORDER})

    assert client.create_payment_order(currency="SEK", **arguments) == ORDER_ID
    assert sent(wire) == body


def test_a_payment_order_is_read(client, wire):
    wire.get(
        f"{API}/payment_orders/{ORDER}",
        json={"id": ORDER, "status": "OPEN", "currency": "SEK", "payments": [payment()]},
    )

    order = client.get_payment_order(ORDER_ID)

    assert (order.id, order.status, order.created_at) == (ORDER_ID, "OPEN", None)
    assert order.payments[0].id == PAYMENT_ID


@pytest.mark.parametrize(
    ("call", "path", "body"),
    [
        (
            lambda c: c.update_payment_order(ORDER_ID, split_tree_id=MERCHANT_ID),
            "",
            {"split_tree_id": str(MERCHANT_ID)},
        ),
        (lambda c: c.close_payment_order(ORDER_ID), "/close", {}),
        (lambda c: c.split_payment_order(ORDER_ID), "/split", {"fast_forward": False}),
        (lambda c: c.settle_payment_order(ORDER_ID, fast_forward=True), "/settle", {"fast_forward": True}),
        (lambda c: c.stop_payment(ORDER_ID, PAYMENT_ID), f"/payments/{PAYMENT}/stop", {}),
        (
            lambda c: c.update_payment(ORDER_ID, PAYMENT_ID, [KAFFE]),
            f"/payments/{PAYMENT}",
            {"order_items": [KAFFE.to_json()]},
        ),
    ],
)
def test_what_changes_something_and_answers_nothing(client, wire, call, path, body):
    wire.put(f"{API}/payment_orders/{ORDER}{path}", status=204)

    assert call(client) is None
    assert sent(wire) == body


FULL = NewPayment(
    currency="SEK",
    total_amount=30000,
    provider="payment_iq",
    method="card",
    order_items=(KAFFE, OrderItem("Påse", 100, Decimal("12.5"), MERCHANT_ID, {"sku": "1"}, ("bag",))),
    payer=Payer(
        "Ann Ek", "ann@example.com", "", "192.0.2.7", Address("Storgatan 1", "111 22", "Stockholm", "", "SE")
    ),
    provider_method_parameters={"success_url": "https://shop.example/tOkEn", "locale": "sv-SE"},
    metadata={"attempt": "1"},
    status_callback_url="https://shop.example/callback/tOkEn",
)


def test_a_payment_is_initiated_with_all_that_is_known(client, wire):
    pay_url = "https://piq.example/pay/EdDAb27i"
    wire.post(
        f"{API}/payment_orders/{ORDER}/payments",
        json={"id": PAYMENT, "provider_method_response": {"pay_url": pay_url}},
    )

    assert client.initiate_payment(ORDER_ID, FULL) == InitiatedPayment(PAYMENT_ID, pay_url)
    assert sent(wire) == {
        "currency": "SEK",
        "total_amount": 30000,
        "provider": "payment_iq",
        "method": "card",
        "order_items": [
            {
                "name": "Kaffe",
                "amount": 29900,
                "vat_rate": 12,
                "merchant_id": str(MERCHANT_ID),
                "metadata": {},
                "tags": [],
            },
            {
                "name": "Påse",
                "amount": 100,
                "vat_rate": 12.5,
                "merchant_id": str(MERCHANT_ID),
                "metadata": {"sku": "1"},
                "tags": ["bag"],
            },
        ],
        "payer": {
            "name": "Ann Ek",
            "email": "ann@example.com",
            "ip_address": "192.0.2.7",
            "address": {
                "street": "Storgatan 1",
                "postal_code": "111 22",
                "city": "Stockholm",
                "country": "SE",
            },
        },
        "provider_method_parameters": {"success_url": "https://shop.example/tOkEn", "locale": "sv-SE"},
        "metadata": {"attempt": "1"},
        "status_callback_url": "https://shop.example/callback/tOkEn",
    }


@pytest.mark.parametrize("payer", [None, Payer(), Payer(address=Address())])
def test_what_is_not_known_of_a_payer_is_not_sent(payer):
    body = NewPayment("SEK", 29900, "payment_iq", "card", (KAFFE,), payer).to_json()

    assert body.keys() == {
        "currency",
        "total_amount",
        "provider",
        "method",
        "order_items",
        "provider_method_parameters",
    }


def test_the_page_to_pay_on_may_have_another_name(wire):
    wire.post(
        f"{API}/payment_orders/{ORDER}/payments",
        json={"id": PAYMENT, "provider_method_response": {"payment_link_url": "https://quick.example/1"}},
    )

    answer = make_client(pay_url_field="payment_link_url").initiate_payment(ORDER_ID, FULL)

    assert answer.pay_url == "https://quick.example/1"


def test_a_payment_is_read(client, wire):
    wire.get(f"{API}/payment_orders/{ORDER}/payments/{PAYMENT}", json=payment())

    assert client.get_payment(ORDER_ID, PAYMENT_ID).status == "COMPLETED"


@pytest.mark.parametrize(
    ("refund", "body"),
    [
        (
            NewRefund(29900, "SEK", "requested_by_customer"),
            {"amount": 29900, "currency": "SEK", "reason": "requested_by_customer", "order_items": []},
        ),
        (
            NewRefund(100, "SEK", "other", "why", "Sorry!", (KAFFE,)),
            {
                "amount": 100,
                "currency": "SEK",
                "reason": "other",
                "description": "why",
                "message": "Sorry!",
                "order_items": [KAFFE.to_json()],
            },
        ),
    ],
)
def test_money_is_given_back(client, wire, refund, body):
    answer = {
        "id": PAYMENT,
        "currency": "SEK",
        "amount": 29900,
        "provider": "payment_iq",
        "status": "INITIATED",
    }
    wire.post(f"{API}/payment_orders/{ORDER}/payments/{PAYMENT}/refund", json=answer)

    assert client.refund_payment(ORDER_ID, PAYMENT_ID, refund) == RemoteRefund(
        PAYMENT_ID, 29900, "SEK", "payment_iq", "INITIATED"
    )
    assert sent(wire) == body


def page(*rows: object, following: str | None = None) -> dict[str, object]:
    link = {"href": following} if following else None
    return {"data": rows, "_links": {"current": {"href": "x"}, "next": link, "previous": None}}


@pytest.mark.parametrize(
    "following",
    [
        f"{API}/payments?cursor=2",
        "https://PING.example:443/payments/api/v1/payments?cursor=2",
        "/api/v1/payments?cursor=2",
        "?cursor=2",
    ],
)
def test_a_list_goes_on_at_the_next_page(client, wire, following):
    moment = datetime(2025, 1, 2, 3, 4, 5, 600000, tzinfo=timezone(timedelta(hours=1)))
    query = {
        "from_initiated_date_time": "2025-01-02T02:04:05.600000Z",
        "to_initiated_date_time": "2025-01-03T02:04:05.600000Z",
        "status": "COMPLETED",
        "method": "card",
        "provider": "payment_iq",
        "payment_order_id": ORDER,
        "is_refund_requested": "false",
        "limit": "1",
    }
    wire.get(
        f"{API}/payments",
        json=page(payment(), following=following),
        match=[matchers.query_param_matcher(query)],
    )
    wire.get(
        f"{API}/payments",
        json=page(payment(status="PENDING")),
        match=[matchers.query_param_matcher({"cursor": "2"})],
    )

    found = client.list_payments(
        initiated_from=moment,
        initiated_to=moment + timedelta(days=1),
        status="COMPLETED",
        method="card",
        provider="payment_iq",
        payment_order_id=ORDER_ID,
        is_refund_requested=False,
        limit=1,
    )

    assert [row.status for row in found] == ["COMPLETED", "PENDING"]


def test_payment_orders_are_listed(client, wire):
    row = {"id": ORDER, "status": "OPEN", "currency": "SEK", "created_at": "2025-06-27 08:43:01.367125Z"}
    query = {"created_at_from": "2025-01-01T00:00:00Z", "status": "OPEN", "limit": "200"}
    wire.get(f"{API}/payment_orders", json={"data": [row]}, match=[matchers.query_param_matcher(query)])

    found = list(client.list_payment_orders(created_from=datetime(2025, 1, 1, tzinfo=UTC), status="OPEN"))

    assert [order.id for order in found] == [ORDER_ID]


def test_a_time_without_its_zone_is_refused_before_anything_is_asked(client):
    with pytest.raises(ValueError, match="time zone"):
        client.list_payments(initiated_from=datetime(2025, 1, 1))


@pytest.mark.parametrize(
    "following",
    [
        "https://elsewhere.example/payments?cursor=2",
        "http://ping.example/payments/api/v1/payments?cursor=2",
        "https://ping.example:8443/payments/api/v1/payments?cursor=2",
        "//elsewhere.example/?cursor=2",
        "https://[",
        "https://ping.example:x/",
        "file:///etc/passwd",
        "?" + "x" * 5000,
    ],
)
def test_o13_a_list_does_not_go_on_elsewhere(client, wire, following):
    wire.get(f"{API}/payments", json=page(payment(), following=following))
    found = client.list_payments()

    assert next(found).status == "COMPLETED"
    with pytest.raises(UnexpectedAnswerError, match="not Ping's"):
        next(found)
    assert len(wire.calls) == 1


def test_a_list_that_leads_in_circles_ends(client, wire, monkeypatch):
    monkeypatch.setattr(paging, "MOST_PAGES", 3)
    wire.get(f"{API}/payments", json=page(following="?cursor=1"))

    with pytest.raises(UnexpectedAnswerError, match="no end"):
        list(client.list_payments())
    assert len(wire.calls) == 3


def test_a_recorder_hears_of_every_exchange_and_of_its_own_client_only(client, wire):
    mine: list[Exchange] = []
    wire.post(f"{API}/payment_orders", json={"id": ORDER}, headers={"X-Request-Id": "req-1\t2"})
    wire.post(f"{API}/payment_orders", json={"errors": [{"error": "null_value"}]}, status=422)
    wire.get(f"{API}/ping", body="pong")
    recording = client.recording(mine.append)

    recording.create_payment_order(currency="SEK")
    with pytest.raises(RejectedError):
        recording.create_payment_order(currency="SEK")
    client.ping()

    first, second = mine
    assert (first.method, first.path, first.status_code) == ("POST", "/api/v1/payment_orders", 200)
    assert (first.request_body, first.response_body) == ('{"currency": "SEK"}', f'{{"id": "{ORDER}"}}')
    assert (first.request_id, first.error) == ("req-12", "")
    assert 0 <= first.milliseconds < 1000
    assert (second.status_code, second.request_id) == (422, "")
    assert second.error == "Ping refused POST /api/v1/payment_orders (status 422)"


def test_a_recorder_that_raises_is_logged_and_breaks_nothing(wire, caplog):
    def broken(exchange: Exchange) -> None:
        raise OSError("the disk is full")

    wire.post(f"{API}/payment_orders", json={"id": ORDER})

    assert make_client(recorder=broken).create_payment_order(currency="SEK") == ORDER_ID
    [record] = caplog.records
    assert (record.levelno, record.message) == (logging.ERROR, "An exchange with Ping could not be recorded")
    assert record.call == "POST /api/v1/payment_orders"


@pytest.mark.parametrize(
    "base_url",
    [
        "http://ping.example/payments",
        "http://127.0.0.1.example/payments",
        "http://192.168.0.1/payments",
        "ftp://ping.example",
        "ping.example/payments",
        "https://",
        "https://user@ping.example/payments",
        "https://ping.example/payments?x=1",
        "https://ping.example/payments#x",
        "https://ping.example/pay\nments",
        "https://[::1",
        "https://ping.example:99999/",
        "",
    ],
)
def test_o13_an_address_that_cannot_be_trusted_is_a_fault_of_the_settings(base_url):
    with pytest.raises(ConfigurationError, match="BASE_URL"):
        make_client(base_url=base_url)


@pytest.mark.parametrize(
    "base_url",
    [
        "http://localhost:8001/payments/",
        "http://127.0.0.2:1",
        "http://[::1]:1",
        "http://ping.localhost:1",
        "https://ping.example/",
    ],
)
def test_https_and_this_machine_are_trusted(base_url):
    assert repr(make_client(base_url=base_url)) == f"<PingClient {base_url.rstrip('/')} tenant {TENANT_ID}>"


@pytest.mark.parametrize(
    "secret", ["", f"{SECRET}\n", f" {SECRET}", f"{SECRET}\r\nx: y", f"{SECRET}ö", f"\x00{SECRET}"]
)
def test_a_secret_that_no_header_can_hold_is_a_fault_of_the_settings_and_is_not_shown(secret):
    with pytest.raises(ConfigurationError, match=r"^API_SECRET is empty, or") as caught:
        make_client(api_secret=secret)

    assert SECRET not in str(caught.value)


def test_o4_nothing_shows_the_secret_or_the_payer(client):
    shown = repr((client, client.__dict__, FULL, FULL.to_json(), client._transport._session.headers))

    assert SECRET not in shown
    for private in ("Ann", "ann@", "192.0.2.7", "Storgatan", "tOkEn"):
        assert private not in shown


def test_a_secret_that_ping_quotes_is_kept_nowhere(wire):
    secret = 'sEcReT"with\\quotes'
    heard: list[Exchange] = []
    refusal = {"errors": [{"error": "unauthorized", "description": f"{secret} is not known"}]}
    wire.get(f"{API}/tenant", json=refusal, status=401)

    with (
        make_client(api_secret=secret, recorder=heard.append) as client,
        pytest.raises(RejectedError) as raised,
    ):
        client.get_tenant()

    assert raised.value.words == "unauthorized (*** is not known)"
    assert json.loads(heard[0].response_body)["errors"][0]["description"] == "*** is not known"
