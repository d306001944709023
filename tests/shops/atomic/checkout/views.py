"""A checkout that may fail when everything is done."""

from __future__ import annotations

from oscar.apps.checkout import views


class PaymentDetailsView(views.PaymentDetailsView):
    def dispatch(self, request, *args, **kwargs):
        response = super().dispatch(request, *args, **kwargs)
        if "X-Fail" in request.headers:
            raise RuntimeError("The shop's own code failed")
        return response
