"""Money that goes back: asked for in the shop, or found at Ping."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from .. import statuses
from .money import Payment
from .reading import Written


class Refund(Written):
    """Money given back from one payment: asked for here, or made in Ping's own portal and found.

    Written before Ping hears of it, and from then on its amount is spoken for. ``sent_at`` is when Ping was
    asked (None where it certainly was not, or refused), ``refunded_at`` Ping's time of having carried it out.
    ``error`` says why it does not count: Ping's refusal, its failure, a person's word. ``status`` holds
    Ping's word, whatever it is. See ``state``.
    """

    class Origin(models.TextChoices):
        SHOP = "shop", _("asked for in the shop")
        AUTOMATIC = "automatic", _("made by itself, of money that the order does not need")
        PING = "ping", _("found at Ping")

    class Reason(models.TextChoices):
        FRAUDULENT = "fraudulent", _("Fraudulent")
        REQUESTED_BY_CUSTOMER = "requested_by_customer", _("Requested by the customer")
        OTHER = "other", _("Other")

    class State(models.TextChoices):
        INTENDED = statuses.RefundState.INTENDED.value, _("Not sent to Ping yet")
        UNKNOWN = statuses.RefundState.UNKNOWN.value, _("Sent; whether Ping has it is not known")
        ACCEPTED = statuses.RefundState.ACCEPTED.value, _("On its way")
        DONE = statuses.RefundState.DONE.value, _("Refunded")
        REFUSED = statuses.RefundState.REFUSED.value, _("Not made")
        FAILED = statuses.RefundState.FAILED.value, _("Failed")

    payment = models.ForeignKey(
        Payment, verbose_name=_("payment"), on_delete=models.PROTECT, related_name="refunds"
    )
    #: What the caller named it by, so that asking twice makes it once; None once it certainly was not made.
    key = models.CharField(_("key"), max_length=64, null=True, blank=True, editable=False)  # noqa: DJ001
    origin = models.CharField(
        _("made by"), max_length=16, choices=Origin.choices, blank=True, default="", db_default=""
    )
    ping_id = models.UUIDField(_("Ping's id"), unique=True, null=True, blank=True)
    amount = models.DecimalField(_("amount"), max_digits=12, decimal_places=2)
    #: What it takes of which of the payment's items; None for refunds of earlier versions.
    parts = models.JSONField(_("parts"), null=True, blank=True, editable=False)
    reason = models.CharField(_("reason"), max_length=32, choices=Reason.choices, blank=True, default="")
    description = models.CharField(
        _("description, for the shop"), max_length=500, blank=True, default="", db_default=""
    )
    message = models.TextField(_("message to the payer"), blank=True, default="")
    status = models.CharField(_("Ping's status"), max_length=32, blank=True, default="")
    error = models.CharField(_("why not"), max_length=255, blank=True, default="", db_default="")
    restock = models.BooleanField(_("back in stock"), default=False, db_default=False)
    #: What was put back in stock, {line: [allocations cancelled, pieces put back]}: once, when it is done.
    restocked = models.JSONField(_("put back in stock"), null=True, blank=True, editable=False)
    by = models.CharField(_("by"), max_length=150, blank=True, default="", db_default="")
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("account"),
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="+",
    )
    created_at = models.DateTimeField(_("recorded"), default=timezone.now)
    sent_at = models.DateTimeField(_("asked for"), null=True, blank=True)
    #: When staff were told that it is missing at Ping: once.
    missed_at = models.DateTimeField(_("missed"), null=True, blank=True, editable=False)
    refunded_at = models.DateTimeField(_("refunded"), null=True, blank=True)

    class Meta:
        verbose_name = _("refund")
        verbose_name_plural = _("refunds")
        ordering = ["-pk"]
        constraints = [
            models.CheckConstraint(name="pingpayments_refund_amount_positive", condition=Q(amount__gt=0)),
            models.UniqueConstraint(fields=["payment", "key"], name="pingpayments_refund_key_once"),
        ]
        indexes = [models.Index(fields=["refunded_at"], name="pingpayments_refund_done")]

    def __str__(self) -> str:
        return f"{self.amount} {self.payment.currency}"

    @property
    def state(self) -> statuses.RefundState:
        """How it stands."""
        if self.error:
            return statuses.RefundState.FAILED if self.sent_at else statuses.RefundState.REFUSED
        if self.refunded_at is not None:
            return statuses.RefundState.DONE
        if self.ping_id is not None or self.status:
            return statuses.RefundState.ACCEPTED
        return statuses.RefundState.UNKNOWN if self.sent_at else statuses.RefundState.INTENDED

    def get_state_display(self) -> str:
        """Return how it stands, in words."""
        return str(self.State(self.state).label)
