"""The money: payment orders, and the attempts to pay them."""

from __future__ import annotations

from decimal import Decimal
from typing import Any, Final

from django.db import models, transaction
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from .. import statuses
from .reading import Written
from .tokens import new_token

#: The largest amount that the columns hold, Oscar's as well as ours.
LARGEST_AMOUNT: Final = Decimal("9999999999.99")


def keep_money(collector: Any, field: Any, sub_objs: Any, using: str) -> None:
    """``on_delete``: an Oscar order cannot be deleted where money has come for it.

    Otherwise the payment order stays, without its order, as the record of what was asked of Ping.
    """
    # Read again, and locked where there is a transaction to hold the lock: money may just be coming.
    rows = PaymentOrder.objects.using(using).filter(pk__in=[row.pk for row in sub_objs])
    if transaction.get_connection(using).in_atomic_block:
        rows = rows.select_for_update()
    paid = Payment.objects.using(using).filter(status=statuses.Status.COMPLETED)
    if any(row.amount_paid or paid.filter(payment_order=row).exists() for row in rows):
        models.PROTECT(collector, field, sub_objs, using)
    models.SET_NULL(collector, field, sub_objs, using)


class PaymentOrder(Written):
    """One Oscar order to be paid: Ping's payment order beside it, and whether it is paid.

    ``status`` holds Ping's word for its payment order (which says nothing about money); ``state`` is ours
    and is derived from the payments. Both, and the amounts, are written by the ledger alone.
    """

    class PingStatus(models.TextChoices):
        OPEN = "OPEN", _("Open")
        CLOSED = "CLOSED", _("Closed")
        SPLIT = "SPLIT", _("Split")
        SETTLED = "SETTLED", _("Settled")

    class State(models.TextChoices):
        AWAITING = statuses.State.AWAITING.value, _("Awaiting payment")
        PAID = statuses.State.PAID.value, _("Paid")
        REFUNDED = statuses.State.REFUNDED.value, _("Refunded")
        CANCELLED = statuses.State.CANCELLED.value, _("Cancelled")
        EXPIRED = statuses.State.EXPIRED.value, _("Expired")

    class Attention(models.TextChoices):
        DUPLICATE = statuses.Attention.DUPLICATE.value, _("Paid twice")
        LATE = statuses.Attention.LATE.value, _("Paid after the order was cancelled")
        AMOUNT = statuses.Attention.AMOUNT.value, _("Another amount or currency than was asked for")
        IDENTITY = statuses.Attention.IDENTITY.value, _("Ping answered about another payment")
        UNKNOWN_STATUS = (
            statuses.Attention.UNKNOWN_STATUS.value,
            _("A status that this version does not know"),
        )
        CHANGED = statuses.Attention.CHANGED.value, _("Ping changed its word after the payment had ended")
        REFUSED = statuses.Attention.REFUSED.value, _("Ping refused the payment")
        ORDER = statuses.Attention.ORDER.value, _("The money is here, but the order could not be moved")
        TOO_MANY = statuses.Attention.TOO_MANY.value, _("Too many attempts to pay")
        STUCK = statuses.Attention.STUCK.value, _("It cannot be followed up, however often Ping is asked")
        REFUND = statuses.Attention.REFUND.value, _("A refund went wrong, or is missing at Ping")
        SETTLE = statuses.Attention.SETTLE.value, _("Ping refused to close, split or settle it")

    order = models.OneToOneField(
        "order.Order",
        verbose_name=_("order"),
        null=True,
        on_delete=keep_money,
        related_name="ping_payment_order",
    )
    token = models.CharField(_("token"), max_length=64, unique=True, default=new_token, editable=False)
    order_number = models.CharField(_("order number"), max_length=128, db_index=True)
    ping_id = models.UUIDField(_("Ping's id"), unique=True)
    environment = models.CharField(_("environment"), max_length=16)
    tenant_id = models.UUIDField(_("tenant"))
    currency = models.CharField(_("currency"), max_length=3)
    amount = models.DecimalField(_("amount"), max_digits=12, decimal_places=2)
    amount_paid = models.DecimalField(_("paid"), max_digits=12, decimal_places=2, default=0)
    amount_refunded = models.DecimalField(_("refunded"), max_digits=12, decimal_places=2, default=0)
    attempts = models.PositiveSmallIntegerField(_("attempts"), default=0)
    status = models.CharField(
        _("Ping's status"), max_length=16, choices=PingStatus.choices, default=PingStatus.OPEN
    )
    state = models.CharField(_("state"), max_length=16, choices=State.choices, default=State.AWAITING)
    attention = models.CharField(
        _("needs attention"),
        max_length=16,
        choices=Attention.choices,
        blank=True,
        default="",
        db_index=True,
    )
    attention_detail = models.TextField(_("why"), blank=True, default="")
    #: All that a person must look at, of which ``attention`` is what matters most: [about what, detail].
    concerns = models.JSONField(_("all that needs attention"), null=True, blank=True, editable=False)
    #: What the order held, while it is given back: {"vouchers": [their keys], "offers": {discount's key: how
    #: often it was used}}. None while the order holds it; also of one that ended and was left to staff.
    given_back = models.JSONField(_("given back"), null=True, blank=True, editable=False)
    language = models.CharField(_("payer's language"), max_length=16, blank=True, default="")
    #: What staff find the payer by, in lower case: None before it was looked up, "" where nothing is known or
    #: all was forgotten.
    payer_name = models.CharField(  # noqa: DJ001
        _("payer's name"), max_length=255, null=True, blank=True, editable=False
    )
    payer_last_name = models.CharField(  # noqa: DJ001
        _("payer's last name"), max_length=255, null=True, blank=True, editable=False
    )
    payer_email = models.CharField(  # noqa: DJ001
        _("payer's e-mail address"), max_length=254, null=True, blank=True, editable=False
    )
    expires_at = models.DateTimeField(_("to be paid before"))
    #: When what was in it was put into a new basket of the payer's: once.
    refilled_at = models.DateTimeField(_("put back in a basket"), null=True, blank=True, editable=False)
    paid_at = models.DateTimeField(_("paid at"), null=True, blank=True)
    ended_at = models.DateTimeField(_("ended at"), null=True, blank=True)
    created_at = models.DateTimeField(_("created"), default=timezone.now)

    class Meta:
        verbose_name = _("payment order")
        verbose_name_plural = _("payment orders")
        ordering = ["-pk"]
        constraints = [
            models.CheckConstraint(name="pingpayments_order_amount_positive", condition=Q(amount__gt=0)),
            models.CheckConstraint(
                name="pingpayments_order_refunded_within_paid",
                condition=Q(
                    amount_paid__gte=0, amount_refunded__gte=0, amount_refunded__lte=F("amount_paid")
                ),
            ),
            models.CheckConstraint(
                name="pingpayments_order_paid_has_a_time",
                condition=Q(state__in=["paid", "refunded"], paid_at__isnull=False)
                | Q(state__in=["awaiting", "cancelled", "expired"], paid_at__isnull=True),
            ),
        ]
        indexes = [
            models.Index(fields=["state", "expires_at"], name="pingpayments_order_unpaid"),
            # The dashboard's list, by date and by amount. What it filters by is in them, so that rows which
            # do not match are passed over without being read.
            models.Index(
                fields=["created_at", "id", "state", "currency", "amount"], name="pingpayments_order_dates"
            ),
            models.Index(
                fields=["amount", "id", "state", "currency", "created_at"], name="pingpayments_order_amounts"
            ),
            models.Index(fields=["currency", "paid_at"], name="pingpayments_order_paid"),
            models.Index(fields=["state", "created_at", "id"], name="pingpayments_order_states"),
            models.Index(fields=["currency", "created_at", "id"], name="pingpayments_order_currency"),
            # What begins with so and so; without the operator class PostgreSQL would need the C collation.
            models.Index(
                fields=["payer_name"],
                opclasses=["varchar_pattern_ops"],
                name="pingpayments_order_payer",
            ),
            models.Index(
                fields=["payer_last_name"],
                opclasses=["varchar_pattern_ops"],
                name="pingpayments_order_last_name",
            ),
            models.Index(
                fields=["payer_email"],
                opclasses=["varchar_pattern_ops"],
                name="pingpayments_order_email",
            ),
        ]
        permissions = [
            ("refund_paymentorder", "Can refund payments"),
            ("resolve_paymentorder", "Can resolve payments that need attention, cancel and send links"),
            ("settle_paymentorder", "Can close, split and settle payment orders"),
        ]

    def __str__(self) -> str:
        return f"#{self.order_number}"

    @property
    def is_paid(self) -> bool:
        """Whether the order was paid, in full and as asked (it may have been refunded since)."""
        return self.state in (statuses.State.PAID, statuses.State.REFUNDED)

    @property
    def is_awaiting(self) -> bool:
        """Whether the order still waits for its money."""
        return self.state == statuses.State.AWAITING

    @property
    def has_gone_back(self) -> bool:
        """Whether money came for the order, and all of it has been given back."""
        return 0 < self.amount_paid == self.amount_refunded

    @property
    def is_with_staff(self) -> bool:
        """Whether its time ran out when staff had moved the order on: it is theirs, goods and all."""
        has_expired = self.state == statuses.State.EXPIRED
        return has_expired and self.order_id is not None and self.given_back is None


