"""The end of a payment order at Ping: closed, split, settled, by a person's hand."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from uuid import UUID

from django.utils.translation import gettext_lazy as _

from .. import ledger
from ..exceptions import AuthenticationError, GatewayError, PingPaymentsError, RejectedError
from ..gateway import PingClient
from ..ledger import Book, Person
from ..models import PaymentOrder, Refund, StaffAction
from ..statuses import OPEN, is_at
from . import alerts
from .connection import client_for
from .writing import must_be_outermost, write

logger = logging.getLogger(__name__)


class RefundOnItsWayError(PingPaymentsError):
    """Money is on its way back, which splitting the payment order would end; wait until it is there."""


@dataclass(frozen=True, slots=True)
class _Step:
    """One step to the end: the word that Ping has for a payment order after it, and how it is asked for."""

    word: str
    action: StaffAction.Name
    ask: Callable[[PingClient, UUID, bool], None]
    ends_refunds: bool = True


def _close(client: PingClient, ping_id: UUID, fast_forward: bool) -> None:
    client.close_payment_order(ping_id)


def _split(client: PingClient, ping_id: UUID, fast_forward: bool) -> None:
    client.split_payment_order(ping_id, fast_forward=fast_forward)


def _settle(client: PingClient, ping_id: UUID, fast_forward: bool) -> None:
    client.settle_payment_order(ping_id, fast_forward=fast_forward)


STEPS = {
    "close": _Step("CLOSED", StaffAction.Name.CLOSE, _close, ends_refunds=False),
    "split": _Step("SPLIT", StaffAction.Name.SPLIT, _split),
    "settle": _Step("SETTLED", StaffAction.Name.SETTLE, _settle),
}


def close(payment_order_id: int, *, person: Person | None = None) -> PaymentOrder:
    """Let Ping take no more payments for an order, and return its payment order as it is now.

    Refunds stay possible. Raises RejectedError, with Ping's words, where Ping does not want to (an attempt to
    pay is still open), and GatewayError where it does not answer: then it may be asked again, as often as one
    likes. One that is closed already, or further, is left alone.
    """
    return go(payment_order_id, "close", person=person)


def split(payment_order_id: int, *, fast_forward: bool = False, person: Person | None = None) -> PaymentOrder:
    """Let Ping divide the money between merchants, which ends refunds; see ``close``.

    Ping wants the payment order to be closed first, or ``fast_forward``. Raises RefundOnItsWayError too.
    """
    return go(payment_order_id, "split", fast_forward=fast_forward, person=person)


def settle(
    payment_order_id: int, *, fast_forward: bool = False, person: Person | None = None
) -> PaymentOrder:
    """Let Ping pay the merchants out, which should not be before delivery (Ping's advice); see ``split``."""
    return go(payment_order_id, "settle", fast_forward=fast_forward, person=person)


def refresh_order(payment_order_id: int) -> PaymentOrder:
    """Ask Ping how far it is with a payment order, and return it as it is now.

    Raises GatewayError where Ping does not answer.
    """
    payment_order = PaymentOrder.objects.get(pk=payment_order_id)
    answer = client_for(payment_order).get_payment_order(payment_order.ping_id)
    return write(payment_order_id, partial(_moved, word=answer.status))


def look(payment_order: PaymentOrder) -> None:
    """Ask Ping how far it is with a payment order, where it does answer: to be shown, and no more."""
    try:
        refresh_order(payment_order.pk)
    except GatewayError as error:
        logger.info(
            "Ping did not say how far it is with a payment order",
            extra={"order_number": payment_order.order_number, "status_code": error.status_code},
        )


def go(
    payment_order_id: int, name: str, *, fast_forward: bool = False, person: Person | None = None
) -> PaymentOrder:
    """Take a step to the end; see ``close``, ``split`` and ``settle``."""
    must_be_outermost()
    step = STEPS[name]
    payment_order = PaymentOrder.objects.get(pk=payment_order_id)
    if is_at(payment_order.status, step.word):
        return payment_order
    if step.ends_refunds and _has_refunds_on_their_way(payment_order):
        raise RefundOnItsWayError(_("A refund is on its way, which this would end. Wait until it is there."))
    client = client_for(payment_order)
    try:
        step.ask(client, payment_order.ping_id, fast_forward)
    except RejectedError as error:
        if isinstance(error, AuthenticationError):
            alerts.credentials_refused(error)
        else:
            look(payment_order)
        raise
    if person is not None:
        write(payment_order_id, partial(_acted, step=step, person=person, fast_forward=fast_forward))
    look(payment_order)
    return PaymentOrder.objects.get(pk=payment_order_id)


def _has_refunds_on_their_way(payment_order: PaymentOrder) -> bool:
    refunds = Refund.objects.filter(payment__payment_order=payment_order)
    return any(refund.state in OPEN for refund in refunds)


def _moved(book: Book, *, word: str) -> PaymentOrder:
    ledger.settlements.note_status(book, word)
    return book.payment_order


def _acted(book: Book, *, step: _Step, person: Person, fast_forward: bool) -> None:
    """Write down who did it; of several in the same instant only those whom Ping may have heard first."""
    if not is_at(book.payment_order.status, step.word):
        ledger.acted(book.payment_order, step.action, person, _("fast-forward") if fast_forward else "")
