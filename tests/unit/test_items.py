"""Order items add up to the total, are never negative, and carry a VAT rate that can be right."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oscar_pingpayments.exceptions import MoneyError
from oscar_pingpayments.items import Charge, Item, Kind, order_items, vat_rate

charges = st.builds(
    Charge,
    name=st.just("thing"),
    incl_tax=st.integers(0, 10**9),
    excl_tax=st.integers(0, 10**9),
    quantity=st.integers(1, 1000),
)


@given(st.lists(charges, max_size=60), st.integers(0, 10**10))
def test_m8_items_sum_to_the_total_and_none_is_negative(charges, total):
    items = order_items(charges, total, name="#1")

    assert sum(item.amount for item in items) == total
    assert all(item.amount >= 0 for item in items)
    assert all(0 <= item.vat_rate <= 99 for item in items)


@given(st.lists(charges, min_size=1, max_size=60).filter(lambda some: any(c.incl_tax for c in some)))
def test_charges_that_sum_to_the_total_are_left_as_they_are(charges):
    items = order_items(charges, sum(charge.incl_tax for charge in charges), name="#1")

    assert [item.amount for item in items] == [charge.incl_tax for charge in charges]


@given(st.lists(charges, min_size=1, max_size=60), st.integers(1, 100))
def test_m8_a_discount_on_the_whole_order_is_spread_within_one_unit_of_its_share(charges, percent):
    before = sum(charge.incl_tax for charge in charges)
    total = before * percent // 100
    items = order_items(charges, total, name="#1")

    if before:
        for charge, item in zip(charges, items, strict=True):
            assert abs(item.amount - Decimal(charge.incl_tax) * total / before) < 1


def test_m8_the_odd_unit_goes_to_the_largest_remainder_and_then_to_the_first():
    three = [Charge(name, 3333, 2666) for name in "abc"]

    assert [item.amount for item in order_items(three, 10000, name="#1")] == [3334, 3333, 3333]


def test_an_order_whose_charges_are_free_has_one_item_of_its_own():
    whole = Item("#100023", 500, Decimal(0), kind=Kind.ORDER)
    assert order_items([Charge("gift", 0, 0)], 500, name="#100023") == (whole,)
    assert order_items([], 500, name="#100023") == (whole,)


@pytest.mark.parametrize(("charge", "total"), [(Charge("refund", -1, 0), 10), (Charge("thing", 10, 8), -1)])
def test_nothing_negative_is_sent(charge, total):
    with pytest.raises(MoneyError):
        order_items([charge], total, name="#1")


@given(st.sampled_from([25, 12, 6]), st.integers(1000, 10**7), st.integers(1, 50))
def test_m8_the_rate_survives_rounding_of_each_piece(rate, unit_excl, quantity):
    unit_incl = int((unit_excl * (1 + Decimal(rate) / 100)).quantize(Decimal(1), ROUND_HALF_UP))
    charge = Charge("thing", unit_incl * quantity, unit_excl * quantity, quantity)

    assert vat_rate(charge) == rate


@pytest.mark.parametrize(
    ("incl_tax", "excl_tax", "rate"),
    [
        (12500, 10000, "25"),
        (10000, 10000, "0"),
        (10000, 0, "0"),
        (9999, 10000, "0"),
        (118_000, 100_000, "18.00"),
        (10_000_000, 10_000, "99"),
        (5, 4, "25"),
    ],
)
def test_the_rate_is_worked_out_from_the_amounts(incl_tax, excl_tax, rate):
    assert vat_rate(Charge("thing", incl_tax, excl_tax)) == Decimal(rate)
