"""What the shop remembers of Ping: payment orders, payments, refunds, what they cause, and the two logs."""

from __future__ import annotations

from .money import LARGEST_AMOUNT, Payment, PaymentOrder, keep_money
from .reading import read_again, written
from .records import Callback, Effect, Exchange, Log, Mark, Placing, SentForm, Settlement, StaffAction
from .refunds import Refund
from .tokens import is_token, may_be_token, new_token

__all__ = [
    "LARGEST_AMOUNT",
    "Callback",
    "Effect",
    "Exchange",
    "Log",
    "Mark",
    "Payment",
    "PaymentOrder",
    "Placing",
    "Refund",
    "SentForm",
    "Settlement",
    "StaffAction",
    "is_token",
    "keep_money",
    "may_be_token",
    "new_token",
    "read_again",
    "written",
]
