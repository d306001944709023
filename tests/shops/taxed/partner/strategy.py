"""6 % VAT on books, 25 % on everything else."""

from __future__ import annotations

from decimal import Decimal

from oscar.apps.partner import strategy


class Swedish(
    strategy.UseFirstStockRecord, strategy.StockRequired, strategy.FixedRateTax, strategy.Structured
):
    exponent = Decimal("0.01")

    def get_rate(self, product, stockrecord):
        return Decimal("0.06" if product.get_product_class().name == "Book" else "0.25")


class Selector(strategy.Selector):
    def strategy(self, request=None, user=None, **kwargs):
        return Swedish(request)
