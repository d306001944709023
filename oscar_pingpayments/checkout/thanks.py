"""The thank-you page, which is for orders that are paid, and says so in a payer's words."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect

from .. import payer
from ..models import PaymentOrder


class ThankYouMixin:
    """Oscar's ``ThankYouView``: an order that still waits for its money has its payment page instead."""

    get_object: Callable[[], Any]
    template_name: str
    payment_order: PaymentOrder | None = None

    def get(self, request: HttpRequest, *args: object, **kwargs: object) -> HttpResponse:
        """Show the thanks, or how the payment stands."""
        order = self.get_object()
        if order is not None:
            self.payment_order = PaymentOrder.objects.filter(order=order).first()
        if self.payment_order is not None and not self.payment_order.is_paid:
            return redirect(payer.order_page(self.payment_order))
        return super().get(request, *args, **kwargs)  # type: ignore[misc, no-any-return]

    def get_template_names(self) -> list[str]:
        """Return our page, which extends the shop's own and names the payment in it."""
        if self.payment_order is not None:
            return ["oscar_pingpayments/checkout/thank_you.html"]
        return super().get_template_names()  # type: ignore[misc, no-any-return]

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Add the payment order, and the shop's own template."""
        context: dict[str, Any] = super().get_context_data(**kwargs)  # type: ignore[misc]
        if self.payment_order is not None:
            context |= {"payment_order": self.payment_order, "pingpayments_thank_you": self.template_name}
        return context
