"""The queue of what a person must look at: each with its reason, what is known, and the ways out."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

from django.utils.translation import gettext_lazy as _
from django.views.generic import TemplateView

from ..facade.connection import here
from ..models import PaymentOrder
from ..statuses import Attention
from . import keyset
from .actions import ACTIONS
from .case import Case
from .keyset import Sorting
from .listing import payment_orders
from .pages import PageMixin

PAGE = 10
#: The longest waiting first.
_QUEUE = Sorting("id", descending=False)

WAYS_OUT = {
    Attention.DUPLICATE: _(
        "The order is paid, and there is money for it a second time. Refund the payment that is too much, or "
        "keep it if that is agreed with the payer; then resolve."
    ),
    Attention.LATE: _(
        "The money came when the order was cancelled already, and its stock may be sold. Refund it, or place "
        "the order anew for the payer; then resolve."
    ),
    Attention.AMOUNT: _(
        "Another sum came than was asked for, and nothing was fulfilled. Refund it, or agree with the payer "
        "on the rest; then resolve."
    ),
    Attention.IDENTITY: _(
        "Ping does not know the payment by this id, or named another one. Nothing was fulfilled. Check that "
        "tenant and environment are right, and ask Ping again; if it stays, send Ping both ids. Then "
        "resolve: an order whose attempts Ping does not know can end after that."
    ),
    Attention.UNKNOWN_STATUS: _(
        "Ping uses a word for the payment that this version does not know. Nothing was fulfilled or "
        "cancelled. Ask Ping what it means, and look for a newer version."
    ),
    Attention.CHANGED: _(
        "Ping said that it was paid and says otherwise now. The order stays paid. Do not send it before you "
        "have asked Ping what is true; then resolve."
    ),
    Attention.REFUSED: _(
        "Ping did not take the payment, for the reason above: often a setting, such as the merchant. The "
        "payer can try again. Mend it, then resolve."
    ),
    Attention.ORDER: _(
        "The money is as it should be; Oscar's order is not in the status that belongs to it. Set it on the "
        "order's page, then resolve."
    ),
    Attention.TOO_MANY: _(
        "So many attempts of one order failed that no more are taken: perhaps somebody tries out cards. "
        "Cancel the order if it looks like that; then resolve."
    ),
    Attention.STUCK: _(
        "Ping is asked about this payment again and again, and something goes wrong each time: the shop's "
        "log has the error. Until it is mended nobody knows whether it is paid."
    ),
    Attention.SETTLE: _(
        "Ping refused, time after time, to close, split or settle the order at the end of its life. Read its "
        "words above, do it by hand if Ping lets you, then resolve."
    ),
    Attention.REFUND: _(
        "Whether money went back is not certain. Ask Ping: its list of refunds tells. Refund again only if "
        "it is not there; then resolve."
    ),
}


class AttentionView(PageMixin, TemplateView):
    """The queue."""

    template_name = "oscar_pingpayments/dashboard/attention.html"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Add a page of the queue; a cursor that is not ours leads to its beginning."""
        rows = payment_orders().defer(None).defer("given_back", "token").filter(attention__gt="", **here())
        page = self._page(rows.prefetch_related("payments__refunds"))
        user = self.request.user
        actions = [action for action in ACTIONS if action.is_for(user)]
        queue = [
            {
                "payment_order": row,
                "way_out": WAYS_OUT[Attention(row.attention)],
                "actions": [action for action in actions if action.applies(Case.prefetched(row))],
            }
            for row in page.rows
        ]
        return {**super().get_context_data(**kwargs), "page": page, "queue": queue}

    def _page(self, rows: Any) -> keyset.Page[PaymentOrder]:
        after = self.request.GET.get("after", "")
        if after:
            with suppress(keyset.CursorError):
                return keyset.after(rows, _QUEUE, PAGE, after)
        return keyset.first(rows, _QUEUE, PAGE)
