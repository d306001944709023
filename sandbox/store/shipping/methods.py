"""The ways of delivery: home, in a hurry, or not at all because the payer comes to the store."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from django.utils.translation import gettext_lazy as _
from oscar.apps.shipping import methods
from oscar.core.prices import Price

from store.partner.strategy import STANDARD_RATE, tax_code, tax_within


class WithTax(methods.Base):
    """A fixed charge that includes VAT."""

    charge = Decimal("0.00")

    def calculate(self, basket: Any) -> Price:
        """Return the charge, whatever is in the basket."""
        tax = tax_within(self.charge, STANDARD_RATE)
        return Price(
            currency=basket.currency,
            excl_tax=self.charge - tax,
            tax=tax,
            tax_code=tax_code(STANDARD_RATE),
        )


class HomeDelivery(WithTax):
    """To the payer's door."""

    code = "home-delivery"
    name = _("Home delivery")
    description = _("To your door in 2 to 4 working days.")
    charge = Decimal("49.00")


class Express(WithTax):
    """To the payer's door, sooner."""

    code = "express"
    name = _("Express")
    description = _("Order before 2 p.m., and it is with you tomorrow.")
    charge = Decimal("129.00")


class PickUpInStore(WithTax):
    """The payer comes."""

    code = "pick-up"
    name = _("Pick up in store")
    description = _("Storgatan 12 in Östersund; we write when it is ready.")
