"""Two payers want the last of something in the same instant: one has it, and the other pays nothing."""

from __future__ import annotations

from datetime import timedelta
from functools import partial
from typing import Any

from django.utils import timezone
from oscar.core.loading import get_model

from oscar_pingpayments.models import Payment, PaymentOrder
from tests.shopper import create_product

from .counter import AWAITING, QUANTITY, ShopCounter, place

Basket = get_model("basket", "Basket")
Order = get_model("order", "Order")
Voucher = get_model("voucher", "Voucher")


def settle(counter: ShopCounter, score: Any, answers: dict[str, Any], words: str) -> None:
    """Find one of the two at Ping's page, and the other told why, with nothing to pay."""
    winner = score.teller("payment_started")
    (loser,) = set(answers) - {winner}
    payment = Payment.objects.select_related("payment_order__order").order_by("-pk").first()
    assert answers[winner]["Location"] == payment.pay_url
    page = answers[loser].content.decode()
    assert words in page
    assert "Nothing has been ordered and nothing has been charged" in page
    assert counter.end(payment.payment_order_id).attempts == AWAITING.attempts
    score.won(winner)


def test_s12_the_last_piece(counter, ping, race, fewer_rounds, in_turn):
    score = race("S12 two payers and the last piece", "one", "other")
    products = [create_product(f"Lantern {n}", stock=QUANTITY) for n in range(fewer_rounds)]
    pairs = [[counter.browser(product=product) for _ in range(2)] for product in products]

    for product, (one, other) in in_turn(list(zip(products, pairs, strict=True))):
        answers = score.run(one=partial(place, one), other=partial(place, other))

        settle(counter, score, answers, "was sold while your order was being placed")
        record = product.stockrecords.get()
        assert (record.num_in_stock, record.num_allocated) == (QUANTITY, QUANTITY)
    assert Order.objects.count() == PaymentOrder.objects.count() == len(ping.payments()) == fewer_rounds
    assert Basket.objects.filter(status="Open").count() == fewer_rounds
    score.assert_both_orders_occurred()


def test_s12_a_voucher_for_one_use(counter, ping, race, fewer_rounds, in_turn):
    score = race("S12 two payers and a voucher for one use", "one", "other")
    now = timezone.now()
    vouchers = [
        Voucher.objects.create(
            name=f"Once {n}",
            code=f"ONCE{n}",
            usage=Voucher.SINGLE_USE,
            start_datetime=now - timedelta(days=1),
            end_datetime=now + timedelta(days=1),
        )
        for n in range(fewer_rounds)
    ]
    for voucher in vouchers:
        voucher.offers.set(counter.voucher.offers.all())
    pairs = [[counter.browser(voucher=voucher) for _ in range(2)] for voucher in vouchers]

    for voucher, (one, other) in in_turn(list(zip(vouchers, pairs, strict=True))):
        answers = score.run(one=partial(place, one), other=partial(place, other))

        settle(counter, score, answers, f"A voucher in your basket cannot be used any more ({voucher.code}: ")
        voucher.refresh_from_db()
        assert (voucher.num_orders, voucher.applications.count()) == (1, 1)
    assert Order.objects.count() == PaymentOrder.objects.count() == len(ping.payments()) == fewer_rounds
    assert counter.product.stockrecords.get().num_allocated == fewer_rounds * QUANTITY
    score.assert_both_orders_occurred()
