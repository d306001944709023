"""Our steps in the shop's checkout: mixins that stand in front of whatever view classes the shop has.

Everything is decided by the chosen payment method: for any other one, each method of the mixins is a
call to ``super()`` and nothing else.
"""

from __future__ import annotations

from .methods import METHOD, PaymentMethodForm, PaymentMethodMixin, available_methods
from .notices import UnfinishedPaymentMixin
from .placing import PaymentDetailsMixin
from .thanks import ThankYouMixin
from .wiring import wire

__all__ = [
    "METHOD",
    "PaymentDetailsMixin",
    "PaymentMethodForm",
    "PaymentMethodMixin",
    "ThankYouMixin",
    "UnfinishedPaymentMixin",
    "available_methods",
    "wire",
]
