"""How an order's payment stands, in the words and with the ways out that its payer's page shows."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from . import conf
from .ledger import is_cancelled, payable_statuses
from .models import Payment, PaymentOrder
from .statuses import Meaning, Status, parse


class Page(StrEnum):
    """The pages that a payer may see; each is a template."""

    PAID = "paid"
    WAITING = "waiting"
    NOT_PAID = "not_paid"
    UNAVAILABLE = "unavailable"
    TO_PAY = "to_pay"
    ENDED = "ended"
    WITH_STAFF = "with_staff"
    CHECKING = "checking"


#: Who comes later than this, by a link perhaps, is not told that a payment could not be started then.
_LATELY = timedelta(minutes=10)

_WHY = {
    Status.DECLINED: _("Your bank or card issuer declined the payment."),
    Status.ABORTED: _("You left the payment page before the payment was finished."),
    Status.EXPIRED: _("The payment page was open for too long and has closed."),
    Status.CRASHED: _("Something went wrong on the payment page."),
    Status.STOPPED: _("The payment was stopped."),
}


@dataclass(frozen=True, slots=True)
class Standing:
    """What a page says: which one, why, where the payer can pay now, and whether it may change by itself."""

    page: Page
    payment_order: PaymentOrder
    attempt: Payment | None = None
    why: Any = ""
    pay_url: str = ""
    may_try_again: bool = True

    @property
    def is_paid(self) -> bool:
        """Whether the order is paid."""
        return self.page is Page.PAID

    @property
    def is_open(self) -> bool:
        """Whether asking Ping may change what the page says."""
        return self.page in (Page.WAITING, Page.NOT_PAID) and self.attempt is not None

    @property
    def may_be_put_back(self) -> bool:
        """Whether what was in an order that cannot be paid any more can still be put into a basket."""
        payment_order = self.payment_order
        has_money = payment_order.amount_paid != payment_order.amount_refunded
        return payment_order.refilled_at is None and not has_money

    @property
    def is_confirmed_by_mail(self) -> bool:
        """Whether who ordered is sent an e-mail when the order is paid."""
        order = self.payment_order.order
        return conf.get_settings().emails.confirmation and order is not None and bool(order.email)

    @property
    def version(self) -> str:
        """A word that changes when the page has something else to say."""
        attempt = self.attempt
        return (
            f"{self.page}-{attempt.number}-{attempt.status}-{bool(self.pay_url)}"
            if attempt
            else str(self.page)
        )


def standing_of(payment_order: PaymentOrder, attempt: Payment | None) -> Standing:
    """Work out which page an order's payer sees; ``attempt`` is the order's last."""
    if payment_order.is_paid:
        return Standing(Page.PAID, payment_order, attempt)
    has_come = payment_order.amount_paid or (attempt is not None and attempt.meaning is Meaning.PAID)
    if has_come and (payment_order.is_awaiting or not payment_order.has_gone_back):
        return Standing(Page.CHECKING, payment_order, attempt)
    if _is_with_staff(payment_order):
        return Standing(Page.WITH_STAFF, payment_order, attempt)
    if not payment_order.is_awaiting or payment_order.order_id is None:
        return Standing(Page.ENDED, payment_order, attempt)
    if attempt is not None and attempt.live and (attempt.ping_id or attempt.outcome_unknown):
        return Standing(Page.WAITING, payment_order, attempt, pay_url=attempt.can_be_paid_at)
    if payment_order.expires_at <= timezone.now():
        return Standing(Page.ENDED, payment_order, attempt)
    if attempt is not None and attempt.meaning is Meaning.FAILED:
        status = parse(attempt.status)
        return Standing(
            Page.NOT_PAID,
            payment_order,
            attempt,
            why=_WHY[status] if status else "",
            may_try_again=payment_order.attempts < conf.get_settings().attempts.per_order,
        )
    tried_at = attempt.created_at if attempt else payment_order.created_at
    page = Page.UNAVAILABLE if tried_at > timezone.now() - _LATELY else Page.TO_PAY
    return Standing(page, payment_order, attempt)


def _is_with_staff(payment_order: PaymentOrder) -> bool:
    """Whether staff have moved the order on, as if it was paid in another way."""
    if not payment_order.is_awaiting:
        return payment_order.is_with_staff
    order = payment_order.order
    return order is not None and not is_cancelled(order) and order.status not in payable_statuses()
