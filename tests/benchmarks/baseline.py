"""What ours is compared with: callback views as short as they can be written by hand, on the same tables.

They have no flood limit, no log of what was said to Ping, no check of which payment it answered about, no
history, no money that does not fit, and no answer where Ping has none. They are not an example to follow.
"""

from __future__ import annotations

import logging
from decimal import Decimal

import requests
from django.conf import settings
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt
from oscar.core.loading import get_class, get_model

from oscar_pingpayments.models import Callback, Payment

_ping = requests.Session()
_ping.trust_env = False
_ping.headers.update(
    {
        "tenant_id": settings.PINGPAYMENTS["TENANT_ID"],
        "x-api-secret": settings.PINGPAYMENTS["API_SECRET"],
        "Accept": "application/json",
    }
)


@csrf_exempt
def repeated(request: HttpRequest, token: str) -> HttpResponse:
    """Take a callback of a payment that is paid: one select, one insert."""
    payment = Payment.objects.get(token=token)
    assert payment.status == "COMPLETED"
    Callback.objects.create(payment=payment, body=request.body.decode(), outcome="finished")
    return HttpResponse()


@csrf_exempt
def completing(request: HttpRequest, token: str) -> HttpResponse:
    """Take a callback of a payment that has been paid: log it, ask Ping, then lock, compare and update."""
    answer, payment = _ask(request, token)
    with transaction.atomic():
        _write(answer, payment)
    return HttpResponse()


@csrf_exempt
def completing_with_oscar(request: HttpRequest, token: str) -> HttpResponse:
    """Do the same, and what Oscar has for a paid order: source, transaction, event, note, status, e-mail."""
    answer, payment = _ask(request, token)
    with transaction.atomic():
        _write(answer, payment)
        order = get_model("order", "Order").objects.select_for_update().get(pk=payment.payment_order.order_id)
        amount = payment.amount
        source_type = get_model("payment", "SourceType").objects.get(code="paymentiq-card")
        source = order.sources.get(source_type=source_type)
        source.amount_debited = amount
        source.save()
        source.transactions.create(txn_type="Debit", amount=amount, reference=str(payment.ping_id))
        paid, _ = get_model("order", "PaymentEventType").objects.get_or_create(name="Paid")
        event = order.payment_events.create(event_type=paid, amount=amount)
        for line in order.lines.all():
            event.line_quantities.create(line=line, quantity=line.quantity)
        order.notes.create(message="Paid by card.", note_type="System")
        get_class("order.processing", "EventHandler")().handle_order_status_change(order, "Being processed")
    dispatcher = get_class("order.utils", "OrderDispatcher")(logger=logging.getLogger(__name__))
    context = {"user": order.user, "order": order, "lines": order.lines.all()}
    dispatcher.send_order_placed_email_for_user(order, context)
    return HttpResponse()


def _ask(request: HttpRequest, token: str) -> tuple[dict[str, object], Payment]:
    payment = Payment.objects.select_related("payment_order").get(token=token)
    Callback.objects.create(payment=payment, body=request.body.decode(), outcome="asked")
    path = f"payment_orders/{payment.payment_order.ping_id}/payments/{payment.ping_id}"
    answer = _ping.get(f"{settings.PINGPAYMENTS['BASE_URL']}/api/v1/{path}", timeout=(3, 7))
    answer.raise_for_status()
    return answer.json(), payment


def _write(answer: dict[str, object], payment: Payment) -> None:
    locked = Payment.objects.select_for_update().get(pk=payment.pk)
    assert (answer["status"], locked.status) == ("COMPLETED", "PENDING")
    assert (Decimal(str(answer["total_amount"])) / 100, answer["currency"]) == (
        locked.amount,
        locked.currency,
    )
    Payment.objects.filter(pk=locked.pk).update(status="COMPLETED", live=None, amount_received=locked.amount)
