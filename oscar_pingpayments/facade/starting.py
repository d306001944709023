"""From a basket to a page to pay on: Ping's payment order, the order's rows, and an attempt to be paid."""

from __future__ import annotations

import logging
import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.urls import reverse
from django.utils import timezone, translation
from django.utils.translation import gettext_lazy as _
from django.views.decorators.debug import sensitive_variables

from .. import conf, ledger
from ..exceptions import (
    AuthenticationError,
    MoneyError,
    NotSentError,
    OutcomeUnknownError,
    PingPaymentsError,
    RejectedError,
    UnexpectedAnswerError,
)
from ..gateway import InitiatedPayment, NewPayment, Payer, PingClient
from ..items import Item
from ..models import LARGEST_AMOUNT, Payment, PaymentOrder
from ..money import to_minor
from ..statuses import Attention
from . import alerts, limits
from .connection import client_for
from .writing import locked, write

logger = logging.getLogger(__name__)

#: However late an attempt is begun, its payer has so much time before the order ends.
GRACE = timedelta(minutes=15)


class NotPayableError(PingPaymentsError):
    """The order cannot be paid (any more): it is paid, has ended, or its money needs a person."""


class TooManyAttemptsError(NotPayableError):
    """So many attempts were made, of this order or from this address, that no other is started for now."""


@dataclass(frozen=True, slots=True)
class PaymentContext:
    """What an attempt needs to know of the payer's request.

    ``deadline`` is until when, on ``time.monotonic()``'s clock, its payer is made to wait for Ping.
    """

    absolute_url: Callable[[str], str]
    ip_address: str = field(default="", repr=False)
    deadline: float = math.inf

    @property
    def seconds_left(self) -> float:
        """How long the calls that are still to be made may take together."""
        return self.deadline - time.monotonic()


def check_payable(total: Decimal, currency: str) -> int:
    """Return the total in the smallest unit. Raises MoneyError where it cannot be paid by card."""
    minor = to_minor(total, currency)
    if not minor:
        raise MoneyError("Nothing is to be paid")
    if total > LARGEST_AMOUNT:
        raise MoneyError("The amount is larger than an order can have")
    return minor


def open_payment_order(currency: str, context: PaymentContext) -> UUID:
    """Make a payment order at Ping and return its id. Nothing is written: there is no order yet.

    Raises GatewayError, and TooManyAttemptsError before Ping is asked. A payment order that is never used
    stays open and empty at Ping, and costs nobody anything.
    """
    if limits.is_trying_cards(limits.digest(context.ip_address)):
        raise TooManyAttemptsError("Too many attempts from this address have failed")
    try:
        client = client_for(None).within(context.seconds_left)
        return client.create_payment_order(currency=currency, split_tree_id=conf.get_settings().split_tree_id)
    except AuthenticationError as error:
        alerts.credentials_refused(error)
        raise


def place(order: Any, ping_id: UUID) -> PaymentOrder:
    """Write down the payment order of an Oscar order, in the transaction that places it."""
    settings = conf.get_settings()
    return ledger.opened(
        order,
        ping_id=ping_id,
        environment=settings.environment,
        tenant_id=settings.tenant_id,
        language=translation.get_language() or "",
        window=settings.payment_window,
    )


