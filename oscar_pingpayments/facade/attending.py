"""What staff do about a payment order: ask how it is, stop a payment, say that they have looked, mail."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from .. import ledger
from ..exceptions import PingPaymentsError
from ..ledger import Person
from ..models import Payment, PaymentOrder, StaffAction
from . import letters, outbox, refreshing, settling
from .connection import client_for
from .writing import locked, must_be_outermost


class NotPaidError(PingPaymentsError):
    """The order is not paid, so there is nothing to confirm."""


class NothingToStopError(PingPaymentsError):
    """No attempt is open at Ping, so there is nothing to stop."""


def refresh_all(payment_order_id: int, *, person: Person) -> PaymentOrder:
    """Ask Ping about a payment order and every attempt to pay it, and return it as it is then.

    Raises GatewayError.
    """
    payment_order = PaymentOrder.objects.get(pk=payment_order_id)
    attempts = payment_order.payments.select_related("payment_order").order_by("number")
    for payment in attempts.filter(sent_at__isnull=False):
        refreshing.ask(payment, by="staff")
    payment_order = settling.refresh_order(payment_order_id)
    ledger.acted(payment_order, StaffAction.Name.REFRESH, person)
    return payment_order


def stop(payment_order_id: int, *, person: Person) -> Payment:
    """Ask Ping to stop the attempt that may still be paid, and return it as Ping has it then.

    The order goes on waiting for its money. Whether a card payment can be stopped is Ping's to say: one that
    cannot stays as it is. Raises NothingToStopError, and GatewayError with Ping's words.
    """
    must_be_outermost()
    attempts = Payment.objects.select_related("payment_order").filter(payment_order=payment_order_id)
    payment = attempts.filter(live=True, ping_id__isnull=False).first()
    if payment is None or payment.ping_id is None:
        raise NothingToStopError(_("No attempt is open at Ping."))
    client_for(payment.payment_order).stop_payment(payment.payment_order.ping_id, payment.ping_id)
    ledger.acted(payment.payment_order, StaffAction.Name.STOP, person, f"#{payment.number}")
    return refreshing.ask(payment, by="staff")


def resolve(
    payment_order_id: int, *, person: Person, note: str, reason: str | None = None, detail: str | None = None
) -> bool:
    """Write down that a person has looked at what needed attention; return whether that was so.

    ``note`` says what they found or did; with their name it becomes a note on Oscar's order. ``reason``
    and ``detail`` are what they looked at (``PaymentOrder.attention``, ``attention_detail``): where something
    else, or more, needs attention by now, that stays.
    """
    with locked(payment_order_id) as book:
        said = f"{book.payment_order.get_attention_display()}: {note}"
        resolved = ledger.resolve(book, by=person.name, note=note, reason=reason, detail=detail)
        if resolved:
            ledger.acted(book.payment_order, StaffAction.Name.RESOLVE, person, said)
        return resolved


def send_confirmation_again(payment_order_id: int, *, person: Person) -> None:
    """Send the confirmation of a paid order once more. Raises NotPaidError and the mail server's errors."""
    payment_order = PaymentOrder.objects.select_related("order").get(pk=payment_order_id)
    if not payment_order.is_paid:
        raise NotPaidError(_("Order %(number)s is not paid.") % {"number": payment_order.order_number})
    letters.confirmation(payment_order)
    outbox.confirmed(payment_order)
    ledger.acted(payment_order, StaffAction.Name.CONFIRMATION, person)
