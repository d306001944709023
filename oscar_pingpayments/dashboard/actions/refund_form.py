"""What is to go back of an order's money: the form of a refund, with a field for each line that is left."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from ... import facade
from ...models import Refund
from ...statuses import Attention
from ..amounts import shown
from ..case import Case
from .base import ActionForm

LONGEST = 500  # what Ping is sent of a text, and what the facade takes
_LINE = "line_"


class RefundForm(ActionForm):
    """What is to go back, of which attempt, and why."""

    payment = forms.TypedChoiceField(label=_("Of which payment"), coerce=int)
    what = forms.ChoiceField(
        label=_("What is to go back"),
        choices=[("all", ""), ("parts", _("Parts of the order")), ("amount", _("An amount"))],
        widget=forms.RadioSelect(attrs={"class": "form-check-input"}),
    )
    shipping = forms.BooleanField(required=False)
    surcharges = forms.BooleanField(required=False)
    amount = forms.DecimalField(
        label=_("Amount"),
        required=False,
        min_value=Decimal("0.01"),
        max_digits=12,
        decimal_places=2,
        widget=forms.NumberInput(attrs={"step": "any", "inputmode": "decimal"}),
    )
    restock = forms.BooleanField(label=_("Put the pieces back in stock"), required=False)
    reason = forms.ChoiceField(
        label=_("Reason"), choices=Refund.Reason.choices, initial=Refund.Reason.REQUESTED_BY_CUSTOMER
    )
    description = forms.CharField(label=_("Why, for the shop and Ping"), required=False, max_length=LONGEST)
    message = forms.CharField(
        label=_("Message to the payer"),
        required=False,
        max_length=LONGEST,
        widget=forms.Textarea(attrs={"rows": 3}),
    )

    def __init__(self, *args: Any, case: Case, **kwargs: Any) -> None:
        super().__init__(*args, case=case, **kwargs)
        self.found = facade.refundable(case.payment_order)
        self.order_currency = case.payment_order.currency
        self._offer_payments(case)
        self._offer_parts()
        self.fields["restock"].initial = self.found.restock

    def _offer_payments(self, case: Case) -> None:
        offered = [each for each in self.found.payments if each.left]
        field: Any = self.fields["payment"]
        field.choices = [(each.payment.pk, _told(each)) for each in offered]
        if len(offered) == 1:
            field.widget = forms.HiddenInput()
        # Money that came for an order which was paid already is what is to go back.
        spare = [each for each in offered if not each.pays]
        is_spare = case.payment_order.attention == Attention.DUPLICATE and spare
        first = next((each for each in offered if each.pays), None)
        chosen = spare[0] if is_spare else first or (offered[0] if offered else None)
        field.initial = chosen.payment.pk if chosen else None
        self._offer_all(offered)

    def _offer_all(self, offered: list[facade.RefundablePayment]) -> None:
        """Name the sum, where it is sure. Nothing is chosen beforehand, so that nothing typed is ignored."""
        everything: Any = _("Everything that is left")
        if len(offered) == 1:
            left = shown(offered[0].left, self.order_currency)
            everything = _("Everything that is left (%(amount)s)") % {"amount": left}
        field: Any = self.fields["what"]
        field.choices = [("all", everything), *field.choices[1:]]

    def _offer_parts(self) -> None:
        paying = self.found.paying
        lines = [item for item in paying.lines if item.left and item.line_id] if paying else []
        for item in lines:
            self.fields[f"{_LINE}{item.line_id}"] = forms.IntegerField(
                label=item.name,
                help_text=_("%(left)d of %(all)d left, %(amount)s")
                % {
                    "left": item.quantity_left,
                    "all": item.quantity,
                    "amount": shown(item.left, self.order_currency),
                },
                required=False,
                min_value=0,
                max_value=item.quantity_left,
            )
        shipping = paying.shipping if paying else None
        surcharges = sum((item.left for item in paying.surcharges), Decimal(0)) if paying else Decimal(0)
        for name, label, left in (
            ("shipping", _("Shipping, %(amount)s"), shipping.left if shipping else Decimal(0)),
            ("surcharges", _("Surcharges, %(amount)s"), surcharges),
        ):
            if left:
                self.fields[name].label = label % {"amount": shown(left, self.order_currency)}
            else:
                del self.fields[name]

    @property
    def parts(self) -> list[Any]:
        """The fields of the parts of the order, for the template."""
        names = [name for name in self.fields if name.startswith(_LINE)]
        return [self[name] for name in (*names, "shipping", "surcharges") if name in self.fields]

    @property
    def more(self) -> list[Any]:
        """The other fields, for the template."""
        return [self[name] for name in ("restock", "reason", "description", "message")]

    def clean(self) -> dict[str, Any]:
        """Return what the facade is to be asked for, as well."""
        answers = super().clean() or {}
        self._refuse_what_is_typed_elsewhere(answers)
        what, amount = answers.get("what"), answers.get("amount")
        chosen = next(
            (each for each in self.found.payments if each.payment.pk == answers.get("payment")), None
        )
        wanted: dict[str, Any] = {}
        if what == "amount" and "amount" not in self.errors:
            if amount is None:
                self.add_error("amount", _("Say how much."))
            elif chosen is not None and amount > chosen.left:
                most = shown(chosen.left, self.order_currency)
                self.add_error("amount", _("At most %(most)s is left.") % {"most": most})
            wanted = {"amount": amount}
        elif what == "parts":
            wanted = self._parts(answers)
            if chosen is not None and not chosen.pays:
                self.add_error("what", _("Parts can go back of the payment that paid the order."))
            elif not any(wanted.values()):
                self.add_error("what", _("Say which parts."))
        return answers | {"wanted": wanted}

    def _refuse_what_is_typed_elsewhere(self, answers: dict[str, Any]) -> None:
        """Let nothing that was typed be ignored, where another choice is made."""
        what = answers.get("what")
        if what is None:
            return
        if what != "amount" and answers.get("amount") is not None:
            self.add_error("amount", _("You typed an amount: choose “An amount”, or empty it."))
        named = [field.name for field in self.parts if answers.get(field.name)]
        if what != "parts" and named:
            self.add_error(named[0], _("You named parts: choose “Parts of the order”, or take them out."))

    @staticmethod
    def _parts(answers: dict[str, Any]) -> dict[str, Any]:
        lines = {
            int(name.removeprefix(_LINE)): quantity
            for name, quantity in answers.items()
            if name.startswith(_LINE) and quantity
        }
        return {
            "lines": lines,
            "shipping": bool(answers.get("shipping")),
            "surcharges": bool(answers.get("surcharges")),
        }


def _told(each: facade.RefundablePayment) -> Any:
    facts = {"number": each.payment.number, "left": shown(each.left, each.payment.currency)}
    if each.pays:
        return _("Attempt %(number)d, which paid the order: %(left)s left") % facts
    return _("Attempt %(number)d: %(left)s left") % facts
