"""Money that has come: recorded whatever it is, and the order paid where it is what was asked for."""

from __future__ import annotations

import logging
from datetime import datetime
from decimal import Decimal

from django.utils.translation import gettext_lazy as _

from .. import conf
from ..exceptions import MoneyError
from ..gateway import RemotePayment
from ..models import LARGEST_AMOUNT, Effect, Payment, PaymentOrder, written
from ..money import from_minor
from ..statuses import SETTLED_BY_PAYMENT, Attention, State
from . import letters, orders, refunds, settlements, sources, usage
from .attention import attend, in_words, settle
from .book import Book
from .listed import gone_back
from .reinstating import take_again

logger = logging.getLogger(__name__)


def receive(book: Book, payment: Payment, answer: RemotePayment, now: datetime) -> None:
    """Money has come: record it whatever it is; let it pay the order where it is what was asked for."""
    payment_order = book.payment_order
    received = countable(answer.total_amount, answer.currency)
    if answer.currency == payment.currency:
        payment.amount_received = received
    settings = conf.get_settings()
    if payment_order.state == State.AWAITING and book.order is not None and orders.is_cancelled(book.order):
        usage.give_up(book, State.CANCELLED)  # by staff, in Oscar: it must not be fulfilled
    fits = (received, answer.currency) == (payment.amount, payment.currency)
    pays = fits and (
        payment_order.state == State.AWAITING
        or (not payment_order.is_paid and settings.reinstate_late and take_again(book))
    )
    payment_order.amount_paid = book.received
    if payment_order.amount_refunded or len(payment.history) > 1 or len(book.payments) > 1:
        # No more was counted until now than had come, and what Ping lists may have gone before it.
        payment_order.amount_refunded = min(gone_back(payment_order), payment_order.amount_paid)
    if pays:
        payment_order.state, payment_order.paid_at = PaymentOrder.State.PAID, now
        payment_order.ended_at = None
        book.cause(Effect.Name.ORDER_PAID, *letters.confirmation())
    payment_order.save()
    if book.order is not None:
        source = sources.record(payment_order, book.order)
        sources.add_transaction(source, "Debit", payment.amount_received, payment)
        lines = written(book.order.lines) if pays else ()
        sources.add_event(
            book.order,
            sources.PAID,
            payment.amount_received,
            payment,
            quantities={line: line.quantity for line in lines},
        )
    if pays:
        _pay_order(book)
    elif not fits:
        _keep(
            book,
            Attention.AMOUNT,
            _("Ping says %(amount)s, and %(asked)s was asked for.")
            % {
                "amount": in_words(answer.total_amount, answer.currency),
                "asked": f"{payment.amount} {payment.currency}",
            },
            payment,
        )
    elif payment_order.is_paid:
        detail = _("Attempt %(number)d was paid too.") % {"number": payment.number}
        if settings.refund_duplicates:
            refunds.intend_all(book, payment, detail)
        else:
            _keep(book, Attention.DUPLICATE, detail, payment)
    else:
        detail = _("Attempt %(number)d was paid.") % {"number": payment.number}
        if settings.refund_late:
            refunds.intend_all(book, payment, detail)
        else:
            _keep(book, Attention.LATE, detail, payment)


def _keep(book: Book, reason: Attention, detail: object, payment: Payment) -> None:
    """Leave money that does not fit to a person."""
    attend(book, reason, detail, which=payment.number)
    if book.order is None:
        return
    orders.note(
        book.order,
        _("Money came that does not fit (%(reason)s): nothing was done with the order.")
        % {"reason": book.payment_order.get_attention_display()},
    )


def _pay_order(book: Book) -> None:
    settle(book, *SETTLED_BY_PAYMENT)
    settlements.plan_where_paid(book)
    order = book.order
    if order is None:
        attend(book, Attention.ORDER, _("The order was deleted."))
        return
    orders.note(order, _("Paid by card."))
    payment_order = book.payment_order
    if order.total_incl_tax != payment_order.amount:
        orders.note(
            order,
            _("%(amount)s %(currency)s was paid, as was asked for; the order comes to %(total)s by now.")
            % {
                "amount": payment_order.amount,
                "currency": payment_order.currency,
                "total": order.total_incl_tax,
            },
        )
    paid = conf.get_settings().order_status.paid
    if order.status == paid:
        attend(
            book,
            Attention.ORDER,
            _("The order was “%(status)s” before the card was paid: was it paid in another way, too?")
            % {"status": paid},
        )
    elif not orders.set_status(order, paid):
        attend(
            book,
            Attention.ORDER,
            _("The order's status is “%(status)s”, from which the shop's pipeline does not lead to paid.")
            % {"status": order.status},
        )


def countable(minor: int, currency: str) -> Decimal:
    """Return an amount of Ping's, or nought where it is none that can be kept: the log tells which."""
    try:
        amount = from_minor(minor, currency)
    except MoneyError:
        amount = None
    if amount is None or amount > LARGEST_AMOUNT:
        logger.error(
            "Ping names an amount that cannot be kept", extra={"amount": minor, "currency": currency[:8]}
        )
        return Decimal(0)
    return amount
