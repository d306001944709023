"""The one way a payment moves forward: ask Ping what is true, then write it down under the lock."""

from __future__ import annotations

import logging
import math
import time
from datetime import datetime, timedelta

from django.db import DatabaseError
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from .. import conf, ledger
from ..exceptions import AuthenticationError, GatewayError, NotFoundError, PingPaymentsError
from ..gateway import PingClient, RemotePayment
from ..models import Payment, PaymentOrder
from ..privacy import loggable
from ..statuses import Attention, Meaning
from . import alerts
from .connection import client_for
from .writing import drop_lost_connection, locked

logger = logging.getLogger(__name__)

#: A page asks Ping at most this often for one payment, however many have it open.
PAGE_INTERVAL = timedelta(seconds=3)
#: Who asks because somebody looks: nothing is begun or ended by that.
_LOOKING = frozenset({"page", "return"})
#: An attempt this young may still be on its way to Ping in another process.
IN_FLIGHT = timedelta(seconds=20)
#: An attempt that Ping does not list after this long never arrived.
NEVER_ARRIVED = timedelta(seconds=60)
#: So many asks in a row that end in an error, or in an answer that cannot be read, are for a person.
STUCK_AFTER = 5


def refresh(payment_id: int, *, by: str) -> Payment:
    """Ask Ping about a payment, write down the answer and return the payment as it is now.

    ``by`` says who asks, for the payment's history: "callback", "return", "page", "sync", "staff", ...
    Raises GatewayError where Ping does not answer; the payment is then asked about again later.
    """
    return ask(Payment.objects.select_related("payment_order").get(pk=payment_id), by=by)


def refresh_for_page(payment: Payment, *, by: str) -> Payment:
    """Refresh for someone who is looking, unless somebody did in the last seconds or is doing it now.

    However many look, and however long Ping takes, one of them waits for it. Payments that are paid are not
    asked about: a page cannot make them more so. Whatever goes wrong is logged, and the page shows what we
    know: it must never be an error itself.
    """
    if payment.meaning is Meaning.PAID:
        return payment
    try:
        return _ask_alone(payment, by=by)
    except (PingPaymentsError, DatabaseError) as error:
        logger.log(
            logging.WARNING if isinstance(error, GatewayError) else logging.ERROR,
            "Ping could not be asked for a page",
            exc_info=loggable(error),
            extra={"order_number": payment.payment_order.order_number},
        )
        drop_lost_connection()
        return Payment.objects.select_related("payment_order").get(pk=payment.pk)


def _ask_alone(payment: Payment, *, by: str) -> Payment:
    """Ask, unless another page did or does; one whose process died is waited for as long as a call takes."""
    now = timezone.now()
    row = Payment.objects.filter(pk=payment.pk)
    free = Q(page_asked_at__isnull=True) | Q(page_asked_at__lt=now - PAGE_INTERVAL)
    if not row.filter(free).update(page_asked_at=now + _longest_call()):
        return payment
    try:
        return ask(payment, by=by)
    finally:
        row.update(page_asked_at=timezone.now())


def ask(payment: Payment, *, by: str, within: float = math.inf) -> Payment:
    """Ask Ping about a payment that has been read with its payment order; see ``refresh``.

    ``within`` is how long each call to Ping may take, in seconds, where that is less than usual.
    """
    client = client_for(payment.payment_order).within(within)
    asked_at = timezone.now()
    try:
        answer = _answer(client, payment)
    except NotFoundError:
        return _not_found(payment, by=by, asked_at=asked_at)
    except GatewayError as error:
        ledger.no_answer(payment, asked_by=by, retry_after=error.retry_after)
        if isinstance(error, AuthenticationError):
            alerts.credentials_refused(error)
        raise
    current, useless = _write(payment, answer, by=by, asked_at=asked_at)
    if useless is not None:
        stop(client, payment.payment_order, useless)
    return current


