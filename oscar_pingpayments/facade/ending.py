"""How an unpaid order ends: its payer or staff cancel it, or its time runs out."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from .. import ledger
from ..exceptions import PingPaymentsError
from ..ledger import Person
from ..models import PaymentOrder, StaffAction
from ..statuses import Meaning, State
from . import finding, refreshing
from .writing import locked, must_be_outermost

#: An attempt that is begun while Ping is asked about the others is asked about too: so many times over.
_ROUNDS = 3


class StillPayableError(PingPaymentsError):
    """An order cannot end just now: how an attempt to pay it goes is not known.

    It is on its way, or Ping does not know it or says a word of it that we do not know, and no person has
    looked at that.
    """


class WithStaffError(PingPaymentsError):
    """Staff have moved an order on, as if it was paid in another way: it is not its payer's to cancel."""


@dataclass(frozen=True, slots=True)
class Changed:
    """What became of an order that its payer wants to change."""

    payment_order: PaymentOrder
    refilled: bool


def cancel(payment_order_id: int, *, by: str, person: Person | None = None) -> PaymentOrder:
    """Cancel an order that is not paid, give back what it held, and return its payment order.

    A payment that is open at PaymentIQ is stopped where Ping can, and every attempt is asked about first:
    if one was paid meanwhile, the order is paid and stays (see ``state``). Raises GatewayError where Ping
    cannot be asked, StillPayableError where an attempt's outcome is not known yet. Staff (``by="staff"``) may
    cancel an order with an attempt that Ping does not know, or of which it says a word that we do not know;
    others may once staff have looked.
    ``person`` is the member of staff who does it, where one does. The payer is told by e-mail.
    """
    return _end(payment_order_id, State.CANCELLED, by=by, person=person)


def expire(payment_order_id: int, *, by: str = "sync") -> PaymentOrder:
    """End an order whose time to pay has run out; like ``cancel``. One that still has time is left alone."""
    return _end(payment_order_id, State.EXPIRED, by=by)


def change_order(
    payment_order_id: int, basket: Any, *, by: str = "payer", deadline: float = math.inf
) -> Changed:
    """Cancel an unpaid order and put what was in it into ``basket``, the payer's own open one.

    Also for an order that has ended by itself meanwhile. It is put back once: ``refilled`` says whether
    this call did it, and another one does where the process dies in between. Raises what ``cancel`` raises,
    also where Ping cannot be asked about all before ``deadline``, on ``time.monotonic()``'s clock, and
    WithStaffError.
    """
    _end(payment_order_id, State.CANCELLED, by=by, is_payer=True, deadline=deadline)
    with locked(payment_order_id) as book:
        _refuse_what_is_staffs(book.payment_order, book.order)
        return Changed(book.payment_order, refilled=ledger.refill_from(book, basket))


def _end(
    payment_order_id: int,
    state: State,
    *,
    by: str,
    person: Person | None = None,
    is_payer: bool = False,
    deadline: float = math.inf,
) -> PaymentOrder:
    must_be_outermost()
    for _round in range(_ROUNDS):
        payment_order = PaymentOrder.objects.get(pk=payment_order_id)
        if not payment_order.is_awaiting or _has_time(payment_order, state):
            return payment_order
        if is_payer:
            _refuse_what_is_staffs(payment_order, payment_order.order)
        asked = refreshing.ask_about_all(payment_order, by=by, deadline=deadline)
        if state is State.EXPIRED:
            finding.take_in_unknown(payment_order, by=by)
        with locked(payment_order_id) as book:
            live = book.live
            if _has_time(book.payment_order, state):
                return book.payment_order
            if is_payer:
                _refuse_what_is_staffs(book.payment_order, book.order)
            missing = [payment for payment in book.payments if ledger.is_missing(book, payment)]
            if by != "staff" and (missing or ledger.has_unknown_status(book)):
                # Perhaps the shop asks in the wrong place, or the word means that money is on its way: only a
                # person may say that nothing was paid.
                break
            if live is not None and live.outcome_unknown and live not in missing:
                break
            if live is None or live.sent_at is None or live.pk in asked:
                # Where Ping cannot stop a card payment it stays PENDING. The order ends all the same, as
                # its payer or its time asks for; money that comes after that is kept, for a person.
                ended = ledger.end_unpaid(book, state, tell_payer=not is_payer, by_staff=by == "staff")
                if ended and person is not None:
                    ledger.acted(book.payment_order, StaffAction.Name.CANCEL, person)
                if ended and live is not None and live.meaning is Meaning.WAITING:
                    ledger.set_aside(live)
                return book.payment_order
    raise StillPayableError(
        _("An attempt to pay order %(number)s is on its way.") % {"number": payment_order.order_number}
    )


def _refuse_what_is_staffs(payment_order: PaymentOrder, order: Any) -> None:
    if ledger.is_left_to_staff(payment_order, order):
        raise WithStaffError(f"Staff have moved order {payment_order.order_number} on")


def _has_time(payment_order: PaymentOrder, state: State) -> bool:
    """Whether the order is not to expire yet: an attempt that was begun meanwhile gives it more time."""
    return state is State.EXPIRED and payment_order.expires_at > timezone.now()
