"""Ping's status words, the arrows between them, and what each means for the shop's order."""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import Enum, StrEnum


class Status(StrEnum):
    """The words of a card payment (Ping's ``Payment.status``; documented)."""

    INITIATED = "INITIATED"
    PENDING = "PENDING"
    COMPLETED = "COMPLETED"
    DECLINED = "DECLINED"
    ABORTED = "ABORTED"
    EXPIRED = "EXPIRED"
    CRASHED = "CRASHED"
    STOPPED = "STOPPED"


class Meaning(StrEnum):
    """What a status means for the order."""

    WAITING = "waiting"
    PAID = "paid"
    FAILED = "failed"


MEANINGS = {
    Status.INITIATED: Meaning.WAITING,
    Status.PENDING: Meaning.WAITING,
    Status.COMPLETED: Meaning.PAID,
    Status.DECLINED: Meaning.FAILED,
    Status.ABORTED: Meaning.FAILED,
    Status.EXPIRED: Meaning.FAILED,
    Status.CRASHED: Meaning.FAILED,
    Status.STOPPED: Meaning.FAILED,
}

FAILED = frozenset(status for status, meaning in MEANINGS.items() if meaning is Meaning.FAILED)

# status -> the statuses it may lead to. Whether Ping ever changes a final status is not documented; a
# second card on the same page, or a bank that answers late, would look like that, and money outranks
# what was said before it. Nothing leads away from money received.
TRANSITIONS: dict[Status | None, frozenset[Status]] = {
    None: frozenset(Status),
    Status.INITIATED: frozenset({Status.PENDING, Status.COMPLETED}) | FAILED,
    Status.PENDING: frozenset({Status.COMPLETED}) | FAILED,
    Status.DECLINED: frozenset({Status.COMPLETED}),
    Status.ABORTED: frozenset({Status.COMPLETED}),
    Status.EXPIRED: frozenset({Status.COMPLETED}),
    Status.CRASHED: frozenset({Status.COMPLETED}),
    Status.STOPPED: frozenset({Status.COMPLETED}),
    Status.COMPLETED: frozenset(),
}

# One page of Ping's documentation says DENIED where the enumeration says DECLINED.
_ALIASES = {"DENIED": Status.DECLINED}


class Move(Enum):
    """What an answer of Ping's does to the status we hold."""

    FORWARD = "forward"
    REPEAT = "repeat"
    BACKWARD = "backward"
    UNKNOWN = "unknown"


class Note(StrEnum):
    """Why an answer of Ping's that a payment's history keeps has moved nothing."""

    UNKNOWN = "unknown"
    BACKWARD = "backward"
    OVERTAKEN = "overtaken"
    IDENTITY = "identity"
    MISSING = "missing"


def parse(word: str) -> Status | None:
    """Return the status that Ping's word names, or None where we do not know the word."""
    if word in _ALIASES:
        return _ALIASES[word]
    try:
        return Status(word)
    except ValueError:
        return None


def move(current: str, answer: str) -> Move:
    """Say what ``answer`` does to a payment whose last known status is ``current`` ("" before the first)."""
    to = parse(answer)
    if to is None:
        return Move.UNKNOWN
    since = parse(current)
    if to is since:
        return Move.REPEAT
    return Move.FORWARD if to in TRANSITIONS[since] else Move.BACKWARD


def meaning(word: str) -> Meaning:
    """What a stored status means; "" (Ping has not been heard yet) and unknown words mean waiting."""
    status = parse(word)
    return Meaning.WAITING if status is None else MEANINGS[status]


class State(StrEnum):
    """Whether a payment order's Oscar order is paid: ours, derived from its payments and their refunds."""

    AWAITING = "awaiting"
    PAID = "paid"
    REFUNDED = "refunded"
    CANCELLED = "cancelled"
    EXPIRED = "expired"


STATE_TRANSITIONS: dict[State, frozenset[State]] = {
    State.AWAITING: frozenset({State.PAID, State.CANCELLED, State.EXPIRED}),
    State.PAID: frozenset({State.REFUNDED}),
    # Only where Ping says of a refund that was done that it has failed after all.
    State.REFUNDED: frozenset({State.PAID}),
    # Only by money that came too late, where the shop wants its orders back (REINSTATE_LATE).
    State.CANCELLED: frozenset({State.PAID}),
    State.EXPIRED: frozenset({State.PAID}),
}


