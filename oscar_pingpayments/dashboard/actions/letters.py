"""What staff send to the payer: a link to pay by, the confirmation once more."""

from __future__ import annotations

import logging
from datetime import timedelta
from typing import Any

from django import forms
from django.utils import formats, timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from ... import facade
from ...models import PaymentOrder, StaffAction
from ...privacy import loggable
from ..case import Case
from .base import Action, ActionForm, NotDoneError

logger = logging.getLogger(__name__)


class SendConfirmation(Action):
    """Send the order confirmation once more."""

    name = StaffAction.Name.CONFIRMATION
    label = _("Send the confirmation again")
    question = _("The order confirmation is sent to the payer once more.")

    @classmethod
    def applies(cls, case: Case) -> bool:
        """Where the order is paid, and there is somebody to write to."""
        return case.payment_order.is_paid and bool(case.payer.email)

    def act(self, answers: dict[str, Any]) -> Any:
        """Send it."""
        try:
            facade.send_confirmation_again(self.case.payment_order.pk, person=self.person)
        except Exception as error:  # whatever the shop's mail server raises
            logger.exception(
                "A confirmation could not be sent again",
                exc_info=loggable(error),
                extra={"order_number": self.case.payment_order.order_number},
            )
            raise NotDoneError(_("The e-mail could not be sent: the mail server did not take it.")) from error
        return _("The confirmation was sent to %(email)s.") % {"email": self.case.payer.email}


def _windows() -> list[tuple[int, str]]:
    """Return for how long a link can be paid, in hours, in the words of whoever is asked."""
    hours, days = (1, 4, 24, 48), (7, 14, 30)
    return [
        *((each, ngettext("%(hours)d hour", "%(hours)d hours", each) % {"hours": each}) for each in hours),
        *((24 * each, ngettext("%(days)d day", "%(days)d days", each) % {"days": each}) for each in days),
    ]


class _LinkForm(ActionForm):
    hours = forms.TypedChoiceField(
        label=_("It can be paid for"),
        coerce=int,
        initial=48,
        choices=_windows,
    )
    message = forms.CharField(
        label=_("Message to the payer"),
        help_text=_("It stands in the e-mail, above the link."),
        required=False,
        max_length=1000,
        widget=forms.Textarea(attrs={"rows": 4}),
    )


class SendLink(Action):
    """Send the payer of an unpaid order a link by which it can be paid."""

    name = StaffAction.Name.LINK
    label = _("Send a payment link")
    question = _(
        "The payer gets an e-mail with a link to the page where this order can be paid. From now on it can "
        "be paid for as long as you say, and then it ends by itself. Ping is asked first whether it was paid."
    )
    form_class = _LinkForm

    @classmethod
    def applies(cls, case: Case) -> bool:
        """Where the order waits for its money, Ping still takes it, and there is somebody to write to."""
        order = case.payment_order
        is_open = order.status == PaymentOrder.PingStatus.OPEN
        return order.is_awaiting and not order.amount_paid and is_open and bool(case.payer.email)

    def act(self, answers: dict[str, Any]) -> Any:
        """Send it."""
        until = facade.send_payment_link(
            self.case.payment_order.pk,
            person=self.person,
            window=timedelta(hours=answers["hours"]),
            message=answers["message"],
        ).expires_at
        return _("A link was sent to %(email)s. Until %(time)s the order can be paid.") % {
            "email": self.case.payer.email,
            "time": formats.date_format(timezone.localtime(until), "DATETIME_FORMAT"),
        }
