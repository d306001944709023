"""The control interface: being Ping, being the payer, callbacks, and misbehaviour."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest
import requests
import responses
from django.test import Client

from oscar_pingpayments.gateway import verify_ed25519
from oscar_pingpayments.simulator import TENANT_ID, callbacks, world

HOUR, SECOND = timedelta(hours=1), timedelta(seconds=5)
CALLBACK = "http://127.0.0.1:9/callback/"


class Later(datetime):
    """A clock that is an hour ahead."""

    @classmethod
    def now(cls, tz=None):
        return datetime.now(tz) + HOUR


def moment(written):
    return datetime.fromisoformat(written)


@pytest.fixture
def opened(api):
    """A payment order's id, its payment's id and the whole address of its page."""
    order = api.order()
    payment, page = api.pay(order)
    return order, payment, f"http://testserver{page}"


@pytest.fixture
def shop():
    """A shop that answers callbacks: what it was sent."""
    with responses.RequestsMock(assert_all_requests_are_fired=False) as mock:
        yield mock


def refused(command, **arguments):
    answer = Client().post(f"/_control/{command}", arguments, content_type="application/json")
    assert answer.status_code == 400
    return answer.json()["error"]


def test_a_command_that_does_not_exist():
    assert Client().post("/_control/explode").status_code == 404


def test_commands_that_make_no_sense(opened):
    assert "no operation" in refused("misbehave", operation="pay", mode="status")
    assert "no mode" in refused("misbehave", operation="*", mode="explode")
    assert "no payment" in refused("says", payment_id="x", status="COMPLETED")
    assert "has the page" in refused("act", pay_url="http://testserver/pay/x", does="cancel")
    assert "does not fly" in refused("act", pay_url=opened[2], does="fly")
    assert "not a test card" in refused("act", pay_url=opened[2], does="card", card="1")
    assert "no such manners: politeness" in refused("manners", politeness=True)
    assert "more than is left" in refused("refund-in-portal", payment_id=opened[1], amount=10**9)
    assert "unexpected keyword" in refused("reset", everything=True)


def test_the_credentials_and_the_calls_are_told(api, control):
    api.order()

    assert control("settings")["TENANT_ID"] == TENANT_ID
    (call,) = control("calls")
    assert (call["operation"], call["method"], call["status"], call["body"]) == (
        "create_payment_order",
        "POST",
        200,
        {"currency": "SEK"},
    )
    assert "simulated-secret" not in json.dumps(call)
    assert control("orders")[0]["status"] == "OPEN"


def test_calls_are_told_with_their_answers_where_asked_for(api, control):
    first = api.order()
    control("manners", keep_answers=True)
    second = api.order()
    api("GET", f"payment_orders/{second}")
    api("PUT", f"payment_orders/{second}/close", {})

    assert [call["answer"] for call in control("calls")[:2]] == [None, {"id": second}]
    (told, closed) = control("calls", since=2)
    assert first != second
    assert told["answer"]["id"] == second
    assert (closed["status"], closed["answer"]) == (204, None)


def test_the_payer_acts(api, control):
    order = api.order()
    pages = [api.pay(order) for _ in range(4)]
    urls = [f"http://testserver{page}" for _, page in pages]

    assert control("act", pay_url=urls[0], does="card", card="5457210002001420") == "http://shop.example/ok"
    assert control("act", pay_url=urls[1], does="cancel") == "http://shop.example/bad?x=1"
    assert control("act", pay_url=urls[2], does="expire") == "http://shop.example/bad?x=1"
    assert control("act", pay_url=urls[3], does="card", card="5200000000000023") == "http://shop.example/ok"
    assert control("act", pay_url=urls[3], does="card", card="5200000000000007") == "http://shop.example/ok"
    assert [row["status"] for row in control("payments")] == ["COMPLETED", "ABORTED", "EXPIRED", "COMPLETED"]
    assert "COMPLETED already" in refused("act", pay_url=urls[0], does="cancel")


def test_ping_says_one_thing_and_then_another(api, control, opened):
    control("says", payment_id=opened[1], status="COMPLETED", then=["PENDING", "DECLINED"])

    assert [api.get(*opened[:2])["status"] for _ in range(4)] == [
        "COMPLETED",
        "PENDING",
        "DECLINED",
        "DECLINED",
    ]
    control("says", payment_id=opened[1], status="PENDING", then="ABORTED")
    assert [api.get(*opened[:2])["status"] for _ in range(2)] == ["PENDING", "ABORTED"]
    control("edit", payment_id=opened[1], total_amount=1)
    assert api.get(*opened[:2])["total_amount"] == 1


def test_the_world_is_filled_with_payments_that_nobody_is_called_about(api, control):
    first, second = control("fill", count=2, status="PENDING", amount=100, currency="EUR")

    answer = api.get(*second)
    assert (answer["payment_order_id"], answer["id"]) == (second[0], second[1])
    assert (answer["status"], answer["total_amount"], answer["currency"]) == ("PENDING", 100, "EUR")
    assert [entry["status"] for entry in answer["status_history"]] == ["INITIATED", "PENDING"]
    assert [order["payments"] for order in control("orders")] == [[first[1]], [second[1]]]
    assert control("callbacks") == []
    assert [call["operation"] for call in control("calls")] == ["get_payment"]


def test_callbacks_are_held_delivered_and_dropped(control, opened, shop):
    shop.post(CALLBACK, status=200)
    control("says", payment_id=opened[1], status="PENDING")
    control("says", payment_id=opened[1], status="COMPLETED")
    first, second = control("callbacks")
    assert [first["body"]["status"], second["body"]["status"]] == ["PENDING", "COMPLETED"]
    assert first["url"] == CALLBACK

    assert control("deliver", numbers=[second["number"], 0]) == [200]
    assert json.loads(shop.calls[0].request.body)["status"] == "COMPLETED"
    assert [held["number"] for held in control("callbacks")] == [first["number"]]
    assert control("deliver") == [200]
    made = [(callback["number"], callback["attempts"]) for callback in control("made-callbacks")]
    assert made == [(second["number"], [200]), (first["number"], [200])]
    control("says", payment_id=opened[1], status="DECLINED")
    control("drop-callbacks")
    assert control("callbacks") == []


def test_callbacks_are_sent_doubled_or_lost(control, opened, shop):
    shop.post(CALLBACK, status=200)

    control("manners", callbacks="send", copies=2)
    control("says", payment_id=opened[1], status="PENDING")
    assert len(shop.calls) == 2
    control("manners", callbacks="drop")
    control("says", payment_id=opened[1], status="COMPLETED")
    assert len(shop.calls) == 2
    assert [callback["attempts"] for callback in control("made-callbacks")] == [[200], [200]]


def test_a_callback_is_made_again_until_the_shop_takes_it(control, opened, shop, monkeypatch):
    monkeypatch.setattr(callbacks, "_PAUSES", (0.0, 0.0))
    shop.post(CALLBACK, body=requests.ConnectionError())
    shop.post(CALLBACK, status=503)
    shop.post(CALLBACK, status=503)
    control("manners", callbacks="send")

    control("says", payment_id=opened[1], status="PENDING")
    assert len(shop.calls) == 3  # and then it gives up
    assert control("made-callbacks")[0]["attempts"] == ["ConnectionError", 503, 503]

    shop.reset()
    shop.post(CALLBACK, status=503)
    shop.post(CALLBACK, status=204)
    control("says", payment_id=opened[1], status="COMPLETED")
    assert len(shop.calls) == 2


def test_a_callback_is_signed_where_that_is_wanted(control, api, opened, shop):
    shop.post(CALLBACK, status=200)
    control("manners", sign=True)

    assert control("forge", payment_id=opened[1]) == 200

    request = shop.calls[0].request
    key = api("GET", "signing_key").json()["key"]
    assert verify_ed25519(
        body=request.body,
        signature=request.headers[callbacks.SIGNATURE_HEADER],
        keys=[key],
        encoding="base64",
    )


def test_a_forged_callback_says_whatever(control, api, opened, shop):
    shop.post(CALLBACK, status=400)

    assert control("forge", payment_id=opened[1], body="not json") == 400
    assert shop.calls[0].request.body == b"not json"
    without = api.pay(opened[0], status_callback_url=None)[0]
    assert "no callback address" in refused("forge", payment_id=without)
    control("says", payment_id=without, status="COMPLETED")
    assert control("callbacks") == []


@pytest.mark.parametrize(
    "url", ["https://shop.example/cb", "http://10.0.0.1/cb", "http://[::2]/", "http:///x"]
)
def test_nobody_outside_this_machine_is_called(url):
    assert callbacks.post(url, {}) == "not sent: the simulator calls this machine only"


def test_this_machine_has_a_name(shop):
    shop.post("http://localhost:9/cb", status=200)

    assert callbacks.post("http://localhost:9/cb", {}) == 200


def test_what_was_remembered_comes_back_as_if_it_had_happened_just_now(api, control, opened, monkeypatch):
    _, payment, page = opened
    control("act", pay_url=page, does="card", card="5457210002001420")
    control("manners", refunds="wait", keep_answers=True)
    remembered, then = control("payments"), datetime.now(UTC)
    memory = control("remember")
    control("reset")
    assert control("payments") == []

    monkeypatch.setattr(world, "datetime", Later)
    control("recall", memory=memory)

    (recalled,) = control("payments")
    assert recalled["id"] == payment
    assert [entry["status"] for entry in recalled["status_history"]] == ["INITIATED", "PENDING", "COMPLETED"]
    for before, after in zip(remembered[0]["status_history"], recalled["status_history"], strict=True):
        assert moment(after["occurred_at"]) - moment(before["occurred_at"]) == pytest.approx(HOUR, abs=SECOND)
        assert after | {"occurred_at": ""} == before | {"occurred_at": ""}
    assert world.WORLD.payments[payment].expires - then == pytest.approx(HOUR * 1.5, abs=SECOND)
    assert world.WORLD.manners.refunds == "wait"
    control("says", payment_id=payment, status="EXPIRED")
    control("recall", memory=memory)
    assert control("payments")[0]["status"] == "COMPLETED"
    assert "no memory 1" in refused("recall", memory=1)


def test_faults_are_used_up_or_last_until_cleared(api, control):
    control("misbehave", operation="ping", mode="status", status=503, headers={"Retry-After": "7"})
    control("misbehave", operation="tenant", mode="status", times=None, status=418, body="tea")

    first = api("GET", "ping")
    assert (first.status_code, first["Retry-After"], first.content) == (503, "7", b"")
    assert api("GET", "ping").status_code == 200
    for _ in range(3):
        assert (api("GET", "tenant").status_code, api("GET", "tenant").content) == (418, b"tea")
    control("clear-faults")
    assert api("GET", "tenant").status_code == 200


@pytest.mark.parametrize(
    ("mode", "parameters", "made", "status"),
    [
        ("latency", {"seconds": 0.01}, 1, 200),
        ("latency", {"seconds": 0.01, "acts": True}, 1, 200),
        ("refuse", {}, 0, 599),
        ("drop_before", {}, 0, 599),
        ("drop_after", {}, 1, 599),
        ("silent", {"seconds": 0.01}, 0, 599),
        ("silent", {"seconds": 0.01, "acts": True}, 1, 599),
        ("status", {"status": 500, "body": {"errors": []}}, 0, 500),
        ("status", {"status": 500, "acts": True}, 1, 500),
        ("malformed", {"kind": "not_json"}, 1, 200),
        ("malformed", {"kind": "empty"}, 1, 200),
        ("malformed", {"kind": "truncated"}, 1, 200),
    ],
)
def test_a_fault_happens_before_or_after_ping_has_acted(api, control, world, mode, parameters, made, status):
    control("misbehave", operation="create_payment_order", mode=mode, **parameters)

    answer = api("POST", "payment_orders", {"currency": "SEK"})

    assert answer.status_code == status
    assert len(world.orders) == made


@pytest.mark.parametrize(
    ("kind", "key", "value"),
    [
        ("wrong_amount", "total_amount", 29901),
        ("wrong_currency", "currency", "EUR"),
        ("unknown_status", "status", "HELD_FOR_REVIEW"),
        ("new_fields", "new_in_2027", {"anything": [1, 2, 3]}),
        ("missing_status", "status", None),
    ],
)
def test_an_answer_is_spoilt(api, control, opened, kind, key, value):
    good = api.get(*opened[:2])
    control("misbehave", operation="get_payment", mode="malformed", kind=kind)

    spoilt = api.get(*opened[:2])

    assert spoilt.get(key) == value
    assert {name for name in {*good, *spoilt} if good.get(name) != spoilt.get(name)} == {key}


@pytest.mark.parametrize(
    ("kind", "key"), [("wrong_payment_id", "id"), ("wrong_payment_order_id", "payment_order_id")]
)
def test_an_answer_is_about_another_payment(api, control, opened, kind, key):
    control("misbehave", operation="get_payment", mode="malformed", kind=kind)

    assert api.get(*opened[:2])[key] not in opened


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("missing_pay_url", {}),
        ("javascript_pay_url", {"pay_url": "javascript:alert(document.cookie)"}),
        ("http_pay_url", {"pay_url": "http://piq-sandbox.pingpayments.com/pay/x"}),
        ("foreign_host", {"pay_url": "https://pingpayments.com.evil.example/pay/x"}),
    ],
)
def test_the_page_that_is_named_is_spoilt(api, control, kind, expected):
    from .conftest import payment_body

    control("misbehave", operation="initiate_payment", mode="malformed", kind=kind)

    answer = api("POST", f"payment_orders/{api.order()}/payments", payment_body()).json()

    assert answer["provider_method_response"] == expected


def test_a_kind_that_does_not_exist_is_an_error(api, control):
    control("misbehave", operation="create_payment_order", mode="malformed", kind="explode")

    with pytest.raises(ValueError, match="unknown kind"):
        api("POST", "payment_orders", {"currency": "SEK"})
