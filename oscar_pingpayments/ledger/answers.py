"""What Ping answered about a payment, written down: the status it leads to, and the money that has come."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from datetime import datetime, timedelta
from decimal import Decimal

from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from .. import conf, signals, statuses
from ..exceptions import MoneyError
from ..gateway import RemotePayment
from ..models import LARGEST_AMOUNT, Effect, Payment, PaymentOrder
from ..money import from_minor
from ..privacy import mask
from ..statuses import SETTLED_BY_PAYMENT, Attention, Meaning, Move, Note, State
from . import letters, orders, refunds, settlements, sources, usage
from .attempts import never_arrived, no_answer, set_aside
from .attention import attend, in_words, is_open, settle
from .book import Book
from .listed import Listed, gone_back, take_listed
from .reinstating import take_again

logger = logging.getLogger(__name__)

_HISTORY_LENGTH = 100
_REFUND_ON_ITS_WAY = timedelta(hours=1)  # one that Ping lists without a time: it is not done yet


def apply_answer(
    book: Book, payment: Payment, answer: RemotePayment, *, asked_by: str, asked_at: datetime
) -> None:
    """Write down what Ping answered about a payment, and move what it moves.

    ``asked_at`` is when the question left: an answer that was overtaken by a newer one is recorded and
    contradicts nobody. Whoever asked, in whatever order, the transition table makes the end the same.
    """
    payment_order = book.payment_order
    now = timezone.now()
    newest = payment.asked_at is None or asked_at >= payment.asked_at
    if newest:
        payment.asked_at, payment.asked_by, payment.failed_asks = asked_at, asked_by, 0
    settle(book, Attention.STUCK)
    again, word = None, answer.status
    if answer.id != payment.ping_id or answer.payment_order_id != payment_order.ping_id:
        _remember(payment, word, asked_by, now, Note.IDENTITY)
        word = ""  # it says nothing of this payment
        attend(book, Attention.IDENTITY, _("Ping's answer names another payment or payment order."))
    else:
        if newest:
            settle(book, Attention.IDENTITY, which=payment.number)
        was_paid = payment.meaning is Meaning.PAID
        _move(book, payment, answer, asked_by=asked_by, now=now, newest=newest)
        if was_paid or answer.refunds:
            take_listed(book, payment, _listed(payment, answer), is_list=answer.lists_refunds, newest=newest)
        again = refunds.ask_again(payment, now) if was_paid else None
        if again is None and any(entry.refunded_at is None for entry in answer.refunds):
            again = now + _REFUND_ON_ITS_WAY
    payment.ask_again_at = again or _when_to_ask_again(payment, word, now)
    payment.save()


def _when_to_ask_again(payment: Payment, word: str, now: datetime) -> datetime | None:
    words = [payment.status]
    if payment.meaning is Meaning.FAILED and statuses.meaning(word) is Meaning.WAITING:
        words.insert(0, word)  # Ping does not say that it failed: it may be paid, or have been
    for each in words:
        again = statuses.ask_again(each, began=payment.created_at, changed=payment.changed_at, now=now)
        if again is not None:
            return again
    return None


def not_known(book: Book, payment: Payment, *, asked_by: str, asked_at: datetime) -> None:
    """Write down that Ping does not know an attempt; staff are told once, until Ping knows it again.

    It may be the shop that asks in the wrong place, so this alone ends nothing. Once a person has looked, the
    attempt is as good as failed: another one may be made, and the order may end. Ping is asked all the same.
    """
    if payment.asked_at is not None and asked_at < payment.asked_at:
        return  # overtaken: Ping has known it since
    now = timezone.now()
    is_news = _remember(payment, "", asked_by, now, Note.MISSING)
    payment.asked_at = asked_at
    payment.save(update_fields=["history", "asked_at"])
    if is_news:
        detail = _("Ping does not know attempt %(number)d.") % {"number": payment.number}
        attend(book, Attention.IDENTITY, detail, which=payment.number)
    if is_missing(book, payment):
        no_answer(payment, asked_by=asked_by)
        return
    payment.asked_by, payment.failed_asks = asked_by, 0
    payment.ask_again_at = statuses.ask_again(
        payment.status, began=payment.created_at, changed=payment.changed_at, now=now
    )
    payment.save(update_fields=["asked_by", "failed_asks", "ask_again_at"])
    if payment.outcome_unknown:
        never_arrived(payment)
    else:
        set_aside(payment)


def has_unknown_status(book: Book) -> bool:
    """Whether Ping has said a word that we do not know, and no person has looked at that yet."""
    return is_open(book, Attention.UNKNOWN_STATUS)


def is_missing(book: Book, payment: Payment) -> bool:
    """Whether Ping does not know an attempt, and no person has looked at that yet."""
    return is_open(book, Attention.IDENTITY, which=payment.number)


def _move(
    book: Book, payment: Payment, answer: RemotePayment, *, asked_by: str, now: datetime, newest: bool
) -> None:
    payment_order = book.payment_order
    step = statuses.move(payment.status, answer.status)
    if step is Move.REPEAT:
        if newest and payment.history and payment.history[-1]["note"]:  # Ping is back from another word
            _remember(payment, answer.status, asked_by, now)
            settle(book, Attention.UNKNOWN_STATUS)
        return
    if step is Move.UNKNOWN:
        # A person who has looked at a word is not to be asked again for as long as Ping repeats it.
        is_news = _remember(payment, answer.status, asked_by, now, Note.UNKNOWN if newest else Note.OVERTAKEN)
        if is_news and newest:
            attend(book, Attention.UNKNOWN_STATUS, _("Ping's word: %(word)s") % {"word": answer.status[:64]})
        return
    if step is Move.BACKWARD:
        note = Note.BACKWARD if newest else Note.OVERTAKEN
        is_news = _remember(payment, answer.status, asked_by, now, note)
        to_failed = statuses.meaning(answer.status) is Meaning.FAILED
        if is_news and newest and to_failed and payment.meaning is Meaning.PAID:
            attend(
                book,
                Attention.CHANGED,
                _("From %(old)s to %(new)s") % {"old": payment.status, "new": answer.status},
            )
        return
    status = statuses.parse(answer.status)
    # A step forward leads to a status that we know.
    assert status is not None  # nosec B101  # noqa: S101
    payment.status = status.value
    payment.changed_at = now
    _remember(payment, answer.status, asked_by, now)
    if newest:
        settle(book, Attention.UNKNOWN_STATUS)
    if payment.meaning is not Meaning.WAITING:
        payment.settled_by = asked_by
    if payment.meaning is Meaning.PAID:
        payment.live = None
        _receive(book, payment, answer, now)
    elif payment.meaning is Meaning.FAILED:
        payment.live = None
        payment.reason = _why(answer)
        book.news.tell(signals.payment_failed, payment_order=payment_order, order=book.order, payment=payment)
        letters.failed(book)


def _receive(book: Book, payment: Payment, answer: RemotePayment, now: datetime) -> None:
    """Money has come: record it whatever it is; let it pay the order where it is what was asked for."""
    payment_order = book.payment_order
    received = _amount(answer.total_amount, answer.currency)
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
        lines = book.order.lines.all() if pays else ()
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


def _amount(minor: int, currency: str) -> Decimal:
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


def _listed(payment: Payment, answer: RemotePayment) -> list[Listed]:
    if answer.currency != payment.currency:
        return []  # none of that money was counted, so nothing of it can be counted as gone
    return [
        Listed(amount, entry.refunded_at, entry.id, entry.status)
        for entry in answer.refunds
        if (amount := _amount(entry.amount, payment.currency))
    ]


def _remember(payment: Payment, word: str, asked_by: str, now: datetime, note: Note | None = None) -> bool:
    """Add a word of Ping's to the payment's history; return whether it is news.

    The same word twice in a row, with the same effect, is one entry. One that was overtaken by itself adds
    nothing: two had asked at once. Where the history is full, the newest word takes the last one's place.
    """
    entry = {"status": word[:64], "by": asked_by, "at": now.isoformat(), "note": note or ""}
    last = payment.history[-1] if payment.history else {}
    if last.get("status") == entry["status"] and entry["note"] in (last["note"], Note.OVERTAKEN):
        return False
    payment.history = [*payment.history[: _HISTORY_LENGTH - 1], entry]
    return True


def _why(answer: RemotePayment) -> str:
    """Return the reason that Ping's status history gives for a failure, for staff, or ""."""
    for change in reversed(answer.status_history):
        data = change.details.get("provider_data")
        if isinstance(data, Mapping):
            for key in ("message", "error_message", "reason", "status_description"):
                if isinstance(data.get(key), str):
                    return mask(data[key])[:255]
    return ""
