"""How an order's payment stands, on Oscar's own page of the order."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.http import HttpRequest
from django.template.loader import select_template
from django.utils.functional import cached_property

from ..models import PaymentOrder
from . import access
from .access import Right


class OrderPaymentMixin:
    """Oscar's ``OrderDetailView``: with a panel for staff who may see payments, where the order has one.

    The panel's template extends whichever the shop's view has, so nothing is forked.
    """

    request: HttpRequest
    object: Any
    get_object: Callable[[], Any]

    @cached_property
    def _payment_order(self) -> PaymentOrder | None:
        if not access.may(self.request.user, Right.VIEW):
            return None
        return PaymentOrder.objects.filter(order=self.object).first()

    def get_template_names(self) -> list[str]:
        """Return our page, which extends the shop's own."""
        if self._payment_order is not None:
            return ["oscar_pingpayments/dashboard/order_page.html"]
        return super().get_template_names()  # type: ignore[misc, no-any-return]

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Add the payment order, and the shop's own template."""
        context: dict[str, Any] = super().get_context_data(**kwargs)  # type: ignore[misc]
        if self._payment_order is not None:
            own = super().get_template_names()  # type: ignore[misc]
            context |= {
                "pingpayments_order": self._payment_order,
                "pingpayments_order_page": select_template(own),
            }
        return context
