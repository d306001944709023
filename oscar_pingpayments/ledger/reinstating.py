"""An order that had ended and is paid after all: it takes again what it had given back, or nothing of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

from django.contrib.auth.models import AnonymousUser
from oscar.core.loading import get_model

from .. import conf
from ..models import written
from .book import Book
from .locking import for_update


def take_again(book: Book) -> bool:
    """Take stock, vouchers and offers again for an order that had ended; return whether that was possible.

    It is where the shop's pipelines lead from the order's status, and from its lines', to paid, its stock is
    still there, its vouchers may still be used and its offers are not used up, and its payer has not got
    everything back in a basket, to be bought anew. Else nothing is taken.
    """
    order, used = book.order, book.payment_order.given_back
    is_refilled = book.payment_order.refilled_at is not None
    if order is None or used is None or is_refilled or not _leads_to_paid(order):
        return False
    # Locked in the order in which Oscar does when it places an order, and before anything is written.
    vouchers = _locked(get_model("voucher", "Voucher"), used["vouchers"])
    discounts = list(written(order.discounts).order_by("pk"))
    offers = _locked(get_model("offer", "ConditionalOffer"), [row.offer_id for row in discounts])
    lines = list(written(order.lines).filter(allocation_cancelled=True).select_related("product"))
    records = _locked(get_model("partner", "StockRecord"), [line.stockrecord_id for line in lines])
    user = order.user or AnonymousUser()
    if len(vouchers) != len(used["vouchers"]) or not all(
        voucher.is_available_to_user(user)[0] for voucher in vouchers.values()
    ):
        return False
    if not _are_left(discounts, used["offers"], offers, order.user) or not _is_in_stock(lines, records):
        return False
    for voucher in vouchers.values():
        voucher.record_usage(order, user)
    for discount in discounts:
        _use_again(discount, used["offers"].get(str(discount.pk), 0), vouchers, offers)
    for line in lines:
        records[line.stockrecord_id].allocate(line.quantity)
        line.num_allocated, line.allocation_cancelled = line.quantity, False
        line.save(update_fields=["num_allocated", "allocation_cancelled"])
    book.payment_order.given_back = None
    return True


def _leads_to_paid(order: Any) -> bool:
    paid = conf.get_settings().order_status.paid
    if paid not in order.available_statuses():
        return False
    # A line that cannot follow its order is left as it is by Oscar: cancelled, in an order that is paid.
    of_lines = order.cascade.get(paid)
    return of_lines is None or all(
        of_lines in (line.status, *line.available_statuses()) for line in written(order.lines)
    )


def _locked(model: Any, keys: Sequence[int | None]) -> dict[int, Any]:
    rows = model._default_manager.filter(pk__in={key for key in keys if key is not None})
    return {row.pk: row for row in for_update(rows.order_by("pk"))}


def _are_left(
    discounts: Sequence[Any], frequencies: dict[str, int], offers: dict[int, Any], user: Any
) -> bool:
    """Whether the offers that are still there may be applied as often as the order had them."""
    wanted: Counter[int] = Counter()
    for discount in discounts:
        if discount.offer_id in offers:
            wanted[discount.offer_id] += frequencies.get(str(discount.pk), 0)
    return all(offers[key].get_max_applications(user) >= often for key, often in wanted.items())


def _is_in_stock(lines: Sequence[Any], records: dict[int, Any]) -> bool:
    wanted: Counter[int | None] = Counter()
    for line in lines:
        wanted[line.stockrecord_id] += line.quantity
    return all(
        key is not None and key in records and records[key].net_stock_level >= quantity
        for key, quantity in wanted.items()
    )


def _use_again(discount: Any, frequency: int, vouchers: dict[int, Any], offers: dict[int, Any]) -> None:
    discount.frequency = frequency
    discount.save(update_fields=["frequency"])
    facts = {"freq": frequency, "discount": discount.amount}
    if discount.offer_id in offers:
        offers[discount.offer_id].record_usage(facts)
    if discount.voucher_id in vouchers:
        vouchers[discount.voucher_id].record_discount(facts)
