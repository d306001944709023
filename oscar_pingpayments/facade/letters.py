"""The e-mails that the payer gets: in the payer's language, through Oscar's communication app.

Each has a code, by which Oscar finds its templates: those that staff have edited in the dashboard, else the
shop's own files, else ours (``oscar/communication/emails/commtype_<code>_subject.txt`` and so on).
"""

from __future__ import annotations

import logging
from typing import Any

from django.contrib.sites.models import Site
from django.urls import NoReverseMatch, reverse
from django.utils import translation
from oscar.core.loading import get_class

from ..models import PaymentOrder, Refund
from . import addresses

FAILED = "PINGPAYMENTS_PAYMENT_FAILED"
CANCELLED = "PINGPAYMENTS_ORDER_CANCELLED"
REFUNDED = "PINGPAYMENTS_REFUNDED"
LINK = "PINGPAYMENTS_PAYMENT_LINK"

# What Oscar's dispatcher says of each e-mail is the payer's address.
_quiet = logging.getLogger(f"{__name__}.dispatcher")
_quiet.setLevel(logging.WARNING)


def confirmation(payment_order: PaymentOrder) -> None:
    """Send Oscar's own order confirmation. Like all here, raises what the mail server raises."""
    order = payment_order.order
    if order is None or not order.email:
        return
    with translation.override(payment_order.language or None):
        _dispatcher().send_order_placed_email_for_user(order, _oscars_context(order))


def failed(payment_order: PaymentOrder) -> None:
    """Tell the payer that the order is not paid, and where to try again."""
    _send(payment_order, FAILED)


def cancelled(payment_order: PaymentOrder) -> None:
    """Tell the payer that the order has ended, unpaid."""
    _send(payment_order, CANCELLED)


def refunded(payment_order: PaymentOrder, refund: Refund) -> None:
    """Tell the payer how much has gone back, and how much has not."""
    remaining = payment_order.amount_paid - payment_order.amount_refunded
    _send(payment_order, REFUNDED, refund=refund, remaining=remaining, message=refund.message)


def link(payment_order: PaymentOrder, message: str) -> None:
    """Send the payer the link to the page where the order can be paid, with a member of staff's words."""
    _send(payment_order, LINK, message=message)


def _send(payment_order: PaymentOrder, code: str, **facts: object) -> None:
    """Send one of our own e-mails. Nobody is written to who has no address, or whose order was deleted."""
    order = payment_order.order
    if order is None or not order.email:
        return
    page = reverse("pingpayments:payment", args=[payment_order.token])
    context = {
        "order": order,
        "user": order.user,
        "payment_url": addresses.absolute(page, order.site),
        **facts,
    }
    with translation.override(payment_order.language or None):
        dispatcher = _dispatcher()
        messages = dispatcher.dispatcher.get_messages(code, context)
        messages["subject"] = " ".join(messages["subject"].split())
        dispatcher.dispatch_order_messages(order, messages, code)


def _dispatcher() -> Any:
    return get_class("order.utils", "OrderDispatcher")(logger=_quiet)


def _oscars_context(order: Any) -> dict[str, object]:
    """What Oscar's own checkout gives its template, without a request: the payer may be long gone."""
    context: dict[str, object] = {"user": order.user, "order": order, "lines": order.lines.all()}
    site = order.site or Site.objects.get_current()
    try:
        if order.is_anonymous:
            path = reverse("customer:anon-order", args=[order.number, order.verification_hash()])
        else:
            path = reverse("customer:order", args=[order.number])
    except NoReverseMatch:
        return context
    return context | {"status_path": path, "status_url": addresses.absolute(path, site), "site": site}
