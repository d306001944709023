"""Somebody else moved Oscar's order: staff in the dashboard, most of all.

Where they cancel an order that waits for its money, its payment is cancelled too; where they move it on, as
if it was paid in another way, nobody is to pay it by card any more. And Oscar's dashboard reads
an order, checks the step against what it has read and saves the whole row, without a lock: whoever saves last
wins, and neither is told. So the payment order is looked at afterwards, and where the two contradict each
other a person must look.
"""

from __future__ import annotations

import logging
from functools import partial
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from .. import conf, ledger
from ..exceptions import ConfigurationError, PingPaymentsError
from ..ledger.orders import is_moving_order
from ..models import PaymentOrder
from ..privacy import loggable
from ..statuses import Attention, State
from . import ending, refreshing
from .connection import client_for
from .writing import locked

logger = logging.getLogger(__name__)


def status_changed(order: Any, old_status: str, new_status: str, **facts: object) -> None:
    """Receive Oscar's ``order_status_changed``."""
    if not is_moving_order():
        transaction.on_commit(partial(_follow, order.pk, old_status, new_status), robust=True)


def _follow(order_id: int, old_status: str, new_status: str) -> None:
    words = conf.get_settings().order_status
    payment_order = PaymentOrder.objects.filter(order=order_id).first()
    if payment_order is None:
        return
    if payment_order.is_awaiting:
        if new_status == words.cancelled:
            _cancel(payment_order)
        elif new_status not in ledger.payable_statuses():
            _stop(payment_order)
    elif payment_order.is_with_staff and new_status == words.cancelled:
        _let_go(payment_order)
    elif old_status == words.awaiting:
        _compare(payment_order, new_status)


def _cancel(payment_order: PaymentOrder) -> None:
    """Stop the payment of an order that staff have cancelled, and give back what it held."""
    try:
        ending.cancel(payment_order.pk, by="staff")
    except PingPaymentsError as error:
        logger.warning(
            "The payment of a cancelled order could not be cancelled yet",
            exc_info=loggable(error),
            extra={"order_number": payment_order.order_number},
        )
        # A sync does it as soon as Ping can be asked.
        PaymentOrder.objects.filter(pk=payment_order.pk, state=State.AWAITING).update(
            expires_at=timezone.now()
        )


def _stop(payment_order: PaymentOrder) -> None:
    """Stop the attempt that is open at Ping, where it can be: its payer would pay a second time."""
    for payment in payment_order.payments.filter(live=True):
        try:
            refreshing.stop(client_for(payment_order), payment_order, payment)
        except ConfigurationError as error:
            logger.warning(
                "The payment of an order that was moved on could not be stopped",
                exc_info=loggable(error),
                extra={"order_number": payment_order.order_number},
            )


def _let_go(payment_order: PaymentOrder) -> None:
    """Give back what an order held that was left to staff when its time ran out, and that they now cancel."""
    with locked(payment_order.pk) as book:
        ledger.let_go(book)


def _compare(payment_order: PaymentOrder, new_status: str) -> None:
    """Mark a payment order that had left "awaiting" for another status than the order was set to."""
    words = conf.get_settings().order_status
    ours = {State.CANCELLED: words.cancelled, State.EXPIRED: words.cancelled, State.REFUNDED: new_status}
    if ours.get(State(payment_order.state)) == new_status:
        return
    with locked(payment_order.pk) as book:
        ledger.attend(
            book,
            Attention.ORDER,
            _("The order was set to “%(status)s” in the instant in which its payment became “%(state)s”.")
            % {"status": new_status, "state": book.payment_order.get_state_display()},
        )
