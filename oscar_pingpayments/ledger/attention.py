"""What a person must look at: marked with the first reason, told to staff once for each, and let go again."""

from __future__ import annotations

import logging
from collections.abc import Sequence

from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from ..exceptions import MoneyError
from ..models import Effect, PaymentOrder
from ..money import from_minor
from ..statuses import ABOUT_MONEY, SETTLED_BY_PAYMENT, Attention
from . import orders
from .book import Book

logger = logging.getLogger(__name__)

_TELLING = (Effect.Name.ATTENTION, Effect.Name.STAFF_MAIL)
_DEALT_WITH = "."  # at the end of what an effect was about


def attend(book: Book, reason: Attention, detail: object, *, which: int | None = None) -> None:
    """Mark the payment order as needing a person, and let staff be told of it once.

    Money outranks every other reason, and what needs nobody any more once the order is paid hides none; the
    detail names them all. ``which`` attempt or refund it is about: each is told of.
    """
    payment_order = book.payment_order
    about = _about(reason, which)
    concerns = _concerns(payment_order)
    if about in dict(concerns):
        return
    _write(payment_order, [*concerns, (about, str(detail))])
    logger.error(
        "A payment needs attention",
        extra={"order_number": payment_order.order_number, "reason": reason.value},
    )
    if not Effect.objects.filter(payment_order=payment_order, name__in=_TELLING, about=about).exists():
        book.cause(*_TELLING, about=about)


def settle(book: Book, *reasons: Attention, which: int | None = None) -> None:
    """Let go of these reasons for attention, or of what one of them was about: it has settled itself."""
    payment_order = book.payment_order
    concerns = _concerns(payment_order)
    settled = {_about(reason, which) for reason in reasons}
    left = [
        (about, detail)
        for about, detail in concerns
        if about not in settled and (which is not None or _reason(about) not in reasons)
    ]
    if left != concerns:
        _write(payment_order, left)


def in_words(minor: int, currency: str) -> str:
    """Return an amount of Ping's as staff read it; in the smallest unit where its decimals are not known."""
    currency = currency[:8]
    try:
        return f"{from_minor(minor, currency)} {currency}"
    except MoneyError:
        said = _("%(amount)s %(currency)s (in the smallest unit)")
        return str(said % {"amount": minor, "currency": currency})


def is_open(book: Book, reason: Attention, *, which: int | None = None) -> bool:
    """Whether a person is still to look at this reason, or at what it is about."""
    return _about(reason, which) in dict(_concerns(book.payment_order))


def _about(reason: Attention, which: int | None) -> str:
    return reason.value if which is None else f"{reason.value}/{which}"


def _reason(about: str) -> Attention:
    return Attention(about.partition("/")[0])


def _concerns(payment_order: PaymentOrder) -> list[tuple[str, str]]:
    """Return what a person must look at, and the detail of each, in the order in which it came."""
    attention = payment_order.attention
    if not attention:
        return []
    concerns = [(about, detail) for about, detail in payment_order.concerns or ()]
    if attention not in {_reason(about) for about, _ in concerns}:
        # Written by a version that knew of one reason at a time.
        concerns.append((attention, payment_order.attention_detail))
    return concerns


def _write(payment_order: PaymentOrder, concerns: Sequence[tuple[str, str]]) -> None:
    """Write down all that a person must look at, with what matters most as the reason that shows."""
    payment_order.concerns = list(concerns) or None
    payment_order.attention, payment_order.attention_detail = "", ""
    if concerns:
        # The first of the highest.
        first = max(concerns, key=lambda concern: _rank(_reason(concern[0])))
        rest = [concern for concern in concerns if concern is not first]
        payment_order.attention = PaymentOrder.Attention(_reason(first[0]))
        payment_order.attention_detail = "\n".join(
            [
                first[1],
                *(f"{PaymentOrder.Attention(_reason(about)).label}: {detail}" for about, detail in rest),
            ]
        )
    payment_order.save(update_fields=["attention", "attention_detail", "concerns"])


def _rank(reason: Attention) -> int:
    return (reason not in SETTLED_BY_PAYMENT) + (reason in ABOUT_MONEY)


def resolve(book: Book, *, by: str, note: str, reason: str | None = None, detail: str | None = None) -> bool:
    """Write down that a person has looked, and what they say; return whether that is what they looked at.

    ``reason`` and ``detail`` are what they saw: where it is another by now, or more, nothing is written.
    Should the same happen again, staff are told again.
    """
    payment_order = book.payment_order
    current = payment_order.attention
    seen = reason in (None, current) and detail in (None, payment_order.attention_detail)
    if not current or not seen:
        return False
    if book.order is not None:
        orders.note(
            book.order,
            _("%(by)s has looked at “%(reason)s”: %(note)s")
            % {"by": by, "reason": payment_order.get_attention_display(), "note": note},
        )
    logger.info(
        "A payment that needed attention was looked at",
        extra={"order_number": payment_order.order_number, "reason": current},
    )
    # With this reason all others that the detail names have been looked at.
    told = Effect.objects.filter(payment_order=payment_order, name__in=_TELLING)
    for effect in told.exclude(about__endswith=_DEALT_WITH):
        # Out of the way of the same reason's next time; what was not told yet need not be any more.
        effect.about = f"{effect.about}/{effect.pk}{_DEALT_WITH}"
        effect.done_at = effect.done_at or timezone.now()
        effect.save(update_fields=["about", "done_at"])
    _write(payment_order, [])
    return True
