"""Ping's API: every call that the shop makes, with Ping's status codes and error bodies."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any
from urllib.parse import urlencode
from uuid import uuid4

from django.http import HttpRequest, HttpResponse, JsonResponse

from . import API_SECRET, TENANT_ID, callbacks, faults, validation
from .world import FINAL, WORLD, Call, Json, Order, Payment, now

#: List calls want at least this version; Ping has asked for it since 2025-04-30.
LISTS_SINCE = "2025-03-06"
LIMIT = 200

View = Callable[..., HttpResponse]


def respond(body: Any = None, status: int = 200) -> HttpResponse:
    """Answer with JSON, or with nothing."""
    if body is None:
        return HttpResponse(status=204)
    return JsonResponse(body, status=status, safe=False)


def refuse(
    status: int, error: str, property_: str | None = None, description: str | None = None
) -> HttpResponse:
    """Answer with one error, in Ping's shape."""
    entry: Json = {"error": error, "description": description}
    if property_ is not None:
        entry["property"] = property_
    return respond({"errors": [entry]}, status)


def invalid(errors: validation.Errors) -> HttpResponse:
    """Answer with what is wrong with a body."""
    return respond({"errors": errors}, 422)


class Stop(Exception):  # noqa: N818  (it is an answer)
    """An answer that ends a call early."""

    def __init__(self, response: HttpResponse) -> None:
        super().__init__()
        self.response = response


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
        body=_json(request.body),
    )
    with WORLD.lock:
        WORLD.calls.append(call)
        WORLD.origin = f"{request.scheme}://{request.get_host()}"
    response = answer()
    response["Content-Length"] = str(len(response.content))  # without which the connection is not kept
    call.status = response.status_code
    if WORLD.manners.keep_answers:
        call.answer = _json(response.content)
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


def _json(content: bytes) -> Any:
    try:
        return json.loads(content) if content else None
    except ValueError:
        return None


def _body(request: HttpRequest) -> Json:
    body = _json(request.body)
    if not isinstance(body, dict):
        raise Stop(refuse(400, "malformed_json"))
    return body


def _order(order_id: str) -> Order:
    if not validation.is_uuid(order_id):
        raise Stop(refuse(422, "cast_error", "payment_order_id"))
    order = WORLD.orders.get(order_id.lower())
    if order is None:
        raise Stop(refuse(404, "not_found"))
    return order


def _payment(order_id: str, payment_id: str) -> tuple[Order, Payment]:
    order = _order(order_id)
    for payment in order.payments:
        if payment.id == payment_id:
            return order, payment
    raise Stop(refuse(404, "not_found"))


def _show(payment: Payment) -> Json:
    """Answer a GET of a payment, and let a status come that was to be seen by the next one."""
    answer: Json = json.loads(json.dumps(payment.answer))
    if WORLD.manners.lists_waiting_refunds and payment.pending_refunds:
        answer["refunds"] = [
            *(answer["refunds"] or []),
            *(
                {"id": row["id"], "amount": row["amount"], "refunded_at": None, "status": "PENDING"}
                for row in payment.pending_refunds
            ),
        ]
    if payment.coming:
        payment.answer["status"] = payment.coming.pop(0)
    return answer


# The calls


def ping(request: HttpRequest) -> HttpResponse:
    """GET /ping."""
    return HttpResponse("pong", content_type="text/plain")


def tenant(request: HttpRequest) -> HttpResponse:
    """GET /tenant."""
    return respond(
        {
            "id": TENANT_ID,
            "name": "Simulated tenant",
            "payment_provider_methods": WORLD.manners.methods,
            "callback_signing_key": callbacks.SIGNING_KEY.public if WORLD.manners.sign else None,
            "callback_url": None,
            "refund_callback_url": WORLD.manners.refund_callback_url,
        }
    )


