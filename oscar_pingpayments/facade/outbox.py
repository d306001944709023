"""What leaves the shop after the commit: our signals, and the effects that must happen once per order."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Any

from django.db import transaction
from django.db.models import F, Q, QuerySet
from django.dispatch import Signal
from django.utils import timezone

from .. import ledger, signals
from ..ledger import Book, News
from ..models import Effect, PaymentOrder, Refund
from ..privacy import loggable
from ..statuses import Attention, State
from . import alerts, letters
from .connection import here
from .crew import never_stopped

logger = logging.getLogger(__name__)

#: An effect that fails is tried again after five minutes, then after twice as long each time: for two days.
MAX_TRIES = 10
RETRY_AFTER = timedelta(minutes=5)
#: So many that are due are read at a time.
BITE = 500


def publish(news: News) -> None:
    """Let the news out once the surrounding transaction has been committed.

    What goes wrong then is logged: who wrote has no part in it, and a sync does the rest.
    """

    def leave() -> None:
        for signal, facts in news.signals:
            send(signal, **facts)
        carry_out(news.effects)

    if news.signals or news.effects:
        transaction.on_commit(leave, robust=True)


def send(signal: Signal, **facts: Any) -> None:
    """Send one of our signals; a receiver that raises is logged and stops nobody else."""
    for receiver, response in signal.send_robust(PaymentOrder, **facts):
        if isinstance(response, Exception):
            logger.error(
                "A receiver of a payment signal raised",
                exc_info=loggable(response),
                extra={
                    "order_number": facts["payment_order"].order_number,
                    "receiver": repr(receiver),
                },
            )


def carry_out(effects: Sequence[Effect]) -> None:
    """Carry out one payment order's effects, claimed by this process; what fails is tried again later."""
    done: list[Effect] = []
    for effect in effects:
        try:
            CARRY_OUT[Effect.Name(effect.name)](effect)
        except Exception as error:
            logger.exception(
                "An effect of a payment failed",
                exc_info=loggable(error),
                extra={"order_number": effect.payment_order.order_number, "effect": effect.name},
            )
            later = RETRY_AFTER * (2 ** (effect.tries - 1) - 1)
            _rows([effect]).update(error=type(error).__name__, claimed_at=timezone.now() + later)
        else:
            done.append(effect)
    for about in sorted({effect.about for effect in done}):
        rows = _rows([effect for effect in done if effect.about == about])
        rows.update(done_at=timezone.now(), error="")


def _rows(effects: Sequence[Effect]) -> QuerySet[Effect]:
    """The rows of one payment order's effects about one thing: MySQL does not tell the keys of bulk rows."""
    first = effects[0]
    return Effect.objects.filter(
        payment_order=first.payment_order, about=first.about, name__in=[effect.name for effect in effects]
    )


def carry_out_due(stopped: Callable[[], bool] = never_stopped) -> int:
    """Carry out the effects that were left undone (a mail server that was down, a killed process).

    Returns how many were tried. Each is claimed by one update, so two at once do not both send it.
    ``stopped`` is asked before each.
    """
    due = Effect.objects.filter(claimed_at__lt=timezone.now() - RETRY_AFTER, done_at__isnull=True)
    may_be_tried = Q(tries__lt=MAX_TRIES) | Q(name=Effect.Name.REFUND)
    waiting = (
        due.filter(may_be_tried, **here("payment_order__"))
        .select_related("payment_order__order")
        .order_by("pk")
    )
    tried, last = 0, 0
    while bite := list(waiting.filter(pk__gt=last)[:BITE]):
        for effect in bite:
            if stopped():
                return tried
            tried += _carry_out_again(effect)
        last = bite[-1].pk
    return tried


def _carry_out_again(effect: Effect) -> bool:
    """Carry out an effect that is due, or give it up; return whether it was tried, and by this process."""
    if effect.tries >= MAX_TRIES:
        _give_up(effect)
        return False
    mine = Effect.objects.filter(pk=effect.pk, claimed_at=effect.claimed_at, done_at__isnull=True).update(
        claimed_at=timezone.now(), tries=F("tries") + 1
    )
    if mine:
        effect.tries += 1
        carry_out([effect])
    return bool(mine)


