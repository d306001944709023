"""What is done about the order: cancel it, say that somebody has looked."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from ... import facade
from ...models import StaffAction
from ...statuses import State
from ..case import Case
from .base import Action, ActionForm, NotDoneError


class Cancel(Action):
    """Cancel an order that is not paid."""

    name = StaffAction.Name.CANCEL
    label = _("Cancel the order")
    question = _(
        "Ping is asked first: if the order was paid meanwhile, it is not cancelled. Otherwise the payment is "
        "stopped where Ping can, the order is cancelled, and its stock, vouchers and offers are given back."
    )
    is_final = True

    @classmethod
    def applies(cls, case: Case) -> bool:
        """Where the order waits for its money, and none has come that has not gone back."""
        payment_order = case.payment_order
        return payment_order.is_awaiting and payment_order.amount_paid == payment_order.amount_refunded

    def act(self, answers: dict[str, Any]) -> Any:
        """Cancel it."""
        now = facade.cancel(self.case.payment_order.pk, by="staff", person=self.person)
        if now.state == State.CANCELLED:
            return _("The order was cancelled, and what it held was given back.")
        raise NotDoneError(_("The order was not cancelled: %(state)s.") % {"state": now.get_state_display()})


class _ResolveForm(ActionForm):
    note = forms.CharField(
        label=_("What did you find, or do?"),
        help_text=_("It is kept with your name, and becomes a note on the order."),
        max_length=1000,
        widget=forms.Textarea(attrs={"rows": 4}),
    )


class Resolve(Action):
    """Say that somebody has looked at what needed attention."""

    name = StaffAction.Name.RESOLVE
    label = _("Resolve")
    question = _("You say that you have looked at this and that nobody else needs to.")
    form_class = _ResolveForm

    @classmethod
    def applies(cls, case: Case) -> bool:
        """Where something needs attention."""
        return bool(case.payment_order.attention)

    def act(self, answers: dict[str, Any]) -> Any:
        """Write it down."""
        looked_at = self.case.payment_order
        resolved = facade.resolve(
            looked_at.pk,
            person=self.person,
            note=answers["note"],
            reason=looked_at.attention,
            detail=looked_at.attention_detail,
        )
        if not resolved:
            raise NotDoneError(_("Something else needs attention by now."))
        return _("Resolved: %(reason)s.") % {"reason": looked_at.get_attention_display()}
