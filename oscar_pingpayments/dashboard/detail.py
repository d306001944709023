"""One payment: what happened, how it stands, what was said to and by Ping, and what can be done."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from django.views.generic import TemplateView
from oscar.core.loading import get_class

from .. import ledger
from .actions import ACTIONS
from .case import LOG, Case, Record
from .pages import PageMixin
from .timeline import timeline


class PaymentDetailView(PageMixin, TemplateView):
    """The page of one payment order."""

    template_name = "oscar_pingpayments/dashboard/detail.html"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Add what is shown."""
        case = Case.read(self.kwargs["pk"])
        record = Record.read(case)
        user = self.request.user
        return {
            **super().get_context_data(**kwargs),
            "case": case,
            "payment_order": case.payment_order,
            "record": record,
            "log": LOG,
            "timeline": timeline(case, record),
            "actions": [action for action in ACTIONS if action.is_for(user) and action.applies(case)],
            "comes_to": self._comes_to(case),
            "order_page": self._order_page(case),
        }

    def _comes_to(self, case: Case) -> Decimal | None:
        """Return what the order comes to by now, where that is not what its payer was asked for."""
        order = case.payment_order.order
        amount = ledger.comes_to(order) if order is not None else case.payment_order.amount
        return amount if amount != case.payment_order.amount else None

    def _order_page(self, case: Case) -> str:
        """Return the name of Oscar's page of the order, or "" where it is not for whoever looks."""
        if case.payment_order.order_id is None:
            return ""
        name, number = "dashboard:order-detail", case.payment_order.order_number
        may_see = get_class("dashboard.nav", "default_access_fn")
        return name if may_see(self.request.user, name, [number]) else ""
