"""Misbehaviour on purpose: what a network, a proxy or Ping itself may do to a call."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any
from uuid import uuid4

from django.http import HttpRequest, HttpResponse

from .world import WORLD, Fault

MODES = ("latency", "refuse", "drop_before", "drop_after", "silent", "status", "malformed")

#: How long a silent answer stays silent, in seconds, unless told otherwise or reset.
SILENCE = 60.0


def carry_out(fault: Fault, request: HttpRequest, act: Callable[[], HttpResponse]) -> HttpResponse:
    """Answer a call as the fault has it; ``act`` is what Ping would do."""
    parameters = fault.parameters
    if fault.mode == "latency":
        answer = act() if parameters.get("acts") else None
        WORLD.released.wait(float(parameters.get("seconds", 1)))
        return act() if answer is None else answer
    if fault.mode in ("refuse", "drop_before"):
        return hang_up(request)
    if fault.mode == "drop_after":
        act()
        return hang_up(request)
    if fault.mode == "silent":
        if parameters.get("acts"):
            act()
        WORLD.released.wait(float(parameters.get("seconds", SILENCE)))
        return hang_up(request)
    if fault.mode == "status":
        if parameters.get("acts"):
            act()
        return _status(parameters)
    return _malformed(str(parameters.get("kind", "not_json")), act())


def hang_up(request: HttpRequest) -> HttpResponse:
    """Close the connection without an answer. In a test without a server, say so with a status of its own."""
    close = request.environ.get("simulator.hang_up") if hasattr(request, "environ") else None
    if close is not None:
        close()
    return HttpResponse(status=599)


def _status(parameters: dict[str, Any]) -> HttpResponse:
    body = parameters.get("body")
    text = body if isinstance(body, str) else "" if body is None else json.dumps(body)
    kind = parameters.get("content_type", "application/json")
    return HttpResponse(
        text,
        status=int(parameters.get("status", 500)),
        content_type=kind,
        headers=parameters.get("headers") or {},
    )


def _malformed(kind: str, answer: HttpResponse) -> HttpResponse:
    """Spoil a good answer."""
    if kind == "not_json":
        return HttpResponse("<html><body>It works!</body></html>", content_type="text/html")
    if kind == "empty":
        return HttpResponse(b"", content_type="application/json")
    if kind == "truncated":
        return HttpResponse(answer.content[: len(answer.content) // 2], content_type="application/json")
    body = json.loads(answer.content)
    response = body.setdefault("provider_method_response", {})
    spoil: dict[str, Callable[[], object]] = {
        "missing_pay_url": response.clear,
        "javascript_pay_url": lambda: response.update(pay_url="javascript:alert(document.cookie)"),
        "http_pay_url": lambda: response.update(pay_url="http://piq-sandbox.pingpayments.com/pay/x"),
        "foreign_host": lambda: response.update(pay_url="https://pingpayments.com.evil.example/pay/x"),
        "missing_status": lambda: body.pop("status", None),
        "wrong_payment_id": lambda: body.update(id=str(uuid4())),
        "wrong_payment_order_id": lambda: body.update(payment_order_id=str(uuid4())),
        "wrong_amount": lambda: body.update(total_amount=body.get("total_amount", 0) + 1),
        "wrong_currency": lambda: body.update(currency="EUR" if body.get("currency") != "EUR" else "SEK"),
        "unknown_status": lambda: body.update(status="HELD_FOR_REVIEW"),
        "new_fields": lambda: body.update(new_in_2027={"anything": [1, 2, 3]}),
    }
    if kind not in spoil:
        raise ValueError(f"unknown kind of malformed answer: {kind}")
    spoil[kind]()
    if not response:
        body.pop("provider_method_response") if kind != "missing_pay_url" else None
    return HttpResponse(json.dumps(body), content_type="application/json")
