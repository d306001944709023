"""Swedish prices: what is on the label includes VAT, at the rate that the law has for the goods."""

from __future__ import annotations

from decimal import Decimal
from typing import Any, Final

from oscar.apps.partner import strategy
from oscar.core.loading import get_class

TaxInclusiveFixedPrice = get_class("partner.prices", "TaxInclusiveFixedPrice")
UnavailablePrice = get_class("partner.prices", "Unavailable")

STANDARD_RATE: Final = Decimal(25)
#: VAT in per cent, by product class; books and their electronic editions have the lowest rate.
RATES: Final = {"book": Decimal(6), "e-book": Decimal(6)}
ORE: Final = Decimal("0.01")


def tax_within(price: Decimal, rate: Decimal) -> Decimal:
    """Return the VAT that a price contains, in whole öre."""
    return (price * rate / (100 + rate)).quantize(ORE)


def tax_code(rate: Decimal) -> str:
    """Return what a rate is called on lines and orders: ``SE25``."""
    return f"SE{rate.normalize():f}"


class PricesIncludeTax:
    """Pricing policy: a stock record's price is what the payer pays, and VAT is a part of it."""

    def pricing_policy(self, product: Any, stockrecord: Any) -> Any:
        """Return the price of a product that stands for itself."""
        if stockrecord is None or stockrecord.price is None:
            return UnavailablePrice()
        rate = RATES.get(product.get_product_class().slug, STANDARD_RATE)
        tax = tax_within(stockrecord.price, rate)
        return TaxInclusiveFixedPrice(
            currency=stockrecord.price_currency,
            excl_tax=stockrecord.price - tax,
            tax=tax,
            tax_code=tax_code(rate),
        )

    def parent_pricing_policy(self, product: Any, children_stock: list[tuple[Any, Any]]) -> Any:
        """Return the price of a product's first variant that has one."""
        for child, stockrecord in children_stock:
            if stockrecord is not None:
                return self.pricing_policy(child, stockrecord)
        return UnavailablePrice()


class SwedishStrategy(
    strategy.UseFirstStockRecord, PricesIncludeTax, strategy.StockRequired, strategy.Structured
):
    """One supplier, prices with VAT, nothing sold that is not in stock."""


class Selector:
    """The same prices for everybody."""

    def strategy(self, request: Any = None, user: Any = None, **kwargs: Any) -> SwedishStrategy:
        """Return the strategy for a request, a user, or nobody in particular."""
        return SwedishStrategy(request)
