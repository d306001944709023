"""What each of Ping's calls does, with Ping's status codes and error bodies."""

from __future__ import annotations

import json
from urllib.parse import urlencode
from uuid import uuid4

from django.http import HttpRequest, HttpResponse

from . import TENANT_ID, callbacks, validation
from .answers import Stop, body_of, invalid, order_of, page, payment_of, refuse, respond
from .world import FINAL, WORLD, Json, Order, Payment, now


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
    body = body_of(request)
    if errors := validation.check_payment_order(body):
        return invalid(errors)
    order = WORLD.add_order(body["currency"], body.get("split_tree_id"), body.get("split_parameters") or {})
    return respond({"id": order.id})


def get_payment_order(request: HttpRequest, order: str) -> HttpResponse:
    """GET /payment_orders/{id}."""
    return respond(_show_order(order_of(order)))


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
    return page(request, orders)


def update_payment_order(request: HttpRequest, order: str) -> HttpResponse:
    """PUT /payment_orders/{id}."""
    found, body = order_of(order), body_of(request)
    if errors := validation.check_split(body):
        return invalid(errors)
    if found.status in ("SPLIT", "SETTLED"):
        return refuse(403, "operation_forbidden", description="the payment order is split")
    found.split_tree_id = body.get("split_tree_id") or found.split_tree_id
    found.split_parameters = body.get("split_parameters") or found.split_parameters
    return respond()


def close(request: HttpRequest, order: str) -> HttpResponse:
    """PUT /payment_orders/{id}/close: every payment must have ended."""
    found = order_of(order)
    body_of(request)
    if found.has_open_payment and WORLD.manners.close_waits:
        found.is_closing = True
        return respond()
    if found.has_open_payment:
        return refuse(403, "operation_forbidden", description="a payment has not ended")
    return _step(found, "CLOSED", after="OPEN")


def split(request: HttpRequest, order: str) -> HttpResponse:
    """PUT /payment_orders/{id}/split."""
    found = order_of(order)
    return _step(found, "SPLIT", after="CLOSED", fast_forward=_fast_forward(request))


def settle(request: HttpRequest, order: str) -> HttpResponse:
    """PUT /payment_orders/{id}/settle."""
    found = order_of(order)
    return _step(found, "SETTLED", after="SPLIT", fast_forward=_fast_forward(request))


def _fast_forward(request: HttpRequest) -> bool:
    value = body_of(request).get("fast_forward", False)
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
    found, body = order_of(order), body_of(request)
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
    return respond(_show(payment_of(order, payment)[1]))


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
    return page(request, payments)


def update_payment(request: HttpRequest, order: str, payment: str) -> HttpResponse:
    """PUT /payment_orders/{id}/payments/{id}."""
    found, row = payment_of(order, payment)
    body = body_of(request)
    if found.status in ("SPLIT", "SETTLED"):
        return refuse(403, "operation_forbidden", description="the payment order is split")
    if errors := validation.check_items(body, row.answer["total_amount"] - row.refunded):
        return invalid(errors)
    row.answer["order_items"] = body["order_items"]
    return respond()


def stop_payment(request: HttpRequest, order: str, payment: str) -> HttpResponse:
    """PUT .../stop. Whether cards can be stopped is not documented: the control interface says."""
    row = payment_of(order, payment)[1]
    body_of(request)
    if WORLD.manners.stop_refused or (row.status in FINAL and row.status != "STOPPED"):
        return refuse(403, "operation_forbidden", description="the payment cannot be stopped")
    if row.status != "STOPPED":
        WORLD.set_status(row, "STOPPED")
    return respond()


def refund_payment(request: HttpRequest, order: str, payment: str) -> HttpResponse:
    """POST .../refund: accepted now, carried out later."""
    found, row = payment_of(order, payment)
    body = body_of(request)
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
    body_of(request)
    callbacks.SIGNING_KEY = callbacks.SigningKey()
    return respond({"key": callbacks.SIGNING_KEY.public})


def poke(request: HttpRequest) -> HttpResponse:
    """POST /poke: a test callback."""
    body = body_of(request)
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