def create_payment_order(request: HttpRequest) -> HttpResponse:
    """POST /payment_orders."""
    body = _body(request)
    if errors := validation.check_payment_order(body):
        return invalid(errors)
    order = WORLD.add_order(body["currency"], body.get("split_tree_id"), body.get("split_parameters") or {})
    return respond({"id": order.id})


def get_payment_order(request: HttpRequest, order: str) -> HttpResponse:
    """GET /payment_orders/{id}."""
    return respond(_show_order(_order(order)))


def _show_order(order: Order) -> Json:
    return {
        "id": order.id,
        "status": order.status,
        "created_at": order.created_at,
        "currency": order.currency,
        "split_tree_id": order.split_tree_id,
        "payments": [_show(payment) for payment in order.payments],
    }


def list_payment_orders(request: HttpRequest) -> HttpResponse:
    """GET /payment_orders."""
    query = request.GET
    orders = [
        _show_order(order)
        for order in WORLD.orders.values()
        if query.get("status") in (None, order.status)
        and query.get("created_at_from", "") <= order.created_at
        and (not query.get("created_at_to") or order.created_at <= query["created_at_to"])
    ]
    return _page(request, orders)


def update_payment_order(request: HttpRequest, order: str) -> HttpResponse:
    """PUT /payment_orders/{id}."""
    found, body = _order(order), _body(request)
    if errors := validation.check_split(body):
        return invalid(errors)
    if found.status in ("SPLIT", "SETTLED"):
        return refuse(403, "operation_forbidden", description="the payment order is split")
    found.split_tree_id = body.get("split_tree_id") or found.split_tree_id
    found.split_parameters = body.get("split_parameters") or found.split_parameters
    return respond()


def close(request: HttpRequest, order: str) -> HttpResponse:
    """PUT /payment_orders/{id}/close: every payment must have ended."""
    found = _order(order)
    _body(request)
    if found.has_open_payment and WORLD.manners.close_waits:
        found.is_closing = True
        return respond()
    if found.has_open_payment:
        return refuse(403, "operation_forbidden", description="a payment has not ended")
    return _step(found, "CLOSED", after="OPEN")


def split(request: HttpRequest, order: str) -> HttpResponse:
    """PUT /payment_orders/{id}/split."""
    found = _order(order)
    return _step(found, "SPLIT", after="CLOSED", fast_forward=_fast_forward(request))


def settle(request: HttpRequest, order: str) -> HttpResponse:
    """PUT /payment_orders/{id}/settle."""
    found = _order(order)
    return _step(found, "SETTLED", after="SPLIT", fast_forward=_fast_forward(request))


def _fast_forward(request: HttpRequest) -> bool:
    value = _body(request).get("fast_forward", False)
    if not isinstance(value, bool):
        raise Stop(refuse(422, "invalid_type", "fast_forward"))
    return value


def _step(order: Order, status: str, *, after: str, fast_forward: bool = False) -> HttpResponse:
    """Move an order on; doing it again is no error, doing it out of turn is."""
    sequence = ("OPEN", "CLOSED", "SPLIT", "SETTLED")
    if sequence.index(order.status) >= sequence.index(status):
        return respond()
    if order.status != after and not fast_forward:
        return refuse(403, "operation_forbidden", description=f"the payment order is {order.status}")
    order.status = status
    return respond()


def initiate_payment(request: HttpRequest, order: str) -> HttpResponse:
    """POST /payment_orders/{id}/payments."""
    found, body = _order(order), _body(request)
    if found.status != "OPEN":
        return refuse(403, "payment_order_closed")
    if errors := validation.check_payment(body, found.currency):
        return invalid(errors)
    payment = WORLD.add_payment(found, body)
    if body["provider"] == "dummy":
        wanted = payment.parameters["desired_payment_status"]
        if wanted != "INITIATED":
            callbacks.later(0.2, WORLD.set_status, payment, wanted)
        return respond({"id": payment.id, "provider_method_response": {}})
    locale = payment.parameters.get("locale") or "en-US"
    url = f"{WORLD.origin}/pay/{payment.code}?{urlencode({'locale': locale})}"
    return respond({"id": payment.id, "provider_method_response": {"pay_url": url}})


