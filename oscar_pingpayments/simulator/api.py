"""Ping's API: which call a request is, who may make it, and what is noted of it."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import partial

from django.http import HttpRequest, HttpResponse

from . import API_SECRET, TENANT_ID, faults, operations
from .answers import Stop, json_of, refuse
from .world import WORLD, Call

View = Callable[..., HttpResponse]


def dispatch(request: HttpRequest, path: str) -> HttpResponse:
    """Find the operation that a request asks for, note the call, and answer as Ping, or worse."""
    for method, pattern, operation, view in ROUTES:
        match = pattern.fullmatch(path)
        if match and request.method == method:
            answer = partial(_answer, request, operation, view, match.groupdict())
            return _noted(request, operation, answer)
    return _noted(request, "unknown", lambda: refuse(404, "not_found"))


def _noted(request: HttpRequest, operation: str, answer: Callable[[], HttpResponse]) -> HttpResponse:
    environ = getattr(request, "environ", {})
    call = Call(
        operation=operation,
        method=str(request.method),
        path=request.get_full_path(),
        connection=str(environ.get("simulator.connection", "")),
        headers={
            key: "***" if key.lower() == "x-api-secret" else value for key, value in request.headers.items()
        },
        body=json_of(request.body),
    )
    with WORLD.lock:
        WORLD.calls.append(call)
        WORLD.origin = f"{request.scheme}://{request.get_host()}"
    response = answer()
    call.status = response.status_code
    if WORLD.manners.keep_answers:
        call.answer = json_of(response.content)
    return response


def _answer(request: HttpRequest, operation: str, view: View, groups: Mapping[str, str]) -> HttpResponse:
    def act() -> HttpResponse:
        try:
            _authenticate(request)
            with WORLD.holding():
                response = view(request, **groups)
        except Stop as stop:
            return stop.response
        return response

    fault = WORLD.take_fault(operation)
    return act() if fault is None else faults.carry_out(fault, request, act)


def _authenticate(request: HttpRequest) -> None:
    headers = request.headers
    if headers.get("tenant-id") != TENANT_ID:  # as WSGI names the header tenant_id
        raise Stop(HttpResponse(status=401))
    if headers.get("x-api-secret") != API_SECRET:
        raise Stop(HttpResponse(status=401))
    if "application/json" not in headers.get("Accept", ""):
        raise Stop(HttpResponse(status=406))
    if request.method != "GET" and not headers.get("Content-Type", "").startswith("application/json"):
        raise Stop(HttpResponse(status=415))


def _route(method: str, path: str, view: View) -> tuple[str, re.Pattern[str], str, View]:
    pattern = path.replace("{order}", r"(?P<order>[^/]+)").replace("{payment}", r"(?P<payment>[^/]+)")
    return method, re.compile(pattern), view.__name__, view


ROUTES = (
    _route("GET", "ping", operations.ping),
    _route("GET", "tenant", operations.tenant),
    _route("POST", "payment_orders", operations.create_payment_order),
    _route("GET", "payment_orders", operations.list_payment_orders),
    _route("GET", "payment_orders/{order}", operations.get_payment_order),
    _route("PUT", "payment_orders/{order}", operations.update_payment_order),
    _route("PUT", "payment_orders/{order}/close", operations.close),
    _route("PUT", "payment_orders/{order}/split", operations.split),
    _route("PUT", "payment_orders/{order}/settle", operations.settle),
    _route("POST", "payment_orders/{order}/payments", operations.initiate_payment),
    _route("GET", "payment_orders/{order}/payments/{payment}", operations.get_payment),
    _route("PUT", "payment_orders/{order}/payments/{payment}", operations.update_payment),
    _route("PUT", "payment_orders/{order}/payments/{payment}/stop", operations.stop_payment),
    _route("POST", "payment_orders/{order}/payments/{payment}/refund", operations.refund_payment),
    _route("GET", "payments", operations.list_payments),
    _route("GET", "signing_key", operations.signing_key),
    _route("POST", "signing_key/generate", operations.generate_signing_key),
    _route("POST", "poke", operations.poke),
)
