"""Reconciliation: a period at Ping beside ours, on a page and as a file."""

from __future__ import annotations

import csv
import logging
from collections.abc import Iterable, Iterator
from datetime import timedelta
from typing import Any

from django.http import HttpRequest, HttpResponseBase, StreamingHttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.views.generic import TemplateView, View

from .. import facade
from ..exceptions import PingPaymentsError
from ..facade import Comparison, Finding, Side
from ..privacy import loggable
from .exporting import Line, harmless
from .pages import PageMixin
from .period import PeriodForm
from .timeline import in_words

logger = logging.getLogger(__name__)

#: So many differences are shown on the page; all of them are in the file.
MOST = 200

FINDINGS = {
    Finding.MATCHED: _("The same"),
    Finding.ONLY_THERE: _("Only at Ping"),
    Finding.ONLY_HERE: _("Only here"),
    Finding.AMOUNT: _("Another amount or currency"),
    Finding.STATUS: _("Another status"),
    Finding.REFUNDED: _("Another sum refunded"),
}
_HEADINGS = (
    _("Found"),
    _("Order"),
    _("Begun"),
    _("Ping's payment"),
    _("Ping's payment order"),
    _("Status here"),
    _("Amount here"),
    _("Refunded here"),
    _("Status at Ping"),
    _("Amount at Ping"),
    _("Refunded at Ping"),
    _("Currency here"),
    _("Currency at Ping"),
)


class ReconciliationForm(PeriodForm):
    """A page must not keep its reader waiting for a year of Ping's lists."""

    usual_days = 1
    most_days = 31


class ReconciliationView(PageMixin, TemplateView):
    """The page: it asks for the period first, because Ping is asked for every payment of it."""

    template_name = "oscar_pingpayments/dashboard/reconciliation.html"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Add what comparing the period has found."""
        context = super().get_context_data(**kwargs)
        if "first" not in self.request.GET:
            yesterday = timezone.localdate() - timedelta(days=1)
            return context | {"form": ReconciliationForm(initial={"first": yesterday, "last": yesterday})}
        form = ReconciliationForm.asked(self.request.GET)
        context["form"] = form
        if form.is_valid():
            try:
                context |= _compare(form)
            except PingPaymentsError as error:
                logger.warning("A period could not be compared", exc_info=loggable(error))
                context["failure"] = str(error)
        return context


def _compare(form: PeriodForm) -> dict[str, Any]:
    counts = dict.fromkeys(FINDINGS, 0)
    shown: list[tuple[Comparison, Any]] = []
    for each in facade.reconcile(form.period.since, form.period.until):
        counts[each.finding] += 1
        if each.is_difference and len(shown) < MOST:
            shown.append((each, FINDINGS[each.finding]))
    return {
        "counts": [(FINDINGS[finding], count) for finding, count in counts.items()],
        "differences": shown,
        "more": sum(counts.values()) - counts[Finding.MATCHED] - len(shown),
        "compared": True,
    }


class ReconciliationExportView(PageMixin, View):
    """All of a period, what matches included, as a file."""

    def get(self, request: HttpRequest) -> HttpResponseBase:
        """Send the file while Ping is asked; where the period cannot be read, the page says so."""
        form = ReconciliationForm.asked(request.GET)
        if not form.is_valid():
            return redirect(f"{reverse('dashboard:payments-reconciliation')}?{request.GET.urlencode()}")
        period = form.period
        response = StreamingHttpResponse(
            _lines(facade.reconcile(period.since, period.until)), content_type="text/csv; charset=utf-8"
        )
        name = f"reconciliation-{period.first}-{period.last}.csv"
        response["Content-Disposition"] = f'attachment; filename="{name}"'
        return response


def _lines(comparisons: Iterable[Comparison]) -> Iterator[str]:
    writer = csv.writer(Line())
    yield "\ufeff"
    yield writer.writerow([harmless(str(heading)) for heading in _HEADINGS])
    try:
        for each in comparisons:
            yield writer.writerow([harmless(cell) for cell in _cells(each)])
    except PingPaymentsError as error:
        # The file has begun: that it is not whole must be in it.
        logger.warning("A period could not be compared to its end", exc_info=loggable(error))
        yield writer.writerow([str(_("Not compared to the end: Ping did not answer."))])


def _cells(comparison: Comparison) -> list[str]:
    begun = f"{timezone.localtime(comparison.at):%Y-%m-%d %H:%M:%S}" if comparison.at else ""
    here, there = _side(comparison.here), _side(comparison.there)
    return [
        str(FINDINGS[comparison.finding]),
        comparison.order_number,
        begun,
        str(comparison.ping_id),
        str(comparison.ping_order_id),
        *here[:3],
        *there[:3],
        here[3],
        there[3],
    ]


def _side(side: Side | None) -> list[str]:
    if side is None:
        return [""] * 4
    amounts = ["" if amount is None else str(amount) for amount in (side.amount, side.refunded)]
    return [str(in_words(side.status)), *amounts, side.currency]