def get_payment(request: HttpRequest, order: str, payment: str) -> HttpResponse:
    """GET /payment_orders/{id}/payments/{id}."""
    return respond(_show(_payment(order, payment)[1]))


def list_payments(request: HttpRequest) -> HttpResponse:
    """GET /payments."""
    query = request.GET
    wanted = {
        "status": query.get("status"),
        "method": query.get("method"),
        "provider": query.get("provider"),
        "payment_order_id": query.get("payment_order_id"),
    }
    refunds = query.get("is_refund_requested")
    payments = []
    for payment in WORLD.payments.values():
        initiated = payment.answer["status_history"][0]["occurred_at"]
        requested = bool(payment.answer["refunds"] or payment.pending_refunds)
        if (
            all(value in (None, payment.answer[key]) for key, value in wanted.items())
            and query.get("from_initiated_date_time", "") <= initiated
            and (not query.get("to_initiated_date_time") or initiated <= query["to_initiated_date_time"])
            and (refunds is None or (refunds == "true") == requested)
        ):
            payments.append(_show(payment))
    return _page(request, payments)


def update_payment(request: HttpRequest, order: str, payment: str) -> HttpResponse:
    """PUT /payment_orders/{id}/payments/{id}."""
    found, row = _payment(order, payment)
    body = _body(request)
    if found.status in ("SPLIT", "SETTLED"):
        return refuse(403, "operation_forbidden", description="the payment order is split")
    if errors := validation.check_items(body, row.answer["total_amount"] - row.refunded):
        return invalid(errors)
    row.answer["order_items"] = body["order_items"]
    return respond()


def stop_payment(request: HttpRequest, order: str, payment: str) -> HttpResponse:
    """PUT .../stop. Whether cards can be stopped is not documented: the control interface says."""
    row = _payment(order, payment)[1]
    _body(request)
    if WORLD.manners.stop_refused or (row.status in FINAL and row.status != "STOPPED"):
        return refuse(403, "operation_forbidden", description="the payment cannot be stopped")
    if row.status != "STOPPED":
        WORLD.set_status(row, "STOPPED")
    return respond()


def refund_payment(request: HttpRequest, order: str, payment: str) -> HttpResponse:
    """POST .../refund: accepted now, carried out later."""
    found, row = _payment(order, payment)
    body = _body(request)
    if found.status not in ("OPEN", "CLOSED"):
        return refuse(403, "operation_forbidden", description=f"the payment order is {found.status}")
    if row.status != "COMPLETED":
        return refuse(403, "operation_forbidden", description=f"the payment is {row.status}")
    if errors := validation.check_refund(
        body, row.answer["currency"], row.answer["total_amount"] - row.refunded
    ):
        return invalid(errors)
    refund = {"id": str(uuid4()), "amount": body["amount"], "order_items": body.get("order_items") or []}
    row.pending_refunds.append(refund)
    if WORLD.manners.refunds == "complete":
        callbacks.later(0.1, finish_refund, row, refund)
    return respond(
        {
            "id": refund["id"],
            "currency": row.answer["currency"],
            "amount": body["amount"],
            "provider": row.answer["provider"],
            "status": "PENDING",
        }
    )


def finish_refund(payment: Payment, refund: Json) -> None:
    """Carry out a refund that was accepted: it shows in the payment, and the tenant's address is called."""
    with WORLD.lock:
        if refund not in payment.pending_refunds:
            return
        payment.pending_refunds.remove(refund)
        entry = {"amount": refund["amount"], "refunded_at": now()}
        payment.answer["refund"] = entry
        payment.answer["refunds"] = [*(payment.answer["refunds"] or []), entry]
        if refund["order_items"]:
            payment.answer["order_items"] = refund["order_items"]
    callbacks.refund_changed(payment, refund, "COMPLETED")


