"""The shop's own steps: tax by address, a preview of its own, a word for the warehouse."""

from __future__ import annotations

from decimal import Decimal

from oscar.apps.checkout import views

TAX = Decimal("0.25")


class PaymentMethodView(views.PaymentMethodView):
    """Says which step this is; Oscar's own ``get`` is left as it is."""

    def get_context_data(self, **kwargs):
        return {**super().get_context_data(**kwargs), "step_of_the_shop": "payment"}


class PaymentDetailsView(views.PaymentDetailsView):
    """Adds the tax, which is known when the address is."""

    template_name_preview = "forked/preview.html"

    def build_submission(self, **kwargs):
        submission = super().build_submission(**kwargs)
        for line in submission["basket"].all_lines():
            line.purchase_info.price.tax = (line.unit_effective_price * TAX).quantize(Decimal("0.01"))
        submission["shipping_charge"].tax = Decimal(0)
        submission["order_total"] = self.get_order_totals(
            submission["basket"], shipping_charge=submission["shipping_charge"], surcharges=None
        )
        return submission

    def handle_successful_order(self, order):
        order.notes.create(message="Pack it well", note_type="Info")
        return super().handle_successful_order(order)


class ThankYouView(views.ThankYouView):
    template_name = "forked/thanks.html"