def _give_up(effect: Effect) -> None:
    try:
        GIVE_UP[Effect.Name.REFUND](effect)
    except Exception as error:
        # It stays due: the next sync gives it up. Others are not to wait for that.
        logger.exception(
            "An effect of a payment could not be given up",
            exc_info=loggable(error),
            extra={"order_number": effect.payment_order.order_number, "effect": effect.name},
        )
    else:
        _rows([effect]).update(done_at=timezone.now())


def _tell_paid(effect: Effect) -> None:
    payment_order = effect.payment_order
    send(signals.order_paid, payment_order=payment_order, order=payment_order.order)


def _tell_cancelled(effect: Effect) -> None:
    payment_order, state = effect.payment_order, State(effect.about)
    if payment_order.state == state:  # late money may have brought it back, where this is told by a sync
        send(signals.order_cancelled, payment_order=payment_order, order=payment_order.order, state=state)


def _mail_confirmation(effect: Effect) -> None:
    letters.confirmation(effect.payment_order)


def _tell_attention(effect: Effect) -> None:
    payment_order = effect.payment_order
    send(
        signals.attention_needed,
        payment_order=payment_order,
        order=payment_order.order,
        reason=_reason(effect),
    )


def _mail_staff(effect: Effect) -> None:
    alerts.needs_attention(effect.payment_order, _reason(effect))


def _reason(effect: Effect) -> Attention:
    return Attention(effect.about.partition("/")[0])


def _tell_refund_done(effect: Effect) -> None:
    payment_order = effect.payment_order
    refund = Refund.objects.select_related("payment").get(pk=int(effect.about))
    send(signals.refund_done, payment_order=payment_order, order=payment_order.order, refund=refund)


def _if_still(
    holds: Callable[[Book], bool], send: Callable[[PaymentOrder, Effect], None]
) -> Callable[[Effect], None]:
    """Carry out what is only right while something holds; what nobody needs any more is forgotten."""

    def carry_out_if_it_holds(effect: Effect) -> None:
        with transaction.atomic(durable=True):
            book = ledger.lock(effect.payment_order_id)
            is_right = holds(book)
            if not is_right:
                _rows([effect]).delete()
        if is_right:
            send(book.payment_order, effect)

    return carry_out_if_it_holds


def confirmed(payment_order: PaymentOrder) -> None:
    """Note that the confirmation has been sent by hand: one that could not be sent yet would be a second."""
    unsent = Effect.objects.filter(
        payment_order=payment_order, name=Effect.Name.CONFIRMATION, done_at__isnull=True
    )
    unsent.update(done_at=timezone.now(), error="")


def _mail_refunded(effect: Effect) -> None:
    letters.refunded(effect.payment_order, Refund.objects.get(pk=int(effect.about)))


#: What each effect does. Other modules of the facade add theirs.
CARRY_OUT: dict[Effect.Name, Callable[[Effect], None]] = {
    Effect.Name.ORDER_PAID: _tell_paid,
    Effect.Name.ORDER_CANCELLED: _tell_cancelled,
    Effect.Name.CONFIRMATION: _mail_confirmation,
    Effect.Name.ATTENTION: _tell_attention,
    Effect.Name.STAFF_MAIL: _mail_staff,
    Effect.Name.REFUND_DONE: _tell_refund_done,
    Effect.Name.FAILED_MAIL: _if_still(ledger.letters.is_failed, lambda order, _: letters.failed(order)),
    Effect.Name.CANCELLED_MAIL: _if_still(ledger.letters.is_ended, lambda order, _: letters.cancelled(order)),
    Effect.Name.REFUNDED_MAIL: _mail_refunded,
    Effect.Name.LINK_MAIL: _if_still(
        ledger.letters.is_linked, lambda order, effect: letters.link(order, effect.message)
    ),
}
#: What becomes of one that went wrong too often, or took a process with it at its last try.
GIVE_UP: dict[Effect.Name, Callable[[Effect], None]] = {}
