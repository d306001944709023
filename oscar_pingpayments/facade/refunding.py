"""Giving money back: one way, for staff, for the shop's own code and for what is given back by itself.

What is to go back is written down under the lock, so that nobody else can give it back; then Ping is asked,
without a lock; then its answer is written. A refund is never sent twice: where the answer is lost, Ping's own
list tells later whether it has it.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from decimal import Decimal
from functools import partial

from django.utils.translation import gettext_lazy as _

from .. import conf, ledger
from ..exceptions import (
    AuthenticationError,
    GatewayError,
    NotRefundableError,
    NotSentError,
    OutcomeUnknownError,
    RefundExistsError,
    RefundsChangedError,
    RejectedError,
)
from ..gateway import NewRefund
from ..ledger import Book, Person
from ..ledger.refunds import Wanted
from ..models import Effect, Payment, PaymentOrder, Refund
from ..statuses import OPEN, RefundState, takes_refunds
from . import alerts, outbox, refreshing, settling
from .connection import client_for
from .writing import locked, write

logger = logging.getLogger(__name__)

_LONGEST_TEXT = 500


def refund(
    payment_order_id: int,
    *,
    amount: Decimal | None = None,
    lines: Mapping[int, int] | None = None,
    shipping: bool = False,
    surcharges: bool = False,
    payment_id: int | None = None,
    reason: Refund.Reason = Refund.Reason.REQUESTED_BY_CUSTOMER,
    description: str = "",
    message: str = "",
    restock: bool | None = None,
    key: str | None = None,
    seen: int | None = None,
    person: Person | None = None,
) -> Refund:
    """Give money back, and return the refund that Ping has taken on; it carries it out later (see ``state``).

    Either an ``amount``; or pieces of ``lines`` (how many, by the key of Oscar's order line), what is left of
    ``shipping`` and of ``surcharges``; or, where none of these is given, everything that is left. Of the
    attempt ``payment_id``, or of the one that paid the order.

    ``description`` stays between the shop and Ping, ``message`` is shown to the payer. ``restock`` puts the
    pieces back in stock once the refund is done (default: the ``RESTOCK_REFUNDED`` setting).

    ``key`` names this refund: asked for a second time with the same key, it is not made again. ``seen`` is
    how many refunds the caller has been shown (``Refundable.seen``): where there are more by now, none is
    made. ``person`` is the member of staff who does it, where one does.

    Raises NotRefundableError (RefundExistsError, RefundsChangedError), MoneyError, NotSentError and
    RejectedError where no money moves, and OutcomeUnknownError where nobody knows yet whether Ping has the
    refund: it is looked up by itself, and not sent again.
    """
    payment_order = PaymentOrder.objects.get(pk=payment_order_id)
    _refuse_repeat(payment_order, key)
    wanted = Wanted(
        amount=amount,
        lines=lines or {},
        shipping=shipping,
        surcharges=surcharges,
        reason=Refund.Reason(reason),
        description=_short(description),
        message=_short(message),
        restock=conf.get_settings().restock_refunded if restock is None else restock,
    )
    payment = _chosen(payment_order, list(payment_order.payments.order_by("number")), payment_id)
    _look(payment)
    with locked(payment_order_id) as book:
        _refuse_repeat(book.payment_order, key)
        _refuse_where_changed(book.payment_order, seen)
        if not takes_refunds(book.payment_order.status):
            raise NotRefundableError(
                _("Ping takes no refunds any more: the payment order is “%(status)s”.")
                % {"status": book.payment_order.get_status_display()}
            )
        payment = _chosen(book.payment_order, book.payments, payment.pk)
        made = ledger.refunds.intend(book, payment, wanted, origin=Refund.Origin.SHOP, key=key, person=person)
        request = ledger.refunds.asked_for(book, made)
    return _send(payment, made, request)


def set_refund_aside(refund_id: int, *, person: Person, note: str) -> Refund:
    """Say that Ping does not have a refund and will not make it: its money can then be given back again.

    For one whose answer was lost, or that Ping accepted and never carried out, once a person has looked in
    Ping's portal. Ping is asked first: where it lists the refund, that counts. Raises NotRefundableError
    where the refund is not on its way (any more), GatewayError where Ping cannot be asked.
    """
    payment = Payment.objects.select_related("payment_order").get(refunds=refund_id)
    refreshing.ask(payment, by="staff")

    def set_aside(book: Book, aside: Refund) -> None:
        if aside.state not in OPEN or aside.sent_at is None:
            raise NotRefundableError(
                _("The refund is not on its way: %(state)s.") % {"state": aside.get_state_display()}
            )
        ledger.refunds.set_aside(book, aside, person, note)

    return _write(payment, refund_id, set_aside)


def _refuse_repeat(payment_order: PaymentOrder, key: str | None) -> None:
    if key is None:
        return
    made = Refund.objects.filter(payment__payment_order=payment_order, key=key).first()
    if made is not None:
        raise RefundExistsError(
            _("This refund of %(refund)s was asked for already: %(state)s.")
            % {"refund": made, "state": made.get_state_display()},
            made,
        )


def _refuse_where_changed(payment_order: PaymentOrder, seen: int | None) -> None:
    if seen is not None and Refund.objects.filter(payment__payment_order=payment_order).count() != seen:
        raise RefundsChangedError(
            _("Another refund was made meanwhile. Look at what is left, and ask again.")
        )


def _chosen(payment_order: PaymentOrder, payments: list[Payment], payment_id: int | None) -> Payment:
    if payment_id is None:
        payment = ledger.paying(payment_order, payments)
        if payment is None:
            with_money = [each for each in payments if each.amount_received]
            payment = with_money[0] if len(with_money) == 1 else None
    else:
        payment = next((each for each in payments if each.pk == payment_id), None)
    if payment is None or not payment.amount_received:
        raise NotRefundableError(_("No money came with this payment, or it is not clear with which."))
    payment.payment_order = payment_order
    return payment


def _look(payment: Payment) -> None:
    """Learn what was refunded elsewhere. Raises NotSentError where Ping cannot be asked."""
    try:
        refreshing.ask(payment, by="refund")
    except OutcomeUnknownError as error:
        raise NotSentError(
            f"Ping could not be asked about the payment first: {error.words}", status_code=error.status_code
        ) from error


def _short(text: str) -> str:
    if len(text) > _LONGEST_TEXT:
        raise NotRefundableError(
            _("The text is longer than %(longest)d characters.") % {"longest": _LONGEST_TEXT}
        )
    return text


def _send(payment: Payment, made: Refund, request: NewRefund, *, may_wait: bool = False) -> Refund:
    """Ask Ping for a refund that is written down, and write what becomes of it.

    ``may_wait`` is for one that is sent later by itself where Ping cannot be reached.
    """
    payment_order, ping_id = payment.payment_order, payment.ping_id
    assert ping_id is not None  # nosec B101  # noqa: S101  (money came with it)
    try:
        answer = client_for(payment_order).refund_payment(payment_order.ping_id, ping_id, request)
    except GatewayError as error:
        logger.warning(
            "A refund was not accepted",
            extra={"order_number": payment_order.order_number, "error": type(error).__name__},
        )
        if isinstance(error, OutcomeUnknownError):
            current = _write(payment, made.pk, ledger.refunds.lost)
            if current.state is not RefundState.UNKNOWN:
                return current  # Ping has listed it meanwhile
        elif isinstance(error, NotSentError) and may_wait:
            _write(payment, made.pk, ledger.refunds.not_asked_for)
        else:
            _write(payment, made.pk, partial(ledger.refunds.refused, words=error.words))
        if isinstance(error, AuthenticationError):
            alerts.credentials_refused(error)
        elif isinstance(error, RejectedError):
            settling.look(payment_order)  # it may be split, after which Ping takes none any more
        raise
    current = _write(payment, made.pk, partial(ledger.refunds.accepted, answer=answer))
    if current.state is RefundState.FAILED:
        raise RejectedError(
            str(_("Ping says of the refund that it took on: %(words)s") % {"words": current.error})
        )
    return current


def _write(payment: Payment, refund_id: int, entry: Callable[[Book, Refund], None]) -> Refund:
    """Let the ledger write its entry about a refund, and return the refund as it is now."""

    def write_entry(book: Book) -> Refund:
        current = Refund.objects.get(pk=refund_id)
        current.payment = book.payment(payment.pk)
        entry(book, current)
        return current

    return write(payment.payment_order_id, write_entry)


def _give_back(effect: Effect) -> None:
    """Ask Ping to give back by itself what an order does not need.

    A refund whose answer was lost, or that a process took with it when it died, is not asked for again, nor
    is one of which some went back in another way meanwhile: staff are told. Raises NotSentError where Ping
    certainly has not heard of it, but at the last try.
    """
    is_last = effect.tries >= outbox.MAX_TRIES
    client_for(effect.payment_order)  # before anything is written that could not be sent
    with locked(effect.payment_order_id) as book:
        payment, made = _intended(book, effect)
        if made is None or payment.ping_id is None:
            return
        if made.sent_at is not None:
            ledger.refunds.lost(book, made)
            return
        try:
            request = ledger.refunds.asked_for(book, made)
        except NotRefundableError as error:
            ledger.refunds.refused(book, made, str(error))
            return
    try:
        _send(payment, made, request, may_wait=not is_last)
    except NotSentError:
        if not is_last:
            raise
    except (RejectedError, OutcomeUnknownError):
        pass  # it is written down, and staff are told


def _give_up(effect: Effect) -> None:
    """Leave to a person what could not be given back by itself."""
    with locked(effect.payment_order_id) as book:
        _payment, made = _intended(book, effect)
        if made is not None and made.sent_at is not None:
            ledger.refunds.lost(book, made)
        elif made is not None:
            ledger.refunds.refused(book, made, str(_("Ping could not be reached.")))


def _intended(book: Book, effect: Effect) -> tuple[Payment, Refund | None]:
    payment = next(each for each in book.payments if each.number == int(effect.about))
    return payment, ledger.refunds.intended(payment)


outbox.CARRY_OUT[Effect.Name.REFUND] = _give_back
outbox.GIVE_UP[Effect.Name.REFUND] = _give_up
