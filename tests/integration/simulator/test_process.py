"""The simulator as a process: it starts, keeps connections, misbehaves over real sockets, and stops."""

from __future__ import annotations

import json
import os
import queue
import signal
import socket
import subprocess
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
import requests
from django.core.management import CommandError, call_command

from oscar_pingpayments.simulator import API_SECRET, MERCHANT_ID, TENANT_ID, __main__, testing
from oscar_pingpayments.simulator.testing import PingSimulator, SimulatorError

HEADERS = {"tenant_id": TENANT_ID, "x-api-secret": API_SECRET, "Accept": "application/json"}


@pytest.fixture
def live_server_of_callbacks():
    """A server that takes callbacks: its address, and a queue of the bodies that came."""
    received: queue.Queue[dict[str, object]] = queue.Queue()

    class Taker(BaseHTTPRequestHandler):
        def do_POST(self):
            received.put(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(204)
            self.end_headers()

        def log_message(self, *arguments):
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Taker) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/", received
        server.shutdown()


def test_many_calls_go_over_one_connection(ping):
    with requests.Session() as session:
        for _ in range(3):
            assert session.get(f"{ping.url}/payments/api/v1/ping", headers=HEADERS).text == "pong"
            body = {"currency": "SEK"}
            session.post(f"{ping.url}/payments/api/v1/payment_orders", json=body, headers=HEADERS)

    assert len({call["connection"] for call in ping.calls()}) == 1
    assert len(ping.orders()) == 3


@pytest.mark.parametrize("path", ["/_control/calls", "/payments/api/v1/ping", "/pay/nobodys"])
def test_every_answer_tells_its_length_so_that_the_connection_is_kept(ping, path):
    answer = requests.post(f"{ping.url}{path}", json={})

    assert int(answer.headers["Content-Length"]) == len(answer.content)
    assert answer.headers.get("Connection") != "close"


def test_a_simulator_is_filled_in_one_command(ping):
    made = ping.fill(3, "PENDING", amount=100, currency="EUR")

    payments = ping.payments()
    assert [(payment["payment_order_id"], payment["id"]) for payment in payments] == [
        (str(order), str(payment)) for order, payment in made
    ]
    assert {(payment["status"], payment["total_amount"]) for payment in payments} == {("PENDING", 100)}


def test_an_answer_on_a_kept_connection_does_not_wait_for_an_acknowledgement(ping):
    seconds = []
    with requests.Session() as session:
        for _ in range(20):
            began = time.monotonic()
            session.get(f"{ping.url}/payments/api/v1/tenant", headers=HEADERS)
            seconds.append(time.monotonic() - began)

    # An acknowledgement that is put off takes 40 ms, each time but the first; a busy machine may be slow.
    assert sorted(seconds)[2] < 0.03


@pytest.mark.parametrize("mode", ["refuse", "drop_before", "drop_after"])
def test_a_connection_that_drops(ping, mode):
    ping.misbehave("ping", mode)

    with pytest.raises(requests.ConnectionError):
        requests.get(f"{ping.url}/payments/api/v1/ping", headers=HEADERS, timeout=5)


def test_silence_ends_when_everything_is_reset(ping):
    ping.misbehave("ping", "silent")
    outcome = []

    def call():
        try:
            requests.get(f"{ping.url}/payments/api/v1/ping", headers=HEADERS, timeout=20)
        except requests.RequestException as error:
            outcome.append(type(error))

    waiting = threading.Thread(target=call)
    waiting.start()
    while not ping.calls():
        pass
    ping.reset()
    waiting.join(timeout=5)

    assert outcome == [requests.ConnectionError]


def test_what_a_test_may_do(ping):
    ping.lose_callbacks()
    ping.hold_callbacks()
    ping.send_callbacks(copies=2, delay=0.0)
    ping.drop_callbacks()
    ping.clear_faults()
    assert ping.callbacks() == []
    assert ping.made_callbacks() == []
    assert ping.deliver() == []
    assert ping.finish_refunds() == 0
    with pytest.raises(SimulatorError, match="there is no payment x"):
        ping.refund_in_portal("x", 1)
    with pytest.raises(SimulatorError, match="there is no payment x"):
        ping.edit("x", status="COMPLETED")
    with pytest.raises(SimulatorError, match="there is no payment x"):
        ping.forge("x")
    with pytest.raises(SimulatorError, match="there is no payment x"):
        ping.expire("x")
    with pytest.raises(SimulatorError, match="no payment has the page"):
        ping.abort(f"{ping.url}/pay/x")


