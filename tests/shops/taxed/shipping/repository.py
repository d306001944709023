"""A parcel, which costs 49.00 with VAT."""

from __future__ import annotations

from decimal import Decimal

from oscar.apps.shipping import methods, repository


class Parcel(methods.FixedPrice):
    code = "parcel"
    name = "Parcel"
    charge_excl_tax = Decimal("39.20")
    charge_incl_tax = Decimal("49.00")


class Repository(repository.Repository):
    methods = (Parcel(),)
