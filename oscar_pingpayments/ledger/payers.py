"""What staff find a payment by: its payer's name and e-mail address, as they were at placing."""

from __future__ import annotations

from typing import Any

from django.db import connection

from ..models import PaymentOrder
from . import orders

#: The columns, and how much they hold.
_LENGTHS = {"payer_name": 255, "payer_last_name": 255, "payer_email": 254}


def found_by(order: Any) -> dict[str, str]:
    """Return the columns that a payer is searched by: in lower case, and "" for what is not known."""
    person = order.billing_address or order.shipping_address or order.user
    values = (orders.payers_name(order), getattr(person, "last_name", "") or "", order.email or "")
    return {
        name: value.strip().lower()[: _LENGTHS[name]] for name, value in zip(_LENGTHS, values, strict=True)
    }


def look_up_payers(limit: int) -> int:
    """Look up the payers of orders that were placed before they could be searched; return of how many.

    At most ``limit`` at a time, passing over what somebody else holds. Called in a transaction.
    """
    rows = PaymentOrder.objects.filter(payer_email__isnull=True).order_by("pk")
    locked = rows.select_for_update(
        skip_locked=connection.features.has_select_for_update_skip_locked,
        no_key=connection.features.has_select_for_no_key_update,
    )
    taken = list(locked.values_list("pk", flat=True)[:limit])
    found = PaymentOrder.objects.select_related(
        "order__user", "order__billing_address", "order__shipping_address"
    ).filter(pk__in=taken)
    for payment_order in found:
        order = payment_order.order
        for name, value in (found_by(order) if order is not None else dict.fromkeys(_LENGTHS, "")).items():
            setattr(payment_order, name, value)
    PaymentOrder.objects.bulk_update(found, list(_LENGTHS))
    return len(taken)
