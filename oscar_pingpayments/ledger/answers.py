"""What Ping answered about a payment, written down, and the status that it leads to."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from datetime import datetime, timedelta

from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from .. import signals, statuses
from ..gateway import RemotePayment
from ..models import Payment
from ..privacy import mask
from ..statuses import Attention, Meaning, Move, Note
from . import letters, refunds
from .attempts import never_arrived, no_answer, set_aside
from .attention import attend, is_open, settle
from .book import Book
from .listed import Listed, take_listed
from .receipts import countable, receive

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
    """Whether Ping says a word of an attempt that we do not know, and no person has looked at that yet."""
    return any(is_open(book, Attention.UNKNOWN_STATUS, which=payment.number) for payment in book.payments)


def is_missing(book: Book, payment: Payment) -> bool:
    """Whether Ping does not know an attempt, and no person has looked at that yet."""
    return is_open(book, Attention.IDENTITY, which=payment.number)


def _move(
    book: Book, payment: Payment, answer: RemotePayment, *, asked_by: str, now: datetime, newest: bool
) -> None:
    payment_order = book.payment_order
    step = statuses.move(payment.status, answer.status)
    if step is Move.REPEAT:
        if newest:
            if payment.history and payment.history[-1]["note"]:  # Ping is back from another word
                _remember(payment, answer.status, asked_by, now)
            settle(book, Attention.UNKNOWN_STATUS, which=payment.number)
        return
    if step is Move.UNKNOWN:
        # A person who has looked at a word is not to be asked again for as long as Ping repeats it.
        is_news = _remember(payment, answer.status, asked_by, now, Note.UNKNOWN if newest else Note.OVERTAKEN)
        if is_news and newest:
            detail = _("Ping's word: %(word)s") % {"word": answer.status[:64]}
            attend(book, Attention.UNKNOWN_STATUS, detail, which=payment.number)
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
        settle(book, Attention.UNKNOWN_STATUS, which=payment.number)
    if payment.meaning is not Meaning.WAITING:
        payment.settled_by = asked_by
    if payment.meaning is Meaning.PAID:
        payment.live = None
        receive(book, payment, answer, now)
    elif payment.meaning is Meaning.FAILED:
        payment.live = None
        payment.reason = _why(answer)
        book.news.tell(signals.payment_failed, payment_order=payment_order, order=book.order, payment=payment)
        letters.failed(book)


def _listed(payment: Payment, answer: RemotePayment) -> list[Listed]:
    if answer.currency != payment.currency:
        return []  # none of that money was counted, so nothing of it can be counted as gone
    return [
        Listed(amount, entry.refunded_at, entry.id, entry.status)
        for entry in answer.refunds
        if (amount := countable(entry.amount, payment.currency))
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
