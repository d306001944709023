"""Attempts that Ping has and the shop does not: its database was restored from a backup, most of all."""

from __future__ import annotations

import logging

from django.utils import timezone

from .. import ledger
from ..exceptions import NotFoundError, UnexpectedAnswerError
from ..models import PaymentOrder
from ..privacy import loggable
from ..statuses import Meaning
from . import refreshing
from .connection import client_for
from .writing import locked

logger = logging.getLogger(__name__)


def take_in_unknown(payment_order: PaymentOrder, *, by: str) -> None:
    """Ask Ping for the whole payment order, and take in the attempts in it of which the shop has no row.

    They are the order's, since nobody else can add to its payment order, and are followed up like all
    others from here on. Raises GatewayError where Ping
    cannot be asked.
    """
    client, asked_at = client_for(payment_order), timezone.now()
    try:
        listed = client.get_payment_order(payment_order.ping_id).payments
    except (NotFoundError, UnexpectedAnswerError) as error:
        # Each attempt that we hold has been asked about by itself: this must not keep an order from ending.
        logger.warning(
            "Ping's list of an order's attempts cannot be read",
            exc_info=loggable(error),
            extra={"order_number": payment_order.order_number},
        )
        return
    held = set(payment_order.payments.values_list("ping_id", flat=True))
    if held.issuperset(remote.id for remote in listed):
        return
    found = []
    with locked(payment_order.pk) as book:
        for remote in listed:
            payment = ledger.taken_in(book, remote)
            if payment is not None:
                ledger.apply_answer(book, payment, remote, asked_by=by, asked_at=asked_at)
                found.append(payment)
    for payment in found:
        logger.warning(
            "Ping has an attempt that the shop did not know",
            extra={"order_number": payment_order.order_number, "attempt": payment.number},
        )
        if payment.meaning is Meaning.WAITING:
            refreshing.stop(client, payment_order, payment)
