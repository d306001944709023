"""Where Ping's callbacks arrive, and the pages that tell a payer how the payment stands."""

from __future__ import annotations

import logging
from collections.abc import Callable
from functools import partial
from typing import Any

from django.contrib import messages
from django.db import DatabaseError
from django.db.models import F
from django.http import (
    Http404,
    HttpRequest,
    HttpResponse,
    HttpResponseRedirect,
    JsonResponse,
    UnreadablePostError,
)
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.debug import sensitive_variables

from . import conf, facade, payer
from .doors import find, only, outside
from .exceptions import GatewayError, PingPaymentsError
from .models import Payment, PaymentOrder
from .privacy import loggable
from .standing import Standing, standing_of

logger = logging.getLogger(__name__)

_TOO_LARGE = 413
_ATTEMPT = [field.attname for field in Payment._meta.concrete_fields]
_LAST_ATTEMPT = {f"attempt_{name}": F(f"payments__{name}") for name in _ATTEMPT}
_STATUS_CODES = {
    facade.Received.DONE: 200,
    facade.Received.LATER: 202,
    facade.Received.MALFORMED: 400,
    facade.Received.FORGED: 401,
    facade.Received.UNKNOWN: 404,
    facade.Received.REPEAT: 503,
}


@outside
@csrf_exempt
@only("POST")
def callback(request: HttpRequest, token: str) -> HttpResponse:
    """Take a call from Ping: 200 when it is dealt with, 202 when it will be, 503 when it should come again.

    A token that is not ours is a 404, a body that is not a JSON object a 400, too large a 413, a missing
    or wrong signature (where one is configured) a 401. None of these changes anything.
    """
    return _receive(request, partial(facade.receive, token))


@outside
@csrf_exempt
@only("POST")
def refunds(request: HttpRequest, token: str) -> HttpResponse:
    """Take a call from Ping about refunds, at the address that is set on the tenant: 202, it is done soon.

    Answered as ``callback`` is, but that the body may be whatever it is: Ping does not document it.
    """
    return _receive(request, partial(facade.receive_about_refunds, token))


@sensitive_variables("body", "signature")
def _receive(request: HttpRequest, take: Callable[[bytes, str], facade.Received]) -> HttpResponse:
    body = _read(request, facade.MAX_BODY + 1)
    if len(body) > facade.MAX_BODY:
        return HttpResponse(status=_TOO_LARGE)
    how = conf.get_settings().callback_signature
    signature = request.headers.get(how.header, "") if how else ""
    received = take(body, signature)
    response = HttpResponse(status=_STATUS_CODES[received])
    if received is facade.Received.REPEAT:
        response["Retry-After"] = "30"
    return response


@outside
@csrf_exempt
@only("GET", "HEAD", "POST")
def come_back(request: HttpRequest, token: str) -> HttpResponse:
    """Meet the payer who comes from PaymentIQ's page. What the address or a form says is not read."""
    attempt = find(Payment.objects.select_related("payment_order"), token)
    facade.refresh_for_page(attempt, by="return")
    return _see_other(payer.order_page(attempt.payment_order))


@outside
@only("GET", "HEAD")
def payment(request: HttpRequest, token: str) -> HttpResponse:
    """Tell the payer how the payment of an order stands, and what can be done."""
    standing = _standing(token)
    payment_order = standing.payment_order
    own = payer.is_own(request, payment_order)
    # The address has no language in it, and the payer may be in a browser that prefers another one.
    with translation.override(payment_order.language or None):
        if own and standing.is_paid:
            if not request.user.is_authenticated:  # who was led here because the process died that placed it
                request.session[payer.ORDER_KEY] = payment_order.order_id
            if request.session.get(payer.ORDER_KEY) == payment_order.order_id:
                return redirect("checkout:thank-you")
            return redirect("customer:order", order_number=payment_order.order_number)
        return render(
            request,
            f"oscar_pingpayments/payment/{standing.page}.html",
            {
                "standing": standing,
                "payment_order": payment_order,
                "own": own,
                "other_ways": payer.has_other_ways(),
            },
        )


