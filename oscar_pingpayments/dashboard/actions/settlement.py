"""The end of a payment order at Ping: closed, split, settled."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

from django import forms
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from ... import facade
from ...exceptions import AuthenticationError, NotFoundError, RejectedError
from ...models import PaymentOrder, StaffAction
from ...statuses import is_at
from ..access import Right
from ..case import Case
from .base import Action, ActionForm, NotDoneError


class _Step(Action):
    """One step to the end; ``word`` is Ping's for a payment order that has taken it."""

    right = Right.SETTLE
    tells_ping = True
    word: ClassVar[PaymentOrder.PingStatus]

    @classmethod
    def applies(cls, case: Case) -> bool:
        """Where it is not there yet, and nobody is to pay any more."""
        return not case.payment_order.is_awaiting and not is_at(case.payment_order.status, cls.word)

    def tell(self, now: PaymentOrder) -> Any:
        """Say how far Ping is."""
        if not is_at(now.status, self.word):
            return _("Ping was asked, and has not said yet that it is done.")
        return _("Ping's payment order is “%(status)s” now.") % {"status": now.get_status_display()}


class Close(_Step):
    """Take no more payments."""

    name = StaffAction.Name.CLOSE
    word = PaymentOrder.PingStatus.CLOSED
    label = _("Close")
    question = _("Ping takes no more payments for this order. Money can still be given back.")

    def act(self, answers: dict[str, Any]) -> Any:
        """Close it."""
        return self.tell(facade.close(self.case.payment_order.pk, person=self.person))


class _FastForwardForm(ActionForm):
    fast_forward = forms.BooleanField(
        label=_("With the steps before it, where they are not done yet (fast-forward)"), required=False
    )


class _FinalStep(_Step):
    """A step that ends refunds."""

    is_final = True
    form_class = _FastForwardForm
    do: ClassVar[Callable[..., PaymentOrder]]
    #: What Ping wants to have been done before, and what staff are told to do where it was not.
    after: ClassVar[PaymentOrder.PingStatus]
    advice: ClassVar[Any]

    @classmethod
    def applies(cls, case: Case) -> bool:
        """Where there is money to divide, too."""
        return super().applies(case) and bool(case.payment_order.amount_paid)

    def act(self, answers: dict[str, Any]) -> Any:
        """Take it."""
        key, fast_forward = self.case.payment_order.pk, answers["fast_forward"]
        try:
            return self.tell(type(self).do(key, fast_forward=fast_forward, person=self.person))
        except (AuthenticationError, NotFoundError):
            raise
        except RejectedError as error:
            if fast_forward or is_at(Case.read(key).payment_order.status, self.after):
                raise
            raise NotDoneError(self.advice, error.words) from error


class Split(_FinalStep):
    """Divide the money between merchants."""

    name = StaffAction.Name.SPLIT
    word = PaymentOrder.PingStatus.SPLIT
    label = pgettext_lazy("button", "Split")
    question = _(
        "Ping divides the money between merchants. From then on nothing of it can be given back. Ping wants "
        "the payment order to be closed before."
    )
    do = staticmethod(facade.split)
    after = PaymentOrder.PingStatus.CLOSED
    advice = _("Not done: it is not closed yet. Close it first, or tick the box.")


class Settle(_FinalStep):
    """Pay the merchants out."""

    name = StaffAction.Name.SETTLE
    word = PaymentOrder.PingStatus.SETTLED
    label = _("Settle")
    question = _(
        "Ping pays the merchants out, which should not be before the order was delivered. From then on "
        "nothing of the money can be given back. Ping wants the payment order to be split before."
    )
    do = staticmethod(facade.settle)
    after = PaymentOrder.PingStatus.SPLIT
    advice = _("Not done: it is not split yet. Split it first, or tick the box.")
