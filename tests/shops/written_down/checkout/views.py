"""Oscar's views with ours in front of them, as the documentation writes it."""

from __future__ import annotations

from oscar.apps.checkout import views

from oscar_pingpayments.checkout import PaymentDetailsMixin, PaymentMethodMixin, ThankYouMixin


class PaymentMethodView(PaymentMethodMixin, views.PaymentMethodView):
    pass


class PaymentDetailsView(PaymentDetailsMixin, views.PaymentDetailsView):
    pass


class ThankYouView(ThankYouMixin, views.ThankYouView):
    pass
