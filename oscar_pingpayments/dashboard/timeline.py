"""What happened to a payment, in the order and in the words in which one would tell it.

A pure function of rows that were read before: nothing is asked of the database or of Ping.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from django.utils.translation import gettext_lazy as _

from ..models import Effect, Payment, PaymentOrder, Refund, StaffAction
from ..statuses import Note, RefundState, State, Status, parse
from .amounts import shown
from .case import Case, Record


class Tone(StrEnum):
    """How an event is felt: the colour of its dot. What happened is in its words, for who sees no colours."""

    PLAIN = "plain"
    GOOD = "good"
    BAD = "bad"
    PERSON = "person"


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened. ``detail`` may be words of Ping's or of a person's: it is shown as text."""

    at: datetime
    title: Any
    detail: Any = ""
    tone: Tone = Tone.PLAIN


#: How the shop came to know what Ping says.
_LEARNT = {
    "callback": _("Ping called the shop, and the shop asked Ping."),
    "return": _("The shop asked Ping when the payer came back."),
    "page": _("The shop asked Ping for the page that the payer was looking at."),
    "sync": _("The shop asked Ping by itself, as it does now and then."),
    "staff": _("A member of staff asked Ping."),
    "refund": _("The shop asked Ping before money was given back."),
    "payer": _("The shop asked Ping because the payer wanted to cancel the order."),
}

_STATUSES: dict[Status, tuple[Any, Tone]] = {
    Status.INITIATED: (_("The card page was ready"), Tone.PLAIN),
    Status.PENDING: (_("The payment was under way"), Tone.PLAIN),
    Status.COMPLETED: (_("Paid"), Tone.GOOD),
    Status.DECLINED: (_("Declined"), Tone.BAD),
    Status.ABORTED: (_("The payer left the card page without paying"), Tone.BAD),
    Status.EXPIRED: (_("The card page was open for too long and has closed"), Tone.BAD),
    Status.CRASHED: (_("Something went wrong on the card page"), Tone.BAD),
    Status.STOPPED: (_("The payment was stopped"), Tone.PLAIN),
}

#: What the history says of an answer that did not move the payment.
_NOT_BELIEVED: dict[str, Any] = {
    Note.UNKNOWN: _("Ping used a word that this version does not know: nothing was changed"),
    Note.BACKWARD: _("Ping went back on its word: nothing was changed"),
    Note.OVERTAKEN: _("Ping's answer came after a newer one: nothing was changed"),
    Note.IDENTITY: _("Ping answered about another payment: nothing was changed"),
    Note.MISSING: _("Ping does not know the payment: nothing was changed"),
}

_ENDED = {
    State.CANCELLED: _("The order was cancelled, and what it held was given back"),
    State.EXPIRED: _("The time to pay ran out: the order was cancelled, and what it held was given back"),
}

_MAILS: dict[str, Any] = {
    Effect.Name.CONFIRMATION: _("The order confirmation was sent"),
    Effect.Name.FAILED_MAIL: _("The payer was told by e-mail that the order is not paid"),
    Effect.Name.CANCELLED_MAIL: _("The payer was told by e-mail that the order has ended"),
    Effect.Name.REFUNDED_MAIL: _("The payer was told by e-mail what was given back"),
    Effect.Name.LINK_MAIL: _("The payer was sent a link to pay by"),
    Effect.Name.STAFF_MAIL: _("Staff were told by e-mail"),
}

_REFUNDED_BY: dict[str, Any] = {
    Refund.Origin.AUTOMATIC: _("By the shop itself: the order did not need this money."),
    Refund.Origin.PING: _("Not asked for in this shop: found at Ping."),
}

_ACTIONS: dict[str, Any] = {
    StaffAction.Name.REFRESH: _("%(by)s asked Ping"),
    StaffAction.Name.REFUND: _("%(by)s asked for a refund"),
    StaffAction.Name.REFUND_ASIDE: _("%(by)s set a refund aside that Ping does not have"),
    StaffAction.Name.CANCEL: _("%(by)s cancelled the order"),
    StaffAction.Name.STOP: _("%(by)s stopped the payment"),
    StaffAction.Name.LINK: _("%(by)s sent a payment link"),
    StaffAction.Name.CONFIRMATION: _("%(by)s sent the confirmation again"),
    StaffAction.Name.RESOLVE: _("%(by)s looked at what needed attention"),
    StaffAction.Name.CLOSE: _("%(by)s closed the payment order"),
    StaffAction.Name.SPLIT: _("%(by)s split the payment order"),
    StaffAction.Name.SETTLE: _("%(by)s settled the payment order"),
}


def in_words(status: str) -> Any:
    """Return what a word of Ping's means to staff; a word that we do not know as it is."""
    known = parse(status)
    return _STATUSES[known][0] if known else status