def test_what_ping_knew_is_there_again(ping):
    made = ping.fill(2)
    memory = ping.remember()
    ping.reset()
    assert ping.payments() == []

    ping.recall(memory)

    assert [payment["id"] for payment in ping.payments()] == [str(payment) for _, payment in made]
    with pytest.raises(SimulatorError, match="there is no memory 999"):
        ping.recall(999)


def test_a_simulator_that_does_not_start_is_an_error(monkeypatch):
    monkeypatch.setattr(testing.sys, "executable", "/bin/true")

    with pytest.raises(SimulatorError, match="did not start"):
        PingSimulator().start()


def test_stopping_one_that_was_never_started():
    PingSimulator().stop()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_it_stops_when_it_is_told_to(number):
    process = subprocess.Popen(
        [sys.executable, "-m", "oscar_pingpayments.simulator", "--port", "0"],
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert "The Ping simulator listens on http://127.0.0.1:" in process.stdout.readline()

    process.send_signal(number)

    assert process.wait(timeout=10) == 0
    process.stdout.close()


def test_a_port_that_is_taken_is_said(capsys):
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]

        assert __main__.main(["--port", str(port)]) == 1

    assert f"Port {port} cannot be used" in capsys.readouterr().err


@pytest.fixture
def become(monkeypatch):
    """What this process would have become."""
    become = []
    monkeypatch.setattr(os, "execv", lambda path, arguments: become.append(arguments[1:]))
    return become


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({}, "Give the shop these keys of PINGPAYMENTS"),
        ({"TENANT_ID": "x"}, "The shop is not set up for Ping yet"),
    ],
)
def test_the_shops_command_becomes_the_simulator(change, become, capsys, changes, said):
    change(**changes)

    call_command("pingpayments_simulator", port=8123)

    shown = capsys.readouterr()
    assert said in shown.out + shown.err
    assert become == [["-m", "oscar_pingpayments.simulator", "--port", "8123"]]


def test_the_shops_command_refuses_in_production(change, become):
    change(ENVIRONMENT="production", BASE_URL=None)

    with pytest.raises(CommandError, match="does not run with production settings"):
        call_command("pingpayments_simulator", port=8123)

    assert become == []


def test_callbacks_reach_a_shop_that_is_served(ping, live_server_of_callbacks):
    """Sent by the process itself, in the background, with the body that the shop will see."""
    address, received = live_server_of_callbacks
    order = requests.post(
        f"{ping.url}/payments/api/v1/payment_orders", json={"currency": "SEK"}, headers=HEADERS, timeout=5
    ).json()["id"]
    item = {"name": "Lantern", "amount": 100, "vat_rate": 25, "merchant_id": MERCHANT_ID}
    body = {
        "currency": "SEK",
        "total_amount": 100,
        "provider": "payment_iq",
        "method": "card",
        "order_items": [item],
        "provider_method_parameters": {"success_url": address, "error_url": address},
        "status_callback_url": address,
    }
    made = requests.post(
        f"{ping.url}/payments/api/v1/payment_orders/{order}/payments", json=body, headers=HEADERS, timeout=5
    ).json()
    ping.send_callbacks()

    assert ping.abort(made["provider_method_response"]["pay_url"]) == address
    assert received.get(timeout=5)["status"] == "ABORTED"
    ping.refund_in_portal(made["id"], 1)
    assert received.get(timeout=5)["payment_id"] == made["id"]
    ping.expire(made["id"])
    assert received.get(timeout=5)["status"] == "EXPIRED"
    assert ping.forge(made["id"], {"status": "anything"}) == 204
    assert received.get(timeout=5) == {"status": "anything"}
    ping.edit(made["id"], total_amount=1)
    assert ping.payments()[0]["total_amount"] == 1
