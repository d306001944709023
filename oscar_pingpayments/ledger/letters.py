"""Which e-mails the payer gets: each is caused once, where the shop wants it sent at all."""

from __future__ import annotations

from django.utils import timezone

from .. import conf
from ..models import Effect, Refund
from ..statuses import Meaning, State
from .attempts import is_to_be_paid, may_be_tried
from .book import Book


def confirmation() -> list[Effect.Name]:
    """Return what tells the payer that the order is paid, as effects to cause."""
    return [Effect.Name.CONFIRMATION] if conf.get_settings().emails.confirmation else []


def failed(book: Book) -> None:
    """Let the payer be told that an attempt failed, once for an order: in a while, from the last one on.

    Most payers try again at once, and need no e-mail.
    """
    if not conf.get_settings().emails.failed:
        return
    now = timezone.now()
    told = Effect.objects.filter(payment_order=book.payment_order, name=Effect.Name.FAILED_MAIL)
    if not told.exists():
        book.cause_later(Effect.Name.FAILED_MAIL, after=now)
    else:
        told.filter(done_at__isnull=True).update(claimed_at=now, tries=0)


def is_failed(book: Book) -> bool:
    """Whether the last attempt failed and the order waits for another one, which its payer can make."""
    return (
        is_to_be_paid(book)
        and book.payments[-1].meaning is Meaning.FAILED
        and may_be_tried(book)
        and book.payment_order.expires_at > timezone.now()
    )


def is_ended(book: Book) -> bool:
    """Whether the order ended without money, none of which has come since."""
    return book.payment_order.state in (State.CANCELLED, State.EXPIRED) and not book.has_money


def is_linked(book: Book) -> bool:
    """Whether a link to the payer's page still leads to something to pay."""
    return is_to_be_paid(book) and book.payment_order.expires_at > timezone.now()


def cancelled(book: Book) -> None:
    """Let the payer be told that the order has ended."""
    if conf.get_settings().emails.cancelled:
        book.cause(Effect.Name.CANCELLED_MAIL)


def refunded(book: Book, refund: Refund) -> None:
    """Let the payer be told that a refund is done; by a sync, since it may be a callback that says so."""
    if conf.get_settings().emails.refunded:
        book.cause_later(Effect.Name.REFUNDED_MAIL, about=str(refund.pk))


def link(book: Book, about: str, message: str) -> None:
    """Let the payer be sent a link to pay by, in place of what was to be sent and has not left yet."""
    unsent = Effect.objects.filter(payment_order=book.payment_order, done_at__isnull=True)
    unsent.filter(name=Effect.Name.LINK_MAIL).delete()
    unsent.filter(name=Effect.Name.FAILED_MAIL, tries=0).delete()  # not one that is just leaving
    book.cause(Effect.Name.LINK_MAIL, about=about, message=message)