class RefundState(StrEnum):
    """How a refund stands: ours, derived from what was asked of Ping and what Ping said and lists."""

    INTENDED = "intended"
    UNKNOWN = "unknown"
    ACCEPTED = "accepted"
    DONE = "done"
    REFUSED = "refused"
    FAILED = "failed"


#: Whose money is given back or may be on its way: it cannot be given back again.
TAKING = frozenset({RefundState.INTENDED, RefundState.UNKNOWN, RefundState.ACCEPTED, RefundState.DONE})
#: Of which nobody knows yet how they end.
OPEN = frozenset({RefundState.INTENDED, RefundState.UNKNOWN, RefundState.ACCEPTED})

# Ping does not document the words of a refund. These, which its payments and other providers have, say that
# it will not be carried out; any other is kept, and the refund is done when Ping lists it with its time.
_REFUND_FAILED = FAILED | {"CANCELED", "CANCELLED", "DENIED", "ERROR", "FAILED", "REJECTED"}


def refund_failed(word: str) -> bool:
    """Whether a word of Ping's about a refund says that it will not be carried out."""
    return word.upper() in _REFUND_FAILED


# A payment order only goes forward (documented): an answer that was overtaken says an earlier word.
_PING_ORDER = ("OPEN", "CLOSED", "SPLIT", "SETTLED")


def is_at(word: str, station: str) -> bool:
    """Whether a payment order with this word of Ping's has come to a station, or past it."""
    return word in _PING_ORDER and _PING_ORDER.index(word) >= _PING_ORDER.index(station)


def order_moves(current: str, answer: str) -> bool:
    """Whether Ping's word for a payment order is news; one that we do not know always is."""
    return answer != current and not (answer in _PING_ORDER and is_at(current, answer))


def takes_refunds(word: str) -> bool:
    """Whether Ping still takes refunds of a payment order: until it is split (documented)."""
    return not is_at(word, "SPLIT")


class Attention(StrEnum):
    """Why a person must look at a payment order."""

    DUPLICATE = "duplicate"
    LATE = "late"
    AMOUNT = "amount"
    IDENTITY = "identity"
    UNKNOWN_STATUS = "unknown_status"
    CHANGED = "changed"
    REFUSED = "refused"
    ORDER = "order"
    TOO_MANY = "too_many"
    REFUND = "refund"
    STUCK = "stuck"
    SETTLE = "settle"


#: Money that is with the shop and not where it should be: no other reason hides one of these.
ABOUT_MONEY = frozenset({Attention.AMOUNT, Attention.DUPLICATE, Attention.LATE, Attention.REFUND})

#: What needs nobody any more once the order is paid as it was asked for.
SETTLED_BY_PAYMENT = frozenset(
    {Attention.UNKNOWN_STATUS, Attention.REFUSED, Attention.TOO_MANY, Attention.STUCK}
)


# How soon to ask Ping again about a payment that may still be paid, by its age; after that never.
_WAITING = (
    (timedelta(minutes=2), timedelta(seconds=15)),
    (timedelta(minutes=10), timedelta(minutes=1)),
    (timedelta(hours=2), timedelta(minutes=5)),
    (timedelta(days=2), timedelta(hours=1)),
    (timedelta(days=60), timedelta(days=1)),
)
# A refund made in Ping's own portal, a chargeback, a late completion: asked for long after as well.
_FINAL = (timedelta(days=1), timedelta(days=7), timedelta(days=30))


def ask_again(word: str, *, began: datetime, changed: datetime, now: datetime) -> datetime | None:
    """Return when Ping should next be asked about a payment by itself, or None for never.

    ``began`` is when the attempt was made, ``changed`` when its status last changed.
    """
    if meaning(word) is Meaning.WAITING:
        age = now - began
        for limit, pause in _WAITING:
            if age < limit:
                return now + pause
        return None
    for delay in _FINAL:
        if changed + delay > now:
            return changed + delay
    return None


def after_failed_asks(count: int, now: datetime) -> datetime:
    """Return when to ask again after ``count`` asks in a row that got no answer: 15 s, doubling, to 1 h."""
    return now + min(timedelta(seconds=15 * (1 << min(count, 12))), timedelta(hours=1))