def timeline(case: Case, record: Record) -> list[Event]:
    """Tell what happened, oldest first."""
    events = [
        *_placed(case.payment_order),
        *(event for payment in case.payments for event in _attempt(payment)),
        *(event for refund in case.refunds for event in _refund(refund)),
        *_ended(case.payment_order, record.actions),
        *_effects(record.effects),
        *_actions(record.actions),
    ]
    return sorted(events, key=lambda event: event.at)


def _placed(payment_order: PaymentOrder) -> Iterator[Event]:
    yield Event(
        payment_order.created_at,
        _("The order was placed"),
        _("%(amount)s is to be paid.") % {"amount": shown(payment_order.amount, payment_order.currency)},
    )


def _attempt(payment: Payment) -> Iterator[Event]:
    number = {"number": payment.number}
    if payment.sent_at is not None:
        title = (
            _("The payer was sent to PaymentIQ's card page")
            if payment.number == 1
            else _("The payer tried again (attempt %(number)d)") % number
        )
        if payment.error:
            yield Event(
                payment.sent_at, _("Attempt %(number)d could not begin") % number, payment.error, Tone.BAD
            )
        elif payment.outcome_unknown:
            yield Event(
                payment.sent_at,
                _("Attempt %(number)d was sent to Ping, and no answer came") % number,
                _("Whether Ping has it is found out by asking."),
                Tone.BAD,
            )
        else:
            yield Event(payment.sent_at, title)
    for entry in payment.history:
        yield _word(payment, entry)


def _word(payment: Payment, entry: dict[str, Any]) -> Event:
    """Tell of one of Ping's words, as the payment's history has it."""
    at = datetime.fromisoformat(entry["at"])
    word, learnt = entry["status"], _LEARNT.get(entry["by"], "")
    if entry["note"]:
        told = f"{word}. {learnt}" if word else learnt
        return Event(at, _NOT_BELIEVED.get(entry["note"], entry["note"]), told, Tone.BAD)
    status = parse(word)
    if status is None:
        return Event(at, word, learnt)
    title, tone = _STATUSES[status]
    if status is Status.COMPLETED:
        title = _("Paid: %(amount)s") % {"amount": shown(payment.amount_received, payment.currency)}
    elif tone is Tone.BAD and payment.reason:
        title = _("%(what)s: “%(reason)s”") % {"what": title, "reason": payment.reason}
    return Event(at, title, learnt, tone)


def _refund(refund: Refund) -> Iterator[Event]:
    """Tell how a refund stands. Who asked for it, and why, is told by the trail."""
    amount = {"amount": shown(refund.amount, refund.payment.currency)}
    asked_at = refund.sent_at or refund.created_at
    state, told = refund.state, _REFUNDED_BY.get(refund.origin, "")
    if state is RefundState.DONE and refund.refunded_at is not None:
        yield Event(refund.refunded_at, _("%(amount)s was given back") % amount, told, Tone.GOOD)
    elif state is RefundState.ACCEPTED:
        yield Event(asked_at, _("%(amount)s is on its way back") % amount, told)
    elif state is RefundState.INTENDED:
        yield Event(asked_at, _("%(amount)s is to be given back") % amount, told)
    elif state is RefundState.UNKNOWN:
        title = _("%(amount)s is to be given back, and whether Ping has the refund is not known yet") % amount
        yield Event(asked_at, title, told, Tone.BAD)
    else:
        yield Event(asked_at, _("%(amount)s was not given back") % amount, refund.error, Tone.BAD)


def _ended(payment_order: PaymentOrder, actions: Iterable[StaffAction]) -> Iterator[Event]:
    """Tell of the end, unless somebody of the staff made it: then that is told."""
    told = any(action.name == StaffAction.Name.CANCEL for action in actions)
    if payment_order.ended_at is not None and not told:
        title = _ENDED.get(State(payment_order.state), _("The order ended"))
        yield Event(payment_order.ended_at, title, tone=Tone.BAD)


def _effects(effects: Iterable[Effect]) -> Iterator[Event]:
    """Tell what needed attention, and which e-mails left or could not leave."""
    for effect in effects:
        if effect.name == Effect.Name.ATTENTION:
            reason = PaymentOrder.Attention(effect.about.partition("/")[0]).label
            title = _("Needed attention: %(reason)s") % {"reason": reason}
            yield Event(effect.created_at, title, tone=Tone.BAD)
        elif effect.name in _MAILS and effect.done_at is not None:
            yield Event(effect.done_at, _MAILS[effect.name])
        elif effect.name in _MAILS and effect.error:
            yield Event(
                effect.created_at,
                _("Not sent yet: %(what)s") % {"what": effect.get_name_display()},
                _("Tried %(tries)d times: %(error)s") % {"tries": effect.tries, "error": effect.error},
                Tone.BAD,
            )


def _actions(actions: Iterable[StaffAction]) -> Iterator[Event]:
    for action in actions:
        title = _ACTIONS.get(action.name, "%(by)s: " + action.name) % {"by": action.by}
        yield Event(action.at, title, action.detail, Tone.PERSON)