def start(payment_order_id: int, context: PaymentContext) -> Payment:
    """Return the attempt that the payer can pay now, making one at Ping where there is none.

    Where an attempt is live it is returned as it is: a second tab gets the same page. Its
    ``can_be_paid_at`` is "" where Ping has not answered yet or its outcome is not known.

    Raises NotPayableError, and GatewayError where Ping refuses or cannot be reached; both leave the rows
    in a state from which this may be called again.
    """
    payer_address = limits.digest(context.ip_address)
    with locked(payment_order_id) as book:
        payment_order = book.payment_order
        if not ledger.is_to_be_paid(book):
            raise NotPayableError(f"Order {payment_order.order_number} is not to be paid")
        if payment_order.expires_at <= timezone.now():
            raise NotPayableError(f"The time to pay order {payment_order.order_number} ran out")
        if book.live is not None and book.live.sent_at is not None:
            return book.live
        too_many = _are_too_many(book, payer_address)
        if not too_many:
            client = client_for(payment_order)  # before an attempt is written that could not be sent
            items, payer = ledger.items_of(book.order, payment_order), ledger.payer_of(book.order)
            grace = min(GRACE, conf.get_settings().payment_window)
            payment = ledger.begin(book, items=items, payer_address=payer_address, grace=grace)
    if too_many:
        raise TooManyAttemptsError(f"Too many attempts were made to pay order {payment_order.order_number}")
    request = _request(payment, items, payer, context)
    try:
        answer = _initiate(client.within(context.seconds_left), payment_order, request)
    except NotSentError:
        _write(payment, ledger.not_sent)
        raise
    except (RejectedError, UnexpectedAnswerError) as error:
        # After an answer that names no page nobody knows where to pay it: it is as good as refused.
        _write(payment, ledger.note_refusal, error)
        if isinstance(error, AuthenticationError):
            alerts.credentials_refused(error)
        raise
    except OutcomeUnknownError:
        logger.warning(
            "The outcome of a new payment is unknown",
            extra={"order_number": payment_order.order_number, "attempt": payment.number},
        )
        raise
    return _write(payment, ledger.started, ping_id=answer.id, pay_url=answer.pay_url)


def _are_too_many(book: ledger.Book, payer_address: str) -> bool:
    """Whether no other attempt may be made; where it is for the order's own number, staff are told."""
    limit = conf.get_settings().attempts.per_order
    if book.live is None and book.payment_order.attempts >= limit:
        ledger.attend(book, Attention.TOO_MANY, _("It was tried %(number)d times.") % {"number": limit})
        return True
    # An order's first attempt was counted before the order was placed.
    return book.payment_order.attempts > 0 and limits.is_trying_cards(payer_address)


def _initiate(client: PingClient, payment_order: PaymentOrder, request: NewPayment) -> InitiatedPayment:
    answer = client.initiate_payment(payment_order.ping_id, request)
    if not conf.get_settings().may_send_payer_to(answer.pay_url):
        raise UnexpectedAnswerError("Ping named a payment page that the shop does not send payers to")
    return answer


@sensitive_variables("facts")
def _write(payment: Payment, entry: Callable[..., None], *args: object, **facts: object) -> Payment:
    """Let the ledger write its entry about an attempt, and return the attempt as it is now."""

    def write_entry(book: ledger.Book) -> Payment:
        current = book.payment(payment.pk)
        entry(book, current, *args, **facts)
        return current

    return write(payment.payment_order_id, write_entry)


@sensitive_variables("payer", "back", "parameters")
def _request(payment: Payment, items: Sequence[Item], payer: Payer, context: PaymentContext) -> NewPayment:
    settings = conf.get_settings()
    payment_order = payment.payment_order
    back = context.absolute_url(reverse("pingpayments:return", args=[payment.token]))
    parameters: dict[str, object] = {
        "success_url": back,
        "error_url": back,
        "locale": settings.locale_for(payment_order.language),
    }
    if settings.cashier:
        parameters["cashier"] = dict(settings.cashier)
    return NewPayment(
        currency=payment.currency,
        total_amount=to_minor(payment.amount, payment.currency),
        provider=settings.provider,
        method=settings.method,
        order_items=ledger.for_ping(items),
        payer=replace(payer, ip_address=context.ip_address),
        provider_method_parameters=parameters,
        # Ours, to find the attempt again at Ping where its answer was lost.
        metadata={"order_number": payment_order.order_number, "attempt": str(payment.number)},
        status_callback_url=context.absolute_url(reverse("pingpayments:callback", args=[payment.token])),
    )
