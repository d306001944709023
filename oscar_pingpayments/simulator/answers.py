"""What Ping's calls have in common: the shape of answers and errors, and what a request names."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse, JsonResponse

from . import validation
from .world import WORLD, Json, Order, Payment

#: List calls want at least this version; Ping has asked for it since 2025-04-30.
LISTS_SINCE = "2025-03-06"
LIMIT = 200


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


def json_of(content: bytes) -> Any:
    """Return what JSON says; None for nothing, and for what is none."""
    try:
        return json.loads(content) if content else None
    except ValueError:
        return None


def body_of(request: HttpRequest) -> Json:
    """Return a request's body. Stops at one that is no object."""
    body = json_of(request.body)
    if not isinstance(body, dict):
        raise Stop(refuse(400, "malformed_json"))
    return body


def order_of(order_id: str) -> Order:
    """Return a payment order. Stops where there is none."""
    if not validation.is_uuid(order_id):
        raise Stop(refuse(422, "cast_error", "payment_order_id"))
    order = WORLD.orders.get(order_id.lower())
    if order is None:
        raise Stop(refuse(404, "not_found"))
    return order


def payment_of(order_id: str, payment_id: str) -> tuple[Order, Payment]:
    """Return a payment and its payment order. Stops where there is none."""
    order = order_of(order_id)
    for payment in order.payments:
        if payment.id == payment_id:
            return order, payment
    raise Stop(refuse(404, "not_found"))


def page(request: HttpRequest, rows: list[Json]) -> HttpResponse:
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
