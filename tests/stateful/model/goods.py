"""What the shop sells, with which vouchers and offers, and every counter that an order moves."""

from __future__ import annotations

from collections import Counter
from decimal import Decimal
from typing import Any

from oscar.core.loading import get_model
from oscar.test import factories

from tests.integration.shop.test_giving_back import create_offer, create_voucher
from tests.shopper import create_product

StockRecord = get_model("partner", "StockRecord")
Voucher = get_model("voucher", "Voucher")
VoucherApplication = get_model("voucher", "VoucherApplication")
Offer = get_model("offer", "ConditionalOffer")

#: A name for each counter, and what it stands at.
Counters = Counter[tuple[str, int]]

CODES = ("ONCE", "MEMBER", "SPRING")
STOCK = (1000, 4, 1000)


class Goods:
    """Three products, one of them scarce and one with an option; three vouchers; an offer for everybody."""

    def __init__(self) -> None:
        self.products = [
            create_product("Lantern", "299.00", STOCK[0]),
            create_product("Lamp", "99.90", STOCK[1]),
            create_product("Sign", "33.33", STOCK[2]),
        ]
        sign = self.products[2].get_product_class()
        sign.options.add(factories.OptionFactory(code="text", name="Text", type="text", required=False))
        autumn = create_offer("Autumn", max_global_applications=5)
        once = create_voucher("ONCE", Voucher.SINGLE_USE)
        create_voucher("MEMBER", Voucher.ONCE_PER_CUSTOMER)
        spring = create_voucher("SPRING", Voucher.MULTI_USE).offers.get()
        Offer.objects.filter(pk=spring.pk).update(max_global_applications=2)
        #: How far a counter may go.
        self.limits: dict[tuple[str, int], int] = {
            ("offer applications", autumn.pk): 5,
            ("offer applications", spring.pk): 2,
            ("voucher applications", once.pk): 1,
        }
        for product, stock in zip(self.products, STOCK, strict=True):
            self.limits["allocated", product.stockrecords.get().pk] = stock

    def counters(self) -> Counters:
        """Return where every counter stands that an order moves. Money is counted in öre."""
        counters: Counters = Counter()
        for key, in_stock, allocated in StockRecord.objects.values_list(
            "pk", "num_in_stock", "num_allocated"
        ):
            counters["in stock", key] = in_stock
            counters["allocated", key] = allocated or 0
        for voucher in Voucher.objects.values("pk", "num_orders", "total_discount"):
            counters["voucher orders", voucher["pk"]] = voucher["num_orders"]
            counters["voucher discount", voucher["pk"]] = in_ore(voucher["total_discount"])
        for key in VoucherApplication.objects.values_list("voucher", flat=True):
            counters["voucher applications", key] += 1
        for offer in Offer.objects.values("pk", "num_applications", "num_orders", "total_discount"):
            counters["offer applications", offer["pk"]] = offer["num_applications"]
            counters["offer orders", offer["pk"]] = offer["num_orders"]
            counters["offer discount", offer["pk"]] = in_ore(offer["total_discount"])
        return counters


def in_ore(amount: Decimal) -> int:
    """Return an amount in the smallest unit of the shop's currency."""
    return int(amount * 100)


def what_is_in(basket: Any) -> dict[str, tuple[int, tuple[str, ...]]]:
    """Return a basket's lines: their quantities and the answers to their options."""
    if basket.pk is None:
        return {}
    return {
        line.line_reference: (line.quantity, tuple(sorted(str(row.value) for row in line.attributes.all())))
        for line in basket.lines.prefetch_related("attributes")
    }
