"""The simulator's views in this process, with their own settings and an empty world."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.test import Client, override_settings

from oscar_pingpayments.simulator import API_SECRET, MERCHANT_ID, TENANT_ID, callbacks
from oscar_pingpayments.simulator.server import SETTINGS
from oscar_pingpayments.simulator.world import WORLD

API = "/payments/api/v1/"
HEADERS = {
    "tenant-id": TENANT_ID,
    "x-api-secret": API_SECRET,
    "x-api-version": "2025-12-09",
    "Accept": "application/json",
}
ITEM = {"name": "Lantern", "amount": 29900, "vat_rate": 25, "merchant_id": MERCHANT_ID}


def payment_body(**changes: Any) -> dict[str, Any]:
    """A body of *initiate payment* that is right, but for the changes; None takes a key out."""
    body = {
        "currency": "SEK",
        "total_amount": 29900,
        "provider": "payment_iq",
        "method": "card",
        "order_items": [ITEM],
        "provider_method_parameters": {
            "success_url": "http://shop.example/ok",
            "error_url": "http://shop.example/bad?x=1",
        },
        "status_callback_url": "http://127.0.0.1:9/callback/",
        **changes,
    }
    return {key: value for key, value in body.items() if value is not None}


class Caller:
    """Calls the API with the right headers and returns the answer."""

    def __init__(self) -> None:
        self.client = Client()
        self.headers = dict(HEADERS)

    def __call__(self, method: str, path: str, body: Any = None, **headers: str) -> Any:
        given = {**self.headers, **{name.replace("_", "-"): value for name, value in headers.items()}}
        data = json.dumps(body) if body is not None else ""
        return self.client.generic(method, API + path, data, "application/json", headers=given)

    def order(self, currency: str = "SEK") -> str:
        """Make a payment order, and return its id."""
        return str(self("POST", "payment_orders", {"currency": currency}).json()["id"])

    def pay(self, order: str, **changes: Any) -> tuple[str, str]:
        """Initiate a payment, and return its id and the path of its page."""
        answer = self("POST", f"payment_orders/{order}/payments", payment_body(**changes)).json()
        url = answer["provider_method_response"].get("pay_url", "")
        return answer["id"], url.partition("testserver")[2] or url

    def get(self, order: str, payment: str) -> dict[str, Any]:
        """Return a payment as Ping's GET shows it."""
        return dict(self("GET", f"payment_orders/{order}/payments/{payment}").json())


@pytest.fixture(autouse=True)
def world(monkeypatch):
    """An empty world behind the simulator's own addresses; nothing is called in the background."""
    monkeypatch.setattr(callbacks, "later", lambda seconds, function, *arguments: function(*arguments))
    monkeypatch.setattr(WORLD, "changed", callbacks.payment_changed)
    own = {key: value for key, value in SETTINGS.items() if key != "LOGGING_CONFIG"}
    with override_settings(**{**own, "ALLOWED_HOSTS": ["testserver"]}):
        WORLD.reset()
        yield WORLD
        WORLD.reset()


@pytest.fixture
def api() -> Caller:
    return Caller()


@pytest.fixture
def control():
    """Give a command to the control interface and return its result."""

    def give(command: str, **arguments: Any) -> Any:
        answer = Client().post(f"/_control/{command}", arguments, content_type="application/json")
        assert answer.status_code == 200, answer.json()
        return answer.json()["result"]

    return give
