"""What goes with the money: effects that must happen once, what staff did, marks in time, the two logs."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from .money import Payment, PaymentOrder
from .reading import Written


class Effect(Written):
    """Something that leaves the shop once for a payment order: an e-mail, a signal, a refund.

    ``about`` tells several of one name apart: the reason for attention, the attempt whose money goes back by
    itself, the refund that is done, the state in which an order ended. ``message`` is what a person adds to
    an e-mail. Written in the transaction that causes it, carried out after the commit. The unique constraint
    is what makes it happen once; ``claimed_at`` is who is at it, ``done_at`` that it is done.
    """

    class Name(models.TextChoices):
        ORDER_PAID = "order_paid", _("signal: order paid")
        CONFIRMATION = "confirmation", _("e-mail: order confirmation")
        ATTENTION = "attention", _("signal: needs attention")
        STAFF_MAIL = "staff_mail", _("e-mail: needs attention, to staff")
        REFUND = "refund", _("refund of money that the order does not need")
        FAILED_MAIL = "failed_mail", _("e-mail: payment failed")
        CANCELLED_MAIL = "cancelled_mail", _("e-mail: order cancelled")
        REFUNDED_MAIL = "refunded_mail", _("e-mail: refunded")
        LINK_MAIL = "link_mail", _("e-mail: payment link")
        REFUND_DONE = "refund_done", _("signal: refund done")
        ORDER_CANCELLED = "order_cancelled", _("signal: order cancelled")

    payment_order = models.ForeignKey(
        PaymentOrder, verbose_name=_("payment order"), on_delete=models.PROTECT, related_name="effects"
    )
    name = models.CharField(_("name"), max_length=32, choices=Name.choices)
    about = models.CharField(_("about"), max_length=32, blank=True, default="", db_default="")
    message = models.TextField(_("message"), blank=True, default="", db_default="")
    created_at = models.DateTimeField(_("created"), default=timezone.now)
    claimed_at = models.DateTimeField(_("begun"), null=True, blank=True)
    done_at = models.DateTimeField(_("done"), null=True, blank=True, db_index=True)
    tries = models.PositiveSmallIntegerField(_("tries"), default=0)
    error = models.CharField(_("last error"), max_length=255, blank=True, default="")

    class Meta:
        verbose_name = _("effect")
        verbose_name_plural = _("effects")
        ordering = ["-pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["payment_order", "name", "about"], name="pingpayments_effect_once"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.payment_order}: {self.get_name_display()}"


class StaffAction(Written):
    """What a person did about a payment order: the trail that stays, whoever leaves.

    ``by`` is their name as it was then; ``user`` their account, where they had one and it still exists.
    """

    class Name(models.TextChoices):
        REFRESH = "refresh", _("asked Ping")
        REFUND = "refund", _("refunded")
        REFUND_ASIDE = "refund_aside", _("set a refund aside that Ping does not have")
        CANCEL = "cancel", _("cancelled the order")
        STOP = "stop", _("stopped the payment")
        LINK = "link", _("sent a payment link")
        CONFIRMATION = "confirmation", _("sent the confirmation again")
        RESOLVE = "resolve", _("looked at what needed attention")
        CLOSE = "close", _("closed the payment order")
        SPLIT = "split", _("split the payment order")
        SETTLE = "settle", _("settled the payment order")

    payment_order = models.ForeignKey(
        PaymentOrder, verbose_name=_("payment order"), on_delete=models.PROTECT, related_name="staff_actions"
    )
    name = models.CharField(_("what"), max_length=32, choices=Name.choices)
    by = models.CharField(_("by"), max_length=150)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("account"),
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="+",
    )
    detail = models.TextField(_("in detail"), blank=True, default="")
    at = models.DateTimeField(_("when"), default=timezone.now)

    class Meta:
        verbose_name = _("staff action")
        verbose_name_plural = _("staff actions")
        ordering = ["-pk"]

    def __str__(self) -> str:
        return f"{self.payment_order}: {self.by} {self.get_name_display()}"


class Settlement(Written):
    """A payment order that is to be closed, split or settled by itself, and when.

    ``due_at`` is None once that is done, or Ping has refused it for good; ``tries`` counts its refusals.
    """

    payment_order = models.OneToOneField(
        PaymentOrder, verbose_name=_("payment order"), on_delete=models.PROTECT, related_name="settlement"
    )
    due_at = models.DateTimeField(_("due"), null=True, blank=True, db_index=True)
    tries = models.PositiveSmallIntegerField(_("tries"), default=0)

    class Meta:
        verbose_name = _("settlement")
        verbose_name_plural = _("settlements")

    def __str__(self) -> str:
        return f"{self.payment_order} {self.due_at or ''}".strip()


class Placing(Written):
    """A basket whose order is being placed, frozen until that is done; a process that dies leaves it so.

    Made with the freezing. A later sync takes it away, and gives a basket back that is still frozen then.
    """

    basket = models.OneToOneField(
        "basket.Basket", verbose_name=_("basket"), on_delete=models.CASCADE, related_name="+"
    )
    at = models.DateTimeField(_("when"), default=timezone.now, db_index=True)

    class Meta:
        verbose_name = _("basket being placed")
        verbose_name_plural = _("baskets being placed")

    def __str__(self) -> str:
        return f"{self.basket_id} {self.at:%Y-%m-%d %H:%M:%S}"


class Mark(Written):
    """When something of the whole shop's was last done, one row for each: a sync, an alert to staff.

    Each tenant in each environment is a shop of its own; of no tenant are those of an earlier version.
    """

    environment = models.CharField(_("environment"), max_length=16, default="", db_default="")
    tenant_id = models.UUIDField(_("tenant"), null=True)
    name = models.CharField(_("name"), max_length=32)
    at = models.DateTimeField(_("when"))
    detail = models.JSONField(_("what was done"), default=dict, blank=True)

    class Meta:
        verbose_name = _("mark")
        verbose_name_plural = _("marks")
        constraints = [
            models.UniqueConstraint(
                fields=["tenant_id", "environment", "name"], name="pingpayments_mark_once"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.name} {self.at:%Y-%m-%d %H:%M:%S}"


class Log(Written):
    """A log: rows are added and, after their time, removed; never changed by hand."""

    at = models.DateTimeField(_("when"), default=timezone.now, db_index=True)

    class Meta:
        abstract = True


class Callback(Log):
    """One call from outside to an address of ours. Its body is kept for people and believed by nobody."""

    class Outcome(models.TextChoices):
        ASKED = "asked", _("Ping was asked")
        FINISHED = "finished", _("nothing was outstanding")
        NO_ANSWER = "no_answer", _("Ping could not be asked; it is done later")
        TOO_MANY = "too_many", _("too many calls; it is done later")
        REFUSED = "refused", _("refused: the signature is missing or wrong")
        POKE = "poke", _("a test call")
        NOTED = "noted", _("about refunds: Ping is asked soon")

    payment = models.ForeignKey(
        Payment, verbose_name=_("payment"), null=True, on_delete=models.PROTECT, related_name="callbacks"
    )
    poke = models.CharField(_("test call"), max_length=128, blank=True, default="", db_index=True)
    body = models.TextField(_("body"), blank=True, default="")
    verified = models.BooleanField(_("signature verified"), null=True)
    outcome = models.CharField(_("outcome"), max_length=16, choices=Outcome.choices)

    class Meta(Log.Meta):
        verbose_name = _("callback")
        verbose_name_plural = _("callbacks")
        ordering = ["-pk"]
        indexes = [models.Index(fields=["payment", "at"], name="pingpayments_callback_recent")]

    def __str__(self) -> str:
        return f"{self.at:%Y-%m-%d %H:%M:%S} {self.get_outcome_display()}"


class Exchange(Log):
    """One call to Ping and its answer: redacted, bounded, removed after a while."""

    payment_order = models.ForeignKey(
        PaymentOrder,
        verbose_name=_("payment order"),
        null=True,
        on_delete=models.PROTECT,
        related_name="exchanges",
    )
    method = models.CharField(_("method"), max_length=8)
    path = models.CharField(_("path"), max_length=255)
    status_code = models.PositiveSmallIntegerField(_("status code"), null=True)
    milliseconds = models.PositiveIntegerField(_("milliseconds"))
    request_id = models.CharField(_("request id"), max_length=128, blank=True, default="")
    request_body = models.TextField(_("sent"), blank=True, default="")
    response_body = models.TextField(_("received"), blank=True, default="")
    error = models.CharField(_("error"), max_length=255, blank=True, default="")

    class Meta(Log.Meta):
        verbose_name = _("exchange with Ping")
        verbose_name_plural = _("exchanges with Ping")
        ordering = ["-pk"]

    def __str__(self) -> str:
        return f"{self.method} {self.path} {self.status_code or self.error}"


class SentForm(Log):
    """A form that a member of staff has sent: its one-time key, so that it is acted on once."""

    key = models.CharField(_("key"), max_length=64, unique=True)

    class Meta(Log.Meta):
        verbose_name = _("form that was sent")
        verbose_name_plural = _("forms that were sent")

    def __str__(self) -> str:
        return f"{self.key} {self.at:%Y-%m-%d %H:%M:%S}"
