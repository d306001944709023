"""Refunds that the shop asks for: written before Ping hears of them, and what became of the asking."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal

from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from .. import statuses
from ..exceptions import NotRefundableError
from ..gateway import NewRefund, RemoteRefund
from ..items import Kind
from ..models import Effect, Payment, Refund, StaffAction
from ..money import to_minor
from ..remains import Part, everything, money, pieces, to_tell
from ..statuses import Attention, RefundState
from . import orders
from .attention import attend, in_words, settle
from .book import Book
from .remaining import Remaining, amount_of, for_ping, keep_items, kept_parts, paying, remaining
from .trail import Person, acted

_SOON = timedelta(minutes=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What is to go back: an amount, or pieces of lines, shipping, surcharges; everything where none is said.

    ``lines`` are pieces by the key of Oscar's order line.
    """

    amount: Decimal | None = None
    lines: Mapping[int, int] = field(default_factory=dict)
    shipping: bool = False
    surcharges: bool = False
    reason: Refund.Reason = Refund.Reason.OTHER
    description: str = ""
    message: str = ""
    restock: bool = False


def intend(
    book: Book,
    payment: Payment,
    wanted: Wanted,
    *,
    origin: Refund.Origin,
    key: str | None = None,
    person: Person | None = None,
) -> Refund:
    """Write down that money is to go back: from here on nobody else can give it back.

    Raises NotRefundableError where it is more than is left, or nothing, and MoneyError for an amount that
    the currency does not have.
    """
    left = remaining(payment, book.order)
    parts = _parts(left, wanted)
    keep_items(payment, book.order)
    pays = payment == paying(book.payment_order, book.payments)
    refund = Refund.objects.create(
        payment=payment,
        key=key,
        origin=origin,
        amount=amount_of(parts, payment.currency),
        parts=kept_parts(parts),
        reason=wanted.reason,
        description=wanted.description,
        message=wanted.message,
        restock=wanted.restock and pays,
        by=person.name[:150] if person else "",
        created_by_id=person.user_id if person else None,
    )
    if person is not None:
        acted(book.payment_order, StaffAction.Name.REFUND, person, _in_words(refund, left, parts))
    return refund


def intend_all(book: Book, payment: Payment, why: object) -> None:
    """Write down that all of an attempt's money is to go back by itself; it is asked for after the commit."""
    intend(book, payment, Wanted(), origin=Refund.Origin.AUTOMATIC)
    book.cause_later(Effect.Name.REFUND, about=str(payment.number))
    if book.order is not None:
        orders.note(book.order, _("%(why)s It is given back by itself.") % {"why": why})


def intended(payment: Payment) -> Refund | None:
    """Return the refund that an attempt is to have by itself, while it is not known to be with Ping."""
    # Of an earlier version's refunds these alone were asked for here.
    mine = payment.refunds.filter(origin__in=["", Refund.Origin.AUTOMATIC], error="", refunded_at=None)
    return mine.filter(ping_id=None, status="").first()


def asked_for(book: Book, refund: Refund) -> NewRefund:
    """Write down that Ping is being asked for a refund, and return what it is asked.

    From here on its outcome is unknown until told. Raises NotRefundableError where so much is not left any
    more: some of the money has gone back in Ping's portal since the refund was written down.
    """
    payment = book.payment(refund.payment_id)
    left = remaining(payment, book.order)
    if left.refunded + left.reserved > left.paid:
        raise _too_much(left, max(left.paid - left.refunded - left.reserved + refund.amount, Decimal(0)))
    refund.sent_at = timezone.now()
    refund.save(update_fields=["sent_at"])
    _ask_soon(payment)
    # For all of the money there are none (documented).
    items = to_tell(left.sent, left.items) if any(item.amount for item in left.items) else ()
    return NewRefund(
        amount=to_minor(refund.amount, payment.currency),
        currency=payment.currency,
        reason=refund.reason,
        description=refund.description,
        message=refund.message,
        order_items=for_ping(items),
    )


def not_asked_for(book: Book, refund: Refund) -> None:
    """Write down that Ping never heard of a refund: it is asked for again by itself."""
    refund.sent_at = None
    refund.save(update_fields=["sent_at"])


def accepted(book: Book, refund: Refund, answer: RemoteRefund) -> None:
    """Write down that Ping has taken a refund on: it carries it out later or, as it may say at once, not."""
    payment = book.payment(refund.payment_id)
    if refund.refunded_at is None:
        refund.status = answer.status[:32]
        if statuses.refund_failed(answer.status):
            refund.error = refund.status
    if Refund.objects.filter(ping_id=answer.id).exclude(pk=refund.pk).exists():
        attend(book, Attention.IDENTITY, _("Ping gave a refund the id of another one."))
    else:
        refund.ping_id = answer.id
    refund.save(update_fields=["ping_id", "status", "error"])
    if refund.error and refund.origin == Refund.Origin.AUTOMATIC:
        attend(book, Attention.REFUND, _("Ping's word: %(word)s") % {"word": refund.error}, which=refund.pk)
    said = (answer.amount, answer.currency)
    if said != (to_minor(refund.amount, payment.currency), payment.currency):
        attend(
            book,
            Attention.AMOUNT,
            _("%(ours)s was to be refunded, and Ping says %(amount)s.")
            % {"ours": refund, "amount": in_words(answer.amount, answer.currency)},
        )
    _ask_soon(payment)