class Payment(Written):
    """One attempt to be paid for one payment order.

    A payer who gives up and tries again gets a second row; the first stays as the record of what
    happened. ``status`` holds Ping's word ("" before the first one), ``history`` every word that Ping
    gave us, who had asked, and what it changed.

    An attempt that was sent (``sent_at``) but has no ``ping_id`` and no ``error`` has an unknown outcome:
    Ping may have it. ``live`` marks the one attempt that may still be paid. It is True or NULL, never
    False, so that a plain unique constraint holds on every database.
    """

    payment_order = models.ForeignKey(
        PaymentOrder, verbose_name=_("payment order"), on_delete=models.PROTECT, related_name="payments"
    )
    number = models.PositiveSmallIntegerField(_("attempt"))
    token = models.CharField(_("token"), max_length=64, unique=True, default=new_token, editable=False)
    ping_id = models.UUIDField(_("Ping's id"), unique=True, null=True, blank=True)
    status = models.CharField(_("Ping's status"), max_length=32, blank=True, default="")
    live = models.BooleanField(_("may still be paid"), null=True, default=True)
    currency = models.CharField(_("currency"), max_length=3)
    amount = models.DecimalField(_("amount"), max_digits=12, decimal_places=2)
    amount_received = models.DecimalField(_("received"), max_digits=12, decimal_places=2, default=0)
    pay_url = models.TextField(_("payment page"), blank=True, default="")
    error = models.TextField(_("Ping's refusal"), blank=True, default="")
    reason = models.CharField(_("why it failed"), max_length=255, blank=True, default="")
    history = models.JSONField(_("history"), default=list, blank=True)
    #: The order items that Ping was sent, from which refunds are taken; None in earlier versions' attempts.
    items = models.JSONField(_("order items"), null=True, blank=True, editable=False)
    #: A keyed digest of the payer's network address: enough to count by, and not the address.
    payer_address = models.CharField(
        _("payer's address, digested"),
        max_length=64,
        blank=True,
        default="",
        db_default="",
        db_index=True,
        editable=False,
    )
    created_at = models.DateTimeField(_("created"), default=timezone.now)
    sent_at = models.DateTimeField(_("sent to Ping"), null=True, blank=True)
    changed_at = models.DateTimeField(_("status changed"), default=timezone.now)
    asked_at = models.DateTimeField(_("last asked"), null=True, blank=True)
    asked_by = models.CharField(_("last asked by"), max_length=16, blank=True, default="")
    #: Who had asked when Ping's word became a final one: whether callbacks arrive is seen by this.
    settled_by = models.CharField(_("settled by"), max_length=16, blank=True, default="", db_default="")
    #: Ahead of now while a page is asking: until when the others leave it to that one.
    page_asked_at = models.DateTimeField(_("last asked by a page"), null=True, blank=True)
    ask_again_at = models.DateTimeField(_("ask again"), null=True, blank=True, db_index=True)
    failed_asks = models.PositiveIntegerField(_("asks without an answer"), default=0)

    class Meta:
        verbose_name = _("payment")
        verbose_name_plural = _("payments")
        ordering = ["-pk"]
        constraints = [
            models.UniqueConstraint(fields=["payment_order", "number"], name="pingpayments_payment_number"),
            models.UniqueConstraint(fields=["payment_order", "live"], name="pingpayments_payment_one_live"),
            models.CheckConstraint(
                name="pingpayments_payment_live_or_null", condition=Q(live=True) | Q(live__isnull=True)
            ),
            models.CheckConstraint(
                name="pingpayments_payment_amounts",
                condition=Q(amount__gt=0, amount_received__gte=0),
            ),
        ]

    def __str__(self) -> str:
        return f"#{self.payment_order.order_number}/{self.number}"

    @property
    def meaning(self) -> statuses.Meaning:
        """What Ping's word means for the order."""
        return statuses.meaning(self.status)

    @property
    def outcome_unknown(self) -> bool:
        """Whether Ping was asked for this payment and we never learnt if it exists."""
        return self.sent_at is not None and self.ping_id is None and not self.error

    @property
    def can_be_paid_at(self) -> str:
        """PaymentIQ's page for this attempt while it may still be paid there, else ""."""
        return self.pay_url if self.live and self.meaning is statuses.Meaning.WAITING else ""
