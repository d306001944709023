"""Goods of a refund that are to be sold again are in stock again, once; of others no stock moves."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from django.db.models.signals import post_save
from oscar.core.loading import get_class, get_model

from oscar_pingpayments import facade
from oscar_pingpayments.models import Refund

from .answers import let_ping_answer
from .refunding import TOTAL, carried_out, sums

StockRecord = get_model("partner", "StockRecord")


def stock(title: str = "Lantern") -> tuple[int, int]:
    """What there is of a product, and what of it is spoken for."""
    record = StockRecord.objects.get(product__title=title)
    return record.num_in_stock, record.num_allocated


def ships(line: Any, quantity: int) -> None:
    """Ship pieces of a line, as the shop's own code does."""
    get_class("order.processing", "EventHandler")().consume_stock_allocations(line.order, [line], [quantity])


def goes_back(shopper, ping, line: Any, quantity: int, **wanted: Any) -> None:
    shopper.refund(lines={line.pk: quantity}, **{"restock": True, **wanted})
    carried_out(shopper, ping)


def test_what_was_not_shipped_is_let_go(bought, ping):
    assert stock() == (50, 3)

    bought.refund(lines={bought.lanterns.pk: 2}, restock=True)
    assert stock() == (50, 3)  # it is not done yet
    carried_out(bought, ping)

    assert stock() == (50, 1)
    assert (bought.lanterns.num_allocated, bought.lanterns.allocation_cancelled) == (1, False)
    assert stock("Book") == (50, 1)


def test_what_was_shipped_is_put_back_in_stock(bought, ping):
    ships(bought.lanterns, 3)
    assert stock() == (47, 0)

    goes_back(bought, ping, bought.lanterns, 2)

    assert stock() == (49, 0)


def test_of_a_line_that_was_shipped_in_part_what_was_not_goes_first(bought, ping):
    ships(bought.lanterns, 1)
    assert stock() == (49, 2)

    goes_back(bought, ping, bought.lanterns, 2)
    assert stock() == (49, 0)
    assert bought.lanterns.allocation_cancelled is True

    goes_back(bought, ping, bought.lanterns, 1)
    assert stock() == (50, 0)


def test_a_refund_of_all_puts_everything_back(bought, ping):
    ships(bought.book, 1)

    bought.refund(restock=True)
    carried_out(bought, ping)

    assert (stock(), stock("Book")) == ((50, 0), (50, 0))


def test_hearing_of_it_again_puts_nothing_back_twice(bought, ping):
    ships(bought.lanterns, 3)
    goes_back(bought, ping, bought.lanterns, 2)

    for _ in range(2):
        facade.refresh(bought.payment.pk, by="test")

    assert stock() == (49, 0)


def test_a_refund_that_failed_after_all_and_then_came_puts_nothing_back_twice(bought, ping):
    ships(bought.lanterns, 3)
    goes_back(bought, ping, bought.lanterns, 2)

    for status in ("FAILED", "COMPLETED"):
        entry = {"amount": 59800, "refunded_at": "2026-03-01T12:00:00Z", "status": status}
        let_ping_answer(ping, bought.payment, refunds=[entry], total_amount=105600)
        facade.refresh(bought.payment.pk, by="test")

    assert Refund.objects.get().state == "done"
    assert stock() == (49, 0)


def test_a_refund_that_fails_puts_nothing_back(bought, ping):
    bought.refund(restock=True)
    ping.fail_refunds(listed=True)
    facade.refresh(bought.payment.pk, by="test")

    assert stock() == (50, 3)
    assert Refund.objects.get().restocked is None


@pytest.mark.parametrize(("setting", "expected"), [(False, (50, 3)), (True, (50, 0))])
def test_the_setting_says_what_happens_where_nobody_does(bought, ping, change, setting, expected):
    change(RESTOCK_REFUNDED=setting)

    bought.refund()
    carried_out(bought, ping)

    assert stock() == expected
    assert facade.refundable(bought.payment_order).restock is setting


def test_where_the_asker_does_not_want_it_the_setting_is_not_asked(bought, ping, change):
    change(RESTOCK_REFUNDED=True)

    goes_back(bought, ping, bought.lanterns, 3, restock=False)

    assert stock() == (50, 3)


def test_an_amount_moves_no_stock(bought, ping):
    bought.refund(amount=TOTAL, restock=True)
    carried_out(bought, ping)

    assert stock() == (50, 3)


def test_a_refund_in_the_portal_moves_no_stock(bought, ping, change):
    change(RESTOCK_REFUNDED=True)
    ping.refund_in_portal(bought.payment.ping_id, 105600)
    facade.refresh(bought.payment.pk, by="test")

    assert stock() == (50, 3)


def test_stock_that_is_not_tracked_stays_as_it_is(bought, ping):
    get_model("catalogue", "ProductClass").objects.update(track_stock=False)

    goes_back(bought, ping, bought.lanterns, 2)

    assert stock() == (50, 3)
    assert sums(bought)[0] == Decimal("598.00")


def test_a_line_whose_stock_record_is_gone_keeps_no_money_from_being_recorded(bought, ping):
    StockRecord.objects.filter(product__title="Lantern").delete()

    bought.refund(restock=True)
    carried_out(bought, ping)

    assert sums(bought) == (TOTAL, TOTAL, TOTAL)
    assert stock("Book") == (50, 0)


def test_what_staff_gave_back_who_cancelled_the_order_is_not_given_back_again(bought, ping):
    handler = get_class("order.processing", "EventHandler")()
    handler.cancel_stock_allocations(bought.order)
    assert stock() == (50, 0)

    bought.refund(restock=True)
    carried_out(bought, ping)

    assert stock() == (50, 0)


def test_whoever_waits_for_the_goods_hears_that_they_are_there(bought, ping):
    """Oscar's product alerts listen to the saving of stock records."""
    ships(bought.lanterns, 3)
    heard = []

    def listen(sender, instance, **facts):
        heard.append(instance.num_in_stock)

    post_save.connect(listen, sender=StockRecord)
    try:
        goes_back(bought, ping, bought.lanterns, 2)
    finally:
        post_save.disconnect(listen, sender=StockRecord)

    assert heard == [49]
