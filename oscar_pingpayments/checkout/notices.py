"""A word to payers who have left PaymentIQ's page by the back button, on the pages where they end up."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.utils.html import format_html
from django.utils.translation import gettext as _

from .. import payer


class UnfinishedPaymentMixin:
    """For the basket's and the account's pages: says that an order waits to be paid, and where.

    A payer whose basket is being placed in another request is given that one again, where it could not be.
    """

    request: HttpRequest

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Add the notice to a page that is being looked at."""
        kept = payer.kept_basket(request)
        if kept is not None and kept.status == kept.OPEN:
            payer.bring_back_basket(request, kept)
        for payment_order in payer.unfinished(request):
            messages.info(
                request,
                format_html(
                    '{} <a class="alert-link" href="{}">{}</a>',
                    _("Order %(number)s is waiting for your payment.")
                    % {"number": payment_order.order_number},
                    payer.order_page(payment_order),
                    _("Finish paying or cancel it"),
                ),
                extra_tags="safe noicon",
            )
        return super().get(request, *args, **kwargs)  # type: ignore[misc, no-any-return]
