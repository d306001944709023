"""The list's search and filters: a form in the page's address, and what it leaves of the payment orders."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID

from django import forms
from django.db.models import Q, QuerySet
from django.utils.translation import gettext_lazy as _

from ..models import Payment, PaymentOrder
from ..money import CURRENCIES
from .keyset import Sorting
from .period import DayField, midnight

ANY = "any"
#: What the list may be sorted by: the word in the address, and the columns. Each has an index.
SORTINGS = {
    "-placed": Sorting("created_at", descending=True),
    "placed": Sorting("created_at", descending=False),
    "-amount": Sorting("amount", descending=True),
    "amount": Sorting("amount", descending=False),
}
NEWEST = "-placed"


class _Amount(forms.DecimalField):
    widget = forms.NumberInput(attrs={"step": "any", "inputmode": "decimal"})

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(required=False, min_value=0, max_digits=12, decimal_places=2, **kwargs)


class SearchForm(forms.Form):
    """What to look for. Every field is optional, and all of them together narrow the list."""

    q = forms.CharField(
        label=_("Search"),
        required=False,
        max_length=254,
        help_text=_(
            "An order number, the beginning of a payer's name or e-mail address, or an id of Ping's."
        ),
        widget=forms.TextInput(attrs={"type": "search"}),
    )
    state = forms.ChoiceField(
        label=_("State"), required=False, choices=[("", _("All")), *PaymentOrder.State.choices]
    )
    attention = forms.ChoiceField(
        label=_("Needs attention"),
        required=False,
        choices=[("", _("All")), (ANY, _("Yes, for any reason")), *PaymentOrder.Attention.choices],
    )
    placed_from = DayField(label=_("Placed from"))
    placed_to = DayField(label=_("Placed to"))
    amount_from = _Amount(label=_("Amount from"))
    amount_to = _Amount(label=_("Amount to"))
    currency = forms.ChoiceField(
        label=_("Currency"), required=False, choices=[("", _("All")), *((word, word) for word in CURRENCIES)]
    )
    sort = forms.CharField(required=False, widget=forms.HiddenInput)

    @property
    def narrows(self) -> bool:
        """Whether anything is looked for, so that the list is not of all payments."""
        return any(value for name, value in self.cleaned_data.items() if name != "sort")

    @property
    def sorting(self) -> Sorting:
        """How the list is sorted: the newest first, unless the form has another word that there is."""
        return SORTINGS.get(self.cleaned_data.get("sort", ""), SORTINGS[NEWEST])

    def narrow(self, rows: QuerySet[PaymentOrder]) -> QuerySet[PaymentOrder]:
        """Return the payment orders that the form asks for."""
        asked = self.cleaned_data
        if asked["q"]:
            rows = rows.filter(found_by(asked["q"]))
        if asked["attention"] == ANY:
            rows = rows.filter(attention__gt="")
        elif asked["attention"]:
            rows = rows.filter(attention=asked["attention"])
        day, until = asked["placed_from"], asked["placed_to"]
        exactly = {
            "state": asked["state"] or None,
            "currency": asked["currency"] or None,
            "amount__gte": asked["amount_from"],
            "amount__lte": asked["amount_to"],
            "created_at__gte": midnight(day) if day else None,
            "created_at__lt": midnight(until + timedelta(days=1)) if until else None,
        }
        return rows.filter(**{name: value for name, value in exactly.items() if value is not None})


def found_by(text: str) -> Q:
    """Return what finds the payment orders that somebody has typed something of.

    An id of Ping's finds that payment order, or the one of that payment; a number its order; everything else
    is the beginning of a name or an address, so that an index answers.
    """
    text = text.removeprefix("#")
    try:
        ping_id = UUID(text)
    except ValueError:
        pass
    else:
        # Asked for first: with the payments in a subquery the database would read every payment order.
        owners = list(Payment.objects.filter(ping_id=ping_id).values_list("payment_order", flat=True))
        return Q(ping_id=ping_id) | Q(pk__in=owners)
    lower = text.lower()
    if "@" in text:
        return Q(payer_email__startswith=lower)
    return (
        Q(order_number=text)
        | Q(payer_name__startswith=lower)
        | Q(payer_last_name__startswith=lower)
        | Q(payer_email__startswith=lower)
    )