def ask_about_all(
    payment_order: PaymentOrder, *, by: str, stop_after: timedelta = timedelta.min, deadline: float = math.inf
) -> set[int]:
    """Ask about every attempt of an order that may have been paid, and return which they are.

    Those that have failed too: whether a second card can be tried on a page is not documented. The one that
    is open is stopped first, or only where it was begun ``stop_after`` ago or earlier. Raises GatewayError,
    also where not all can be asked about before ``deadline``, on ``time.monotonic()``'s clock.
    """
    asked = set()
    for payment in payment_order.payments.select_related("payment_order").order_by("number"):
        if payment.sent_at is None or payment.meaning is Meaning.PAID:
            continue
        if payment.live:
            if timezone.now() - payment.sent_at >= stop_after:
                # Half of what is left: asking matters, and must have time where stopping takes long.
                client = client_for(payment_order).within((deadline - time.monotonic()) / 2)
                stop(client, payment_order, payment)
        elif payment.ping_id is None:
            continue
        ask(payment, by=by, within=deadline - time.monotonic())
        asked.add(payment.pk)
    return asked


def _answer(client: PingClient, payment: Payment) -> RemotePayment | None:
    """Return the payment as Ping has it now, or None where it never got there.

    An attempt whose answer was lost is found by the reference that it was sent with.
    """
    order_id = payment.payment_order.ping_id
    if payment.ping_id is not None:
        return client.get_payment(order_id, payment.ping_id)
    if payment.sent_at is None:
        return None
    held = set(payment.payment_order.payments.values_list("ping_id", flat=True))
    attempts = client.get_payment_order(order_id).payments
    return next((row for row in attempts if row.id not in held and ledger.is_answer_to(payment, row)), None)


def _longest_call() -> timedelta:
    timeout = conf.get_settings().timeout
    return timedelta(seconds=timeout.connect + timeout.read)


def stop(client: PingClient, payment_order: PaymentOrder, payment: Payment) -> None:
    """Ask Ping to stop an attempt that nobody should pay any more; whether it can is Ping's to say.

    What becomes of it is learnt by asking, so a refusal is only logged.
    """
    if payment.ping_id is None:
        return
    try:
        client.stop_payment(payment_order.ping_id, payment.ping_id)
    except GatewayError as error:
        logger.info(
            "A payment could not be stopped",
            extra={"order_number": payment_order.order_number, "status_code": error.status_code},
        )


def _write(
    payment: Payment, answer: RemotePayment | None, *, by: str, asked_at: datetime
) -> tuple[Payment, Payment | None]:
    """Write the answer down; return the attempt, and one that nobody should pay any more, or None."""
    useless = None
    with locked(payment.payment_order_id) as book:
        current = book.payment(payment.pk)
        was_live = current.live
        age = asked_at - (current.sent_at or asked_at)
        if answer is not None:
            if current.ping_id is None:
                ledger.started(book, current, ping_id=answer.id, pay_url="")
            ledger.apply_answer(book, current, answer, asked_by=by, asked_at=asked_at)
            if (
                current.live
                and not current.pay_url
                and age >= max(IN_FLIGHT, _longest_call() + PAGE_INTERVAL)
            ):
                # Only the answer that was lost named the page to pay on: nobody can pay there.
                ledger.set_aside(current)
        elif current.live and current.outcome_unknown and age >= max(NEVER_ARRIVED, 2 * _longest_call()):
            ledger.never_arrived(current)
        elif not current.live:
            ledger.set_aside(current)
        if book.has_money and book.live is not None:
            useless = book.live
        elif answer is not None and not current.live and current.meaning is Meaning.WAITING:
            # Nobody was sent there, or the order has ended: each time it is asked about, until it ends. By a
            # page only in the moment in which that becomes known: whoever follows links may open it.
            useless = current if was_live or by not in _LOOKING else None
    return current, useless


def tell_staff_if_stuck(payment: Payment, error: Exception) -> None:
    """Let staff be told of a payment that was asked about again and again, and cannot be followed up.

    Its next turn comes all the same: what is wrong with it may be mended, here or at Ping.
    """
    if payment.failed_asks < STUCK_AFTER:
        return
    with locked(payment.payment_order_id) as book:
        words = error.words if isinstance(error, GatewayError) else type(error).__name__
        detail = _("Attempt %(number)d: %(error)s") % {"number": payment.number, "error": words}
        ledger.attend(book, Attention.STUCK, detail)


def _not_found(payment: Payment, *, by: str, asked_at: datetime) -> Payment:
    with locked(payment.payment_order_id) as book:
        current = book.payment(payment.pk)
        ledger.not_known(book, current, asked_by=by, asked_at=asked_at)
    return current
