"""What is done to the attempts: ask Ping how they stand, stop the one that is open."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext_lazy as _

from ... import facade
from ...models import StaffAction
from ...statuses import Status, parse
from ..access import Right
from ..case import Case
from .base import Action, NotDoneError


class Refresh(Action):
    """Ask Ping about every attempt."""

    name = StaffAction.Name.REFRESH
    right = Right.VIEW
    label = _("Ask Ping")
    question = _(
        "Ping is asked about every attempt to pay this order, and what it says is written down: a payment "
        "that has come, one that failed, a refund that was made in Ping's portal."
    )

    @classmethod
    def applies(cls, case: Case) -> bool:
        """Where there is something to ask about."""
        return any(payment.sent_at for payment in case.payments)

    def act(self, answers: dict[str, Any]) -> Any:
        """Ask."""
        before = self.case.version
        now = facade.refresh_all(self.case.payment_order.pk, person=self.person)
        if Case.read(now.pk).version == before:
            return _("Ping was asked. Nothing has changed: %(state)s.") % {"state": now.get_state_display()}
        return _("Ping was asked, and there is news: %(state)s.") % {"state": now.get_state_display()}


class Stop(Action):
    """Stop the attempt that may still be paid; the order goes on waiting."""

    name = StaffAction.Name.STOP
    label = _("Stop the payment")
    tells_ping = True
    question = _(
        "Ping is asked to stop the payment that is open, so that it can no longer be paid. The order stays, "
        "and its payer may try again. Not every card payment can be stopped: Ping says whether this one can."
    )

    @classmethod
    def applies(cls, case: Case) -> bool:
        """Where an attempt is open at Ping."""
        return case.live is not None and case.live.ping_id is not None

    def act(self, answers: dict[str, Any]) -> Any:
        """Ask Ping to stop it, and how it stands then."""
        payment = facade.stop(self.case.payment_order.pk, person=self.person)
        if parse(payment.status) is Status.STOPPED:
            return _("The payment was stopped.")
        raise NotDoneError(
            _("Ping was asked to stop the payment, and says that it is %(status)s.")
            % {"status": payment.status}
        )