def refused(book: Book, refund: Refund, words: str) -> None:
    """Write down that Ping does not have a refund, with its refusal or the reason why it was not asked.

    The money can be given back again. Where the shop does it by itself, staff must look.
    """
    if refund.refunded_at is not None:
        # The same amount was given back in Ping's portal meanwhile, and it was that which Ping has listed.
        refund.origin, refund.by, refund.created_by_id = Refund.Origin.PING, "", None
    else:
        refund.sent_at = None
        refund.error = words[:255]
    refund.key = None
    refund.save()
    if refund.origin == Refund.Origin.AUTOMATIC:
        attend(book, Attention.REFUND, words, which=refund.pk)


def lost(book: Book, refund: Refund) -> None:
    """Write down that nobody knows whether Ping has a refund. It is not sent again: Ping's list tells."""
    _ask_soon(book.payment(refund.payment_id))
    if refund.state is RefundState.UNKNOWN and refund.missed_at is None:
        missed(
            book,
            refund,
            _("Whether Ping has the refund of %(amount)s is not known.") % {"amount": refund.amount},
        )


def missed(book: Book, refund: Refund, detail: object) -> None:
    """Let staff be told, once, that a refund is not where it should be."""
    refund.missed_at = timezone.now()
    refund.save(update_fields=["missed_at"])
    attend(book, Attention.REFUND, detail, which=refund.pk)


def found(book: Book, refund: Refund) -> None:
    """Write down that a refund that was missed is not any more: staff need not look at it."""
    if refund.missed_at is None:
        return
    refund.missed_at = None
    refund.save(update_fields=["missed_at"])
    settle(book, Attention.REFUND, which=refund.pk)


def set_aside(book: Book, refund: Refund, person: Person, note: str) -> None:
    """Write down that Ping does not have a refund and will not make it, as a person says who has looked."""
    refund.error = note[:255] or "-"
    refund.save(update_fields=["error"])
    found(book, refund)
    acted(book.payment_order, StaffAction.Name.REFUND_ASIDE, person, f"{refund}: {note}")


def ask_again(payment: Payment, now: datetime) -> datetime | None:
    """Return when to ask about a payment with refunds on their way, or None where there are none."""
    since = (
        payment.refunds.filter(sent_at__isnull=False, refunded_at__isnull=True, error="")
        .order_by("-sent_at")
        .values_list("sent_at", flat=True)
        .first()
    )
    return statuses.ask_again("", began=since, changed=since, now=now) if since else None


def _parts(left: Remaining, wanted: Wanted) -> list[Part]:
    currency = left.payment.currency
    chosen = bool(wanted.lines or wanted.shipping or wanted.surcharges)
    if wanted.amount is not None and chosen:
        raise NotRefundableError(_("Choose an amount, or lines and shipping, and not both."))
    if not left.left:
        raise NotRefundableError(_("Nothing is left to refund: all of it went back, or is on its way."))
    if wanted.amount is not None:
        parts = money(left.items, _within(wanted.amount, left))
    elif chosen:
        parts = _chosen(left, wanted)
    else:
        parts = everything(left.items)
    if not any(part.amount for part in parts):
        raise NotRefundableError(_("What was chosen comes to %(nothing)s.") % {"nothing": f"0 {currency}"})
    return parts


def _within(amount: Decimal, left: Remaining) -> int:
    minor = to_minor(amount, left.payment.currency)
    if amount > left.left:
        raise _too_much(left, left.left)
    return minor


def _too_much(left: Remaining, amount: Decimal) -> NotRefundableError:
    return NotRefundableError(
        _("Only %(left)s %(currency)s is left to refund.")
        % {"left": amount, "currency": left.payment.currency}
    )


def _chosen(left: Remaining, wanted: Wanted) -> list[Part]:
    lines = {item.line: position for position, item in enumerate(left.items) if item.kind is Kind.LINE}
    parts = []
    for line, quantity in wanted.lines.items():
        position = lines.get(line)
        if position is None:
            raise NotRefundableError(_("Line %(line)s was not paid with this payment.") % {"line": line})
        item = left.items[position]
        if not 0 < quantity <= item.quantity:
            raise NotRefundableError(
                _("Of “%(name)s” %(quantity)s are left to refund.")
                % {"name": item.name, "quantity": item.quantity}
            )
        parts.append(pieces(left.items, position, quantity))
    kinds = {Kind.SHIPPING} if wanted.shipping else set()
    kinds |= {Kind.SURCHARGE} if wanted.surcharges else set()
    return parts + [part for part in everything(left.items) if left.items[part.item].kind in kinds]


def _in_words(refund: Refund, left: Remaining, parts: Sequence[Part]) -> str:
    """Say what a refund is for, for the trail of what staff did."""
    names = [f"{left.sent[part.item].name} x {part.quantity}" for part in parts if part.quantity]
    what = f"{refund} ({', '.join(names)})" if names else str(refund)
    return f"{what}: {refund.get_reason_display()}. {refund.description}".strip()


def _ask_soon(payment: Payment) -> None:
    soon = timezone.now() + _SOON
    payment.ask_again_at = min(payment.ask_again_at or soon, soon)
    payment.save(update_fields=["ask_again_at"])
