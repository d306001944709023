"""Rows to measure on: orders that were placed by the shop and copied, and attempts that wait or are due."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.db import connections, models
from django.utils import timezone
from oscar.core.loading import get_model

from oscar_pingpayments import facade
from oscar_pingpayments.models import Payment, new_token
from oscar_pingpayments.simulator.testing import PingSimulator
from tests.shopper import Shopper, create_product

Ids = Sequence[tuple[UUID, UUID]]


def prepare(ping: PingSimulator) -> None:
    """Let one payer place an order for one product and be paid: the pattern of all others."""
    shopper = Shopper()
    shopper.buys(create_product(stock=1_000_000))
    ping.pay(shopper.payment.pay_url)
    facade.refresh(shopper.payment.pk, by="staff")
    assert shopper.payment_order.is_paid


def copies(instance: models.Model, changes: Sequence[dict[str, Any]], using: str) -> list[Any]:
    """Write copies of a row, each with its changes, and return them."""
    kept = {
        field.attname: getattr(instance, field.attname)
        for field in instance._meta.concrete_fields
        if not field.primary_key
    }
    manager = type(instance)._default_manager.using(using)
    return manager.bulk_create([type(instance)(**kept | change) for change in changes], batch_size=1000)


def waiting_orders(ids: Ids, *, using: str = "default") -> list[str]:
    """Copy the order of ``prepare``, unpaid, for payments that Ping has; return the attempts' tokens."""
    pattern = get_model("order", "Order")._default_manager.using(using).order_by("pk").first()
    orders = copies(
        pattern,
        [{"number": secrets.token_hex(8), "status": "Pending"} for _ in ids],
        using,
    )
    for line in pattern.lines.all():
        copies(line, [{"order_id": order.pk, "status": "Pending"} for order in orders], using)
    for source in pattern.sources.all():
        copies(source, [{"order_id": order.pk, "amount_debited": 0} for order in orders], using)
    return waiting_payments(ids, using=using, orders=orders)


def waiting_payments(ids: Ids, *, using: str = "default", orders: Sequence[Any] = ()) -> list[str]:
    """Write attempts that wait to be paid, with Oscar orders or without; return their tokens."""
    now = timezone.now()
    payment = Payment.objects.using(using).select_related("payment_order").order_by("pk").first()
    assert payment is not None
    owners = [(order.pk, order.number) for order in orders] or [(None, "") for _ in ids]
    made = copies(
        payment.payment_order,
        [
            {
                "order_id": pk,
                "order_number": number,
                "ping_id": ping_id,
                "token": new_token(),
                "state": "awaiting",
                "amount_paid": 0,
                "paid_at": None,
                "created_at": now,
                "expires_at": now + timedelta(hours=1),
            }
            for (ping_id, _), (pk, number) in zip(ids, owners, strict=True)
        ],
        using,
    )
    written = copies(
        payment,
        [
            {
                "payment_order_id": payment_order.pk,
                "ping_id": ping_id,
                "token": new_token(),
                "status": "PENDING",
                "live": True,
                "amount_received": 0,
                "history": [{"status": "PENDING", "by": "return", "at": now.isoformat(), "note": ""}],
                "created_at": now,
                "sent_at": now,
                "changed_at": now,
                "ask_again_at": now + timedelta(hours=1),
            }
            for (_, ping_id), payment_order in zip(ids, made, strict=True)
        ],
        using,
    )
    return [payment.token for payment in written]


def paid_tokens(count: int, *, using: str = "default") -> list[str]:
    """Return the tokens of payments that are paid, spread over all the years."""
    paid = Payment.objects.using(using).filter(status="COMPLETED", payment_order__attention="")
    tokens = paid.order_by("token")
    return list(tokens.values_list("token", flat=True)[:count])


#: Attempts that wait at PaymentIQ's page, ten minutes old, with orders that end in an hour.
_WAITING = """
WITH orders AS (
    INSERT INTO pingpayments_paymentorder (
        token, order_number, ping_id, environment, tenant_id, currency, amount, amount_paid, amount_refunded,
        attempts, status, state, attention, attention_detail, language, expires_at, created_at,
        payer_name, payer_last_name, payer_email
    )
    SELECT
        left(md5(ping_id::text) || md5('o'), 43), left(ping_id::text, 8), ping_id, 'sandbox',
        (SELECT tenant_id FROM pingpayments_paymentorder LIMIT 1), 'SEK', 299, 0, 0,
        1, 'OPEN', 'awaiting', '', '', 'sv', now() + interval '1 hour', now() - interval '10 minutes',
        '', '', ''
    FROM unnest(%(orders)s::uuid[]) AS ping_id
    RETURNING id, ping_id
)
INSERT INTO pingpayments_payment (
    payment_order_id, number, token, ping_id, status, live, currency, amount, amount_received, pay_url, error,
    reason, history, created_at, sent_at, changed_at, asked_by, failed_asks
)
SELECT
    orders.id, 1, left(md5(ids.payment::text) || md5('p'), 43), ids.payment, 'PENDING', true, 'SEK', 299, 0,
    'https://piq-sandbox.pingpayments.com/pay/' || left(md5(ids.payment::text), 8), '', '',
    '[{"status": "PENDING", "by": "return", "at": "2026-01-16T14:24:29+00:00", "note": ""}]',
    now() - interval '10 minutes', now() - interval '10 minutes', now() - interval '10 minutes', '', 0
FROM unnest(%(orders)s::uuid[], %(payments)s::uuid[]) AS ids (payment_order, payment)
JOIN orders ON orders.ping_id = ids.payment_order
ORDER BY orders.id
"""


def waiting_at_ping(ids: Ids, *, using: str = "default") -> None:
    """Write attempts that Ping has as PENDING, without Oscar orders: what a sync is to ask about."""
    with connections[using].cursor() as cursor:
        cursor.execute(_WAITING, {"orders": [one for one, _ in ids], "payments": [other for _, other in ids]})
        cursor.execute("VACUUM (ANALYZE) pingpayments_payment, pingpayments_paymentorder")


def make_due(count: int, *, using: str = "default") -> None:
    """Let so many of the attempts that wait be due, the first written for the longest, and no others."""
    with connections[using].cursor() as cursor:
        cursor.execute("UPDATE pingpayments_payment SET ask_again_at = NULL WHERE ask_again_at IS NOT NULL")
        cursor.execute(
            "UPDATE pingpayments_payment AS payment"
            " SET ask_again_at = now() - interval '1 hour' + place * interval '1 ms', asked_at = NULL"
            " FROM (SELECT id, row_number() OVER (ORDER BY id) AS place FROM pingpayments_payment"
            "  WHERE status = 'PENDING' ORDER BY id LIMIT %s) AS due WHERE due.id = payment.id",
            [count],
        )
        cursor.execute("VACUUM (ANALYZE) pingpayments_payment")
