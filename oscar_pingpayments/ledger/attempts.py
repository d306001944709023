"""The attempts to be paid for a payment order: begun, started, refused, lost, never answered."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from .. import conf, signals, statuses
from ..exceptions import AuthenticationError, GatewayError, OutcomeUnknownError
from ..gateway import RemotePayment
from ..items import Item
from ..models import Payment, PaymentOrder
from ..statuses import Attention
from . import orders, payers, sources
from .attention import attend
from .book import Book
from .orders import payable_statuses
from .remaining import kept

_FIRST_ASK = timedelta(minutes=1)


def opened(
    order: Any, *, ping_id: UUID, environment: str, tenant_id: UUID, language: str, window: timedelta
) -> PaymentOrder:
    """Write down the payment order of an Oscar order that has just been placed."""
    payment_order = PaymentOrder.objects.create(
        order=order,
        order_number=order.number,
        ping_id=ping_id,
        environment=environment,
        tenant_id=tenant_id,
        currency=order.currency,
        amount=order.total_incl_tax,
        language=language,
        expires_at=timezone.now() + window,
        **payers.found_by(order),
    )
    sources.record(payment_order, order, is_new=True)
    return payment_order


def begin(book: Book, *, items: Sequence[Item], payer_address: str, grace: timedelta) -> Payment:
    """Write down an attempt, before Ping hears of it: from here on its outcome is unknown until told.

    One that could not be sent is taken again. It is asked about soon, in case the process dies before
    Ping has answered. The order does not end for ``grace``, so that its payer has time to pay.
    """
    payment_order = book.payment_order
    now = timezone.now()
    payment_order.expires_at = max(payment_order.expires_at, now + grace)
    if book.live is not None:
        payment = book.live
        payment.items = kept(items)
        # As old as its new beginning: how soon it is asked about goes by its age.
        payment.created_at = payment.sent_at = payment.changed_at = now
        payment.ask_again_at = now + _FIRST_ASK
        payment.save(update_fields=["items", "created_at", "sent_at", "changed_at", "ask_again_at"])
        payment_order.save(update_fields=["expires_at"])
        return payment
    payment_order.attempts += 1
    payment = Payment.objects.create(
        payment_order=payment_order,
        number=payment_order.attempts,
        currency=payment_order.currency,
        amount=payment_order.amount,
        items=kept(items),
        payer_address=payer_address,
        created_at=now,
        sent_at=now,
        changed_at=now,
        ask_again_at=now + _FIRST_ASK,
    )
    payment_order.save(update_fields=["attempts", "expires_at"])
    book.payments.append(payment)
    return payment


def is_to_be_paid(book: Book) -> bool:
    """Whether the order waits for its money, none of which has come, and staff have not moved it on."""
    order = book.order
    waits = book.payment_order.is_awaiting and not book.has_money
    return waits and order is not None and order.status in payable_statuses()


def may_be_tried(book: Book) -> bool:
    """Whether there is an attempt that may still be paid, or another may be made."""
    return book.live is not None or book.payment_order.attempts < conf.get_settings().attempts.per_order


def give_time(book: Book, until: datetime) -> None:
    """Let an order be paid until then, and no longer."""
    book.payment_order.expires_at = until
    book.payment_order.save(update_fields=["expires_at"])


def started(book: Book, payment: Payment, *, ping_id: UUID, pay_url: str) -> None:
    """Write down that Ping has the attempt, and where it is paid ("" where it cannot be known any more)."""
    now = timezone.now()
    payment.ping_id = ping_id
    payment.pay_url = pay_url
    payment.ask_again_at = statuses.ask_again(
        payment.status, began=payment.created_at, changed=payment.changed_at, now=now
    )
    payment.save(update_fields=["ping_id", "pay_url", "ask_again_at"])
    if pay_url:
        book.news.tell(
            signals.payment_started, payment_order=book.payment_order, order=book.order, payment=payment
        )


def is_answer_to(payment: Payment, remote: RemotePayment) -> bool:
    """Whether this is the attempt whose answer was lost: Ping's names the number that it was sent with."""
    lost = payment.sent_at is not None and payment.ping_id is None
    return lost and remote.metadata.get("attempt") == str(payment.number)


