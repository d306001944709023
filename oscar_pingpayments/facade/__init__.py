"""What one may ask for: every way to start a payment, learn how it went, and end it.

The only place that both calls Ping and writes rows. Ping is asked without a lock, then the rows are
locked, compared and written, and what others must hear of leaves after the commit.
"""

from __future__ import annotations

from ..exceptions import NotRefundableError, RefundExistsError, RefundsChangedError
from ..ledger import Person
from .attending import NothingToStopError, NotPaidError, refresh_all, resolve, send_confirmation_again, stop
from .callbacks import MAX_BODY, Received, receive
from .ending import Changed, StillPayableError, WithStaffError, cancel, change_order, expire
from .forgetting import Forgotten, forget_payer
from .linking import LONGEST_LINK, SHORTEST_LINK, NoLinkError, send_payment_link
from .once import StaleFormError, new_form_key, use_form_key
from .poking import Poke
from .reconciling import Comparison, Finding, Side, reconcile
from .refreshing import refresh, refresh_for_page
from .refund_calls import receive_about_refunds, refund_token
from .refundable import Refundable, RefundableItem, RefundablePayment, refundable
from .refunding import refund, set_refund_aside
from .settling import RefundOnItsWayError, close, refresh_order, settle, split
from .starting import (
    NotPayableError,
    PaymentContext,
    TooManyAttemptsError,
    check_payable,
    open_payment_order,
    place,
    start,
)
from .syncing import SyncSummary, ask_all_again, last_sync, sync

__all__ = [
    "LONGEST_LINK",
    "MAX_BODY",
    "SHORTEST_LINK",
    "Changed",
    "Comparison",
    "Finding",
    "Forgotten",
    "NoLinkError",
    "NotPaidError",
    "NotPayableError",
    "NotRefundableError",
    "NothingToStopError",
    "PaymentContext",
    "Person",
    "Poke",
    "Received",
    "RefundExistsError",
    "RefundOnItsWayError",
    "Refundable",
    "RefundableItem",
    "RefundablePayment",
    "RefundsChangedError",
    "Side",
    "StaleFormError",
    "StillPayableError",
    "SyncSummary",
    "TooManyAttemptsError",
    "WithStaffError",
    "ask_all_again",
    "cancel",
    "change_order",
    "check_payable",
    "close",
    "expire",
    "forget_payer",
    "last_sync",
    "new_form_key",
    "open_payment_order",
    "place",
    "receive",
    "receive_about_refunds",
    "reconcile",
    "refresh",
    "refresh_all",
    "refresh_for_page",
    "refresh_order",
    "refund",
    "refund_token",
    "refundable",
    "resolve",
    "send_confirmation_again",
    "send_payment_link",
    "set_refund_aside",
    "settle",
    "split",
    "start",
    "stop",
    "sync",
    "use_form_key",
]
