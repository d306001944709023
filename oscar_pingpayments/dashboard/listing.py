"""The list of payments, with search, filters and sorting, one page at a time."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _
from django.views.generic import TemplateView

from ..models import PaymentOrder
from . import keyset
from .keyset import Sorting
from .pages import PageMixin
from .searching import SORTINGS, SearchForm

PAGE = 25


def payment_orders() -> QuerySet[PaymentOrder]:
    """Return what a list shows of payment orders: with the payers, as Oscar knows them, in one statement."""
    return PaymentOrder.objects.select_related(
        "order__user", "order__billing_address", "order__shipping_address"
    ).defer("given_back", "token", "attention_detail")


class PaymentListView(PageMixin, TemplateView):
    """The payments."""

    template_name = "oscar_pingpayments/dashboard/list.html"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Add the form, the page that its answers lead to, and the addresses of the others."""
        form = SearchForm(self.request.GET)
        page = self._page(form) if form.is_valid() else keyset.NOTHING
        return {
            **super().get_context_data(**kwargs),
            "form": form,
            "page": page,
            "payments": page.rows,
            "columns": _columns(form.sorting),
        }

    def _page(self, form: SearchForm) -> keyset.Page[PaymentOrder]:
        rows, sorting, asked = form.narrow(payment_orders()), form.sorting, self.request.GET
        try:
            if asked.get("after"):
                return keyset.after(rows, sorting, PAGE, asked["after"])
            if asked.get("before"):
                return keyset.before(rows, sorting, PAGE, asked["before"])
        except keyset.CursorError:
            messages.warning(self.request, _("There is no such page of this list. This is its first one."))
        if "last" in asked:
            return keyset.last(rows, sorting, PAGE)
        return keyset.first(rows, sorting, PAGE)


def _columns(current: Sorting) -> dict[str, dict[str, str]]:
    """Return, for each column that can be sorted by, the word for its link and how it is sorted now."""
    columns = {}
    for word in SORTINGS:
        if word.startswith("-"):
            ways = {"descending": SORTINGS[word], "ascending": SORTINGS[word[1:]]}
            now = next((way for way, sorting in ways.items() if sorting == current), "none")
            columns[word[1:]] = {"next": word[1:] if now == "descending" else word, "now": now}
    return columns
