"""A link to pay by, which staff send to the payer of an order that is not paid."""

from __future__ import annotations

from datetime import timedelta

from django.utils import formats, timezone
from django.utils.translation import gettext as _

from .. import conf, ledger
from ..exceptions import PingPaymentsError
from ..ledger import Book, Person
from ..models import PaymentOrder, StaffAction
from . import refreshing
from .connection import client_for
from .writing import locked

#: How long the payer of an order that staff send a link for may be given, at least and at most.
SHORTEST_LINK = timedelta(minutes=15)
LONGEST_LINK = timedelta(days=30)

#: A second link within this time is the same click once more, or a colleague's.
_SAME_INSTANT = timedelta(minutes=1)
#: A card page that was opened so long ago is stopped: how long it can be paid on is not documented.
_STALE = timedelta(hours=1)


class NoLinkError(PingPaymentsError):
    """A payment link was not sent, and nothing was changed; the message says why, in staff's language."""


def send_payment_link(
    payment_order_id: int, *, person: Person, window: timedelta, message: str = ""
) -> PaymentOrder:
    """Send the payer of an unpaid order a link to the page where it can be paid; return its payment order.

    From now on the order can be paid for ``window``, neither longer nor shorter, and then it ends as any
    other; a later link replaces the time that an earlier one gave. ``message`` is what the payer also
    reads. The e-mail leaves after the commit, and again by a sync where the mail server is down.

    Ping is asked before, lest an order is asked to be paid that has been. Raises NoLinkError, and
    GatewayError where Ping cannot be asked.
    """
    if not SHORTEST_LINK <= window <= LONGEST_LINK:
        raise NoLinkError(_("A payment link can be used for 15 minutes at least and for 30 days at most."))
    payment_order = PaymentOrder.objects.get(pk=payment_order_id)
    client_for(payment_order)  # which raises where today's credentials are not the order's
    if payment_order.is_awaiting:
        refreshing.ask_about_all(payment_order, by="staff", stop_after=_STALE)
    with locked(payment_order_id) as book:
        if why_not := _why_not(book):
            raise NoLinkError(why_not)
        until = timezone.now() + window
        ledger.give_time(book, until)
        shown = formats.date_format(timezone.localtime(until), "DATETIME_FORMAT")
        detail = _("Can be paid until %(time)s") % {"time": shown}
        action = ledger.acted(
            book.payment_order, StaffAction.Name.LINK, person, f"{detail}\n{message}".strip()
        )
        ledger.letters.link(book, str(action.pk), message)
    return book.payment_order


def _why_not(book: Book) -> str:
    """Return why the payer cannot be sent a link, or "" where that can be done."""
    payment_order = book.payment_order
    facts = {"number": payment_order.order_number}
    if not ledger.is_to_be_paid(book):
        return _("Order %(number)s does not wait for a payment.") % facts
    if payment_order.status != PaymentOrder.PingStatus.OPEN:
        return _("Ping does not take payments for order %(number)s any more.") % facts
    if not book.order.email:
        return _("Order %(number)s has no e-mail address to write to.") % facts
    if not ledger.may_be_tried(book):
        attempts = {"attempts": conf.get_settings().attempts.per_order}
        return _("%(attempts)d attempts were made to pay order %(number)s; no more is allowed.") % (
            facts | attempts
        )
    latest = payment_order.staff_actions.filter(
        name=StaffAction.Name.LINK, at__gt=timezone.now() - _SAME_INSTANT
    ).first()
    if latest is not None:
        return _("%(person)s has just sent a link for order %(number)s.") % (facts | {"person": latest.by})
    return ""