def fail_refund(payment: Payment, refund: Json, *, listed: bool) -> None:
    """Let a refund that was accepted fail: it vanishes, or shows in the payment with a word of its own."""
    with WORLD.lock:
        payment.pending_refunds.remove(refund)
        if listed:
            entry = {"id": refund["id"], "amount": refund["amount"], "refunded_at": None, "status": "FAILED"}
            payment.answer["refunds"] = [*(payment.answer["refunds"] or []), entry]
    callbacks.refund_changed(payment, refund, "FAILED")


def signing_key(request: HttpRequest) -> HttpResponse:
    """GET /signing_key."""
    return respond({"key": callbacks.SIGNING_KEY.public})


def generate_signing_key(request: HttpRequest) -> HttpResponse:
    """POST /signing_key/generate: a new pair."""
    _body(request)
    callbacks.SIGNING_KEY = callbacks.SigningKey()
    return respond({"key": callbacks.SIGNING_KEY.public})


def poke(request: HttpRequest) -> HttpResponse:
    """POST /poke: a test callback."""
    body = _body(request)
    check = validation.Checker()
    if not (
        check.required(body, "callback_url", "callback_url")
        and check.url(body["callback_url"], "callback_url")
    ):
        return invalid(check.errors)
    if WORLD.manners.callbacks != "drop":
        callbacks.later(
            WORLD.manners.delay, callbacks.post, body["callback_url"], {"poke": True, "occurred_at": now()}
        )
    return respond({})


def _page(request: HttpRequest, rows: list[Json]) -> HttpResponse:
    """Answer with one page of a list, and links to the others."""
    if request.headers.get("x-api-version", "") < LISTS_SINCE:
        return refuse(422, "invalid_value", "x-api-version", f"expected {LISTS_SINCE} or later")
    query = request.GET
    try:
        limit, start = int(query.get("limit", "20")), int(query.get("cursor", "0"))
    except ValueError:
        return refuse(422, "cast_error", "limit")
    if not 1 <= limit <= LIMIT:
        return refuse(422, "invalid_value", "limit", f"expected 1 to {LIMIT}")

    def link(cursor: int) -> Json:
        values = {key: value for key, value in query.items() if key != "cursor"} | {"cursor": str(cursor)}
        return {"href": f"{request.build_absolute_uri(request.path)}?{urlencode(values)}"}

    return respond(
        {
            "data": rows[start : start + limit],
            "_links": {
                "current": link(start),
                "first": link(0),
                "next": link(start + limit) if start + limit < len(rows) else None,
                "previous": link(max(0, start - limit)) if start else None,
            },
        }
    )


def _route(method: str, path: str, view: View) -> tuple[str, re.Pattern[str], str, View]:
    pattern = path.replace("{order}", r"(?P<order>[^/]+)").replace("{payment}", r"(?P<payment>[^/]+)")
    return method, re.compile(pattern), view.__name__, view


ROUTES = (
    _route("GET", "ping", ping),
    _route("GET", "tenant", tenant),
    _route("POST", "payment_orders", create_payment_order),
    _route("GET", "payment_orders", list_payment_orders),
    _route("GET", "payment_orders/{order}", get_payment_order),
    _route("PUT", "payment_orders/{order}", update_payment_order),
    _route("PUT", "payment_orders/{order}/close", close),
    _route("PUT", "payment_orders/{order}/split", split),
    _route("PUT", "payment_orders/{order}/settle", settle),
    _route("POST", "payment_orders/{order}/payments", initiate_payment),
    _route("GET", "payment_orders/{order}/payments/{payment}", get_payment),
    _route("PUT", "payment_orders/{order}/payments/{payment}", update_payment),
    _route("PUT", "payment_orders/{order}/payments/{payment}/stop", stop_payment),
    _route("POST", "payment_orders/{order}/payments/{payment}/refund", refund_payment),
    _route("GET", "payments", list_payments),
    _route("GET", "signing_key", signing_key),
    _route("POST", "signing_key/generate", generate_signing_key),
    _route("POST", "poke", poke),
)