@outside
@only("GET")
def state(request: HttpRequest, token: str) -> HttpResponse:
    """Tell the waiting page whether it is still right."""
    return JsonResponse({"version": _standing(token).version})


@outside
@only("POST")
def pay(request: HttpRequest, token: str) -> HttpResponse:
    """Send the payer to PaymentIQ's page: the one that is open, or a new attempt's."""
    payment_order = find(PaymentOrder.objects.all(), token)
    return _see_other(payer.start(request, payment_order, payer.payment_context(request)))


@outside
@only("POST")
def change(request: HttpRequest, token: str) -> HttpResponse:
    """Cancel the order and give its payer everything back in a new basket; only for who placed it."""
    payment_order = find(PaymentOrder.objects.select_related("order"), token)
    if not payer.is_own(request, payment_order):
        raise Http404
    with translation.override(payment_order.language or None):
        return _change(request, payment_order)


def _read(request: HttpRequest, size: int) -> bytes:
    """Read at most so much of the body, however it comes. Raises UnreadablePostError where it breaks off.

    Django takes a body in chunks, which has no length, for an empty one. Whether Ping sends such is not
    documented; a server that can read them says so.
    """
    if request.META.get("CONTENT_LENGTH") or not request.META.get("wsgi.input_terminated"):
        return request.read(size)
    try:
        return bytes(request.META["wsgi.input"].read(size))
    except Exception as error:  # what a server raises here is its own: gunicorn's are no OSErrors
        raise UnreadablePostError(*error.args) from error


def _change(request: HttpRequest, payment_order: PaymentOrder) -> HttpResponse:
    next_step = "checkout:payment-method" if request.POST.get("next") == "method" else "basket:summary"
    try:
        changed = facade.change_order(
            payment_order.pk,
            request.basket,  # type: ignore[attr-defined]
            deadline=payer.deadline(),
        )
    except facade.WithStaffError:
        messages.info(
            request,
            gettext("We are handling your order, so it cannot be changed here. Please ask us about it."),
        )
        return _see_other(payer.order_page(payment_order))
    except (PingPaymentsError, DatabaseError) as error:
        logger.log(
            logging.WARNING if isinstance(error, GatewayError | facade.StillPayableError) else logging.ERROR,
            "An order could not be cancelled",
            exc_info=loggable(error),
            extra={"order_number": payment_order.order_number},
        )
        messages.error(
            request,
            gettext("The order cannot be cancelled just now: a payment may be on its way. Try again soon."),
        )
        return _see_other(payer.order_page(payment_order))
    if changed.payment_order.is_awaiting or changed.payment_order.amount_paid:
        return _see_other(payer.order_page(payment_order))
    payer.bring_back_checkout(request, changed.payment_order)
    if changed.refilled:
        messages.success(request, gettext("Your order was cancelled. Everything is back in your basket."))
    else:
        messages.info(request, gettext("Your order has been cancelled."))
    return _see_other(reverse(next_step))


def _standing(token: str) -> Standing:
    """Return how an order's payment stands, after asking Ping where that may be news.

    Order and attempt come from one statement, or from under one lock: read one after the other, they
    would contradict each other where a callback is written in between.
    """
    with_attempts = PaymentOrder.objects.select_related("order").annotate(**_LAST_ATTEMPT)
    payment_order: Any = find(with_attempts.order_by("-payments__number"), token)
    attempt = None
    if payment_order.attempt_id is not None:
        values = [getattr(payment_order, alias) for alias in _LAST_ATTEMPT]
        attempt = Payment.from_db(payment_order._state.db, _ATTEMPT, values)
        attempt.payment_order = payment_order
    standing = standing_of(payment_order, attempt)
    if attempt is not None and standing.is_open:
        attempt = facade.refresh_for_page(attempt, by="page")
        standing = standing_of(attempt.payment_order, attempt)
    return standing


def _see_other(address: str) -> HttpResponse:
    response = HttpResponseRedirect(address)
    response.status_code = 303  # the next request is a GET, whatever this one was
    return response
