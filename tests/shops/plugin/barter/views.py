"""Orders that are paid with a cow: taken at once, or at the market, or refused."""

from __future__ import annotations

from oscar.apps.payment.exceptions import RedirectRequired, UnableToTakePayment
from oscar.core.loading import get_model

METHOD = "barter"


class BarterMixin:
    def check_payment_data_is_captured(self, request):
        if self.checkout_session.payment_method() != METHOD:
            super().check_payment_data_is_captured(request)

    def handle_payment(self, order_number, total, **kwargs):
        if self.checkout_session.payment_method() != METHOD:
            return super().handle_payment(order_number, total, **kwargs)
        cow = self.request.POST.get("cow")
        if cow == "thin":
            raise UnableToTakePayment("Your cow is too thin")
        if cow == "at the market":
            raise RedirectRequired("https://market.example/")
        source_type, _ = get_model("payment", "SourceType").objects.get_or_create(name="Barter")
        self.add_payment_source(
            get_model("payment", "Source")(
                source_type=source_type,
                currency=total.currency,
                amount_allocated=total.incl_tax,
                amount_debited=total.incl_tax,
            )
        )
        self.add_payment_event("Bartered", total.incl_tax)
        return None
