"""The list as a CSV file: as long as it is, in as much memory as one bite of it needs."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from datetime import datetime

from django.http import HttpRequest, HttpResponseBase, StreamingHttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy
from django.views.generic import View

from ..models import PaymentOrder
from . import keyset
from .listing import payment_orders
from .pages import PageMixin
from .people import Payer
from .searching import SearchForm

BITE = 1000
#: What spreadsheets take for the beginning of a formula, which they would then carry out; the last four are
#: =, +, - and @ in full width.
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", *"\uff1d\uff0b\uff0d\uff20")

_HEADINGS = (
    _("Order"),
    _("Placed"),
    _("Payer"),
    _("E-mail"),
    _("Currency"),
    _("Amount"),
    pgettext_lazy("money", "Paid"),
    pgettext_lazy("money", "Refunded"),
    _("State"),
    _("Needs attention"),
    _("Paid at"),
    _("Ended at"),
    _("Attempts"),
    _("Ping's status"),
    _("Ping's id"),
    _("Environment"),
)

#: The columns whose values are called something.
_IN_WORDS = {
    "state": PaymentOrder.State,
    "attention": PaymentOrder.Attention,
    "status": PaymentOrder.PingStatus,
}


class PaymentExportView(PageMixin, View):
    """The payments that the list shows, as a file; where its filters cannot be read, the list says so."""

    def get(self, request: HttpRequest) -> HttpResponseBase:
        """Send the file while it is read."""
        form = SearchForm(request.GET)
        if not form.is_valid():
            return redirect(f"{reverse('dashboard:payments-list')}?{request.GET.urlencode()}")
        rows = keyset.every(form.narrow(payment_orders()), form.sorting, BITE)
        response = StreamingHttpResponse(_lines(rows), content_type="text/csv; charset=utf-8")
        name = f"payments-{timezone.localtime():%Y-%m-%d-%H%M}.csv"
        response["Content-Disposition"] = f'attachment; filename="{name}"'
        return response


class Line:
    """What csv writes to: it gives back what it is given."""

    def write(self, text: str) -> str:
        return text


def _lines(rows: Iterator[PaymentOrder]) -> Iterator[str]:
    writer = csv.writer(Line())
    yield "\ufeff"  # or Excel takes it for another encoding
    yield writer.writerow([harmless(str(heading)) for heading in _HEADINGS])
    # Once: to translate them for each row would take half of the time.
    words = {name: {value: str(label) for value, label in kind.choices} for name, kind in _IN_WORDS.items()}
    for row in rows:
        yield writer.writerow([harmless(cell) for cell in _cells(row, words)])


def _cells(row: PaymentOrder, words: dict[str, dict[str, str]]) -> list[str]:
    payer = Payer.of(row)
    state, attention, status = (words[name].get(getattr(row, name), getattr(row, name)) for name in _IN_WORDS)
    return [
        row.order_number,
        _time(row.created_at),
        payer.name,
        payer.email,
        row.currency,
        str(row.amount),
        str(row.amount_paid),
        str(row.amount_refunded),
        state,
        attention,
        _time(row.paid_at),
        _time(row.ended_at),
        str(row.attempts),
        status,
        str(row.ping_id),
        row.environment,
    ]


def _time(moment: datetime | None) -> str:
    return f"{timezone.localtime(moment):%Y-%m-%d %H:%M:%S}" if moment else ""


def harmless(cell: str) -> str:
    """Return a cell as text to every spreadsheet: what would be a formula gets an apostrophe before it."""
    return f"'{cell}" if cell.lstrip(" ").startswith(_FORMULA) else cell