def taken_in(book: Book, remote: RemotePayment) -> Payment | None:
    """Write down an attempt that Ping has and the book has not, and return it; None where the book has it.

    It is known by the reference that it was sent with, where that attempt's answer was lost; else it is a
    further one, of which this database never knew. Nobody is sent to its page.
    """
    if remote.id in {payment.ping_id for payment in book.payments}:
        return None
    payment = next((each for each in book.payments if is_answer_to(each, remote)), None)
    if payment is not None:
        started(book, payment, ping_id=remote.id, pay_url="")
        return payment
    payment_order = book.payment_order
    now = timezone.now()
    began = min([now, *(change.occurred_at for change in remote.status_history if change.occurred_at)])
    payment_order.attempts += 1
    payment_order.save(update_fields=["attempts"])
    payment = Payment.objects.create(
        payment_order=payment_order,
        number=payment_order.attempts,
        ping_id=remote.id,
        live=None,
        currency=payment_order.currency,
        amount=payment_order.amount,
        created_at=began,
        sent_at=began,
        changed_at=now,
    )
    book.payments.append(payment)
    if book.order is not None:
        orders.note(
            book.order,
            _("Ping has an attempt to pay that the shop did not know: it is now attempt %(number)d here.")
            % {"number": payment.number},
        )
    return payment


def not_sent(book: Book, payment: Payment) -> None:
    """Write down that Ping never heard of the attempt: it may be sent again as it is."""
    payment.sent_at = None
    payment.ask_again_at = None
    payment.save(update_fields=["sent_at", "ask_again_at"])


def never_arrived(payment: Payment) -> None:
    """Write down that Ping does not have an attempt whose answer was lost; another may be made."""
    payment.error = "Ping never received this attempt"
    set_aside(payment)


def set_aside(payment: Payment) -> None:
    """Make room for another attempt: nobody knows where this one is paid. It is still asked about."""
    payment.live = None
    if payment.ping_id is None:
        payment.ask_again_at = None
    payment.save(update_fields=["live", "error", "ask_again_at"])


def note_refusal(book: Book, payment: Payment, error: GatewayError) -> None:
    """Write down that Ping refused the attempt, in Ping's words, and that staff must look.

    Credentials that Ping does not take are the whole shop's matter: no order of the many that they hit
    needs to be looked at. Where the answer made no sense, Ping may have the attempt all the same: it is asked
    about, to be found and stopped.
    """
    payment.error = error.words
    payment.live = None
    payment.ask_again_at = timezone.now() + _FIRST_ASK if isinstance(error, OutcomeUnknownError) else None
    payment.save(update_fields=["error", "live", "ask_again_at"])
    if not isinstance(error, AuthenticationError):
        attend(book, Attention.REFUSED, error.words)


def no_answer(payment: Payment, *, asked_by: str, retry_after: float | None = None) -> None:
    """Write down that Ping could not be asked, and when to ask again: later each time that a sync fails.

    A page or a callback asks when it likes, and must not push the next sync away. Written without a lock, on
    the columns that only say when to ask.
    """
    now = timezone.now()
    by_sync = asked_by == "sync"
    again = statuses.after_failed_asks(payment.failed_asks, now)
    if not by_sync and payment.ask_again_at is not None:
        again = min(again, payment.ask_again_at)
    if retry_after is not None:
        again = max(again, now + timedelta(seconds=min(retry_after, 86400)))
    payment.failed_asks += by_sync
    payment.ask_again_at = again
    payment.asked_by = asked_by
    payment.save(update_fields=["failed_asks", "ask_again_at", "asked_by"])
