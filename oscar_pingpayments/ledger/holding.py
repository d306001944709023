"""What an order is about to hold, locked and looked at again: Ping was asked since it was read."""

from __future__ import annotations

from collections import Counter
from typing import Any

from oscar.core.loading import get_model

from ..models import read_again
from .locking import for_update

_USED = ["num_applications", "num_orders", "total_discount"]


def used_up(basket: Any, user: Any) -> str:
    """Lock the basket's vouchers; return why one can no longer be used, in Oscar's words, or "".

    Oscar leaves out one that has run out in time, and places no order with one that was used up. Must be
    called before ``is_still_there``, in the same transaction.
    """
    for voucher in for_update(basket.vouchers.order_by("pk")):
        is_available, why = voucher.is_available_to_user(user=user)
        if voucher.is_active() and not is_available:
            return f"{voucher.code}: {why}"
    return ""


def is_still_there(basket: Any) -> bool:
    """Lock stock and offers of a basket, read them anew, and say whether all can still be bought.

    Oscar reads them when the request begins and writes them when the order is placed. It does not lock them
    in between, which is milliseconds there and a call to Ping here. Must be called in the transaction that
    places the order. Locks in the order in which Oscar does.
    """
    applications = list(basket.offer_applications)
    if applications:
        offers = get_model("offer", "ConditionalOffer")._default_manager
        list(for_update(offers.filter(pk__in={each["offer"].pk for each in applications}).order_by("pk")))
    for application in applications:
        read_again(application["offer"], *_USED)
        if application.get("voucher"):
            read_again(application["voucher"], "num_orders", "total_discount")
    return _is_in_stock(basket)


def _is_in_stock(basket: Any) -> bool:
    lines = list(basket.all_lines())
    records = get_model("partner", "StockRecord")._default_manager.filter(
        pk__in={line.stockrecord_id for line in lines}
    )
    stock = {record.pk: record for record in for_update(records.order_by("pk"))}
    wanted: Counter[int] = Counter()
    for line in lines:
        wanted[line.stockrecord_id] += line.quantity
        record = stock.get(line.stockrecord_id)
        if record is None:
            return False
        info = basket.strategy.fetch_for_product(line.product, record)
        if not info.availability.is_purchase_permitted(wanted[line.stockrecord_id])[0]:
            return False
    return True
