"""The shop's own choice between card and barter."""

from __future__ import annotations

from django.http import HttpResponse, HttpResponseBadRequest
from oscar.apps.checkout import views

METHODS = ("paymentiq-card", "barter")


class PaymentMethodView(views.PaymentMethodView):
    def get(self, request, *args, **kwargs):
        return HttpResponse("Card or cow?")

    def post(self, request, *args, **kwargs):
        if request.POST["method"] not in METHODS:
            return HttpResponseBadRequest()
        self.checkout_session.pay_by(request.POST["method"])
        return self.get_success_response()
