"""What is done about refunds: ask Ping for one, say that Ping does not have it."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django import forms
from django.utils import formats, timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from ... import facade
from ...exceptions import OutcomeUnknownError
from ...models import Refund, StaffAction
from ...statuses import OPEN, RefundState, takes_refunds
from ..access import Right
from ..amounts import shown
from ..case import Case
from .base import Action, ActionForm, UnknownOutcomeError
from .refund_form import LONGEST, RefundForm

#: How long a refund that Ping has accepted is left alone: it is no case for staff yet.
PATIENCE = timedelta(hours=1)


class GiveBack(Action):
    """Refund."""

    name = StaffAction.Name.REFUND
    right = Right.REFUND
    label = pgettext_lazy("button", "Refund")
    question = _(
        "Ping is asked to give the money back to the payer's card. It takes some time, and cannot be undone."
    )
    is_final = True
    form_class = RefundForm
    template_name = "oscar_pingpayments/dashboard/refund.html"

    @classmethod
    def applies(cls, case: Case) -> bool:
        """Where something is left that can be given back, and Ping still takes refunds."""
        return bool(case.left) and takes_refunds(case.payment_order.status)

    def act(self, answers: dict[str, Any]) -> Any:
        """Ask Ping for it."""
        try:
            made = facade.refund(
                self.case.payment_order.pk,
                payment_id=answers["payment"],
                reason=Refund.Reason(answers["reason"]),
                description=answers["description"],
                message=answers["message"],
                restock=answers["restock"],
                seen=len(self.case.refunds),
                person=self.person,
                **answers["wanted"],
            )
        except OutcomeUnknownError as error:
            raise UnknownOutcomeError(
                _(
                    "Whether Ping has the refund is not known yet: %(words)s. It is found out by itself. Do "
                    "not ask for it again."
                )
                % {"words": error.words}
            ) from error
        return _("Refund of %(amount)s: %(state)s.") % {
            "amount": _amount(made),
            "state": made.get_state_display(),
        }


class _AsideForm(ActionForm):
    refund = forms.TypedChoiceField(label=_("Refund"), coerce=int)
    note = forms.CharField(
        label=_("What did you find out, and where?"),
        help_text=_("It is kept with your name."),
        max_length=LONGEST,
        widget=forms.Textarea(attrs={"rows": 4}),
    )

    def __init__(self, *args: Any, case: Case, **kwargs: Any) -> None:
        super().__init__(*args, case=case, **kwargs)
        field: Any = self.fields["refund"]
        field.choices = [
            (refund.pk, f"{_amount(refund)}: {refund.get_state_display()}, {_time(refund.created_at)}")
            for refund in _doubtful(case)
        ]


class SetAside(Action):
    """Say that Ping does not have a refund."""

    name = StaffAction.Name.REFUND_ASIDE
    right = Right.REFUND
    label = _("Set a refund aside")
    question = _(
        "You have looked in Ping's portal: Ping does not have this refund, and will not carry it out. Ping "
        "is asked once more, and where it lists the refund, that counts. Otherwise its money can be given "
        "back again."
    )
    is_final = True
    form_class = _AsideForm

    @classmethod
    def applies(cls, case: Case) -> bool:
        """Where nobody knows whether Ping has a refund, or one has been on its way for long."""
        return bool(_doubtful(case))

    def act(self, answers: dict[str, Any]) -> Any:
        """Set it aside."""
        made = facade.set_refund_aside(answers["refund"], person=self.person, note=answers["note"])
        return _("The refund of %(amount)s was set aside.") % {"amount": _amount(made)}


def _amount(refund: Refund) -> str:
    return shown(refund.amount, refund.payment.currency)


def _time(moment: datetime) -> str:
    return formats.date_format(timezone.localtime(moment), "SHORT_DATETIME_FORMAT")


def _doubtful(case: Case) -> list[Refund]:
    """Return the refunds of which one may ask whether Ping has them."""
    long_ago = timezone.now() - PATIENCE
    return [
        refund
        for refund in case.refunds
        if refund.sent_at
        and refund.state in OPEN
        and (refund.state is RefundState.UNKNOWN or refund.sent_at <= long_ago)
    ]
