"""Whatever is given back in whatever order, what is left is never negative and always adds up."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oscar_pingpayments.items import Item, Kind, spread
from oscar_pingpayments.remains import Part, after, everything, fitted, money, pieces, to_tell

items = st.lists(
    st.builds(
        Item,
        name=st.just("thing"),
        amount=st.integers(0, 10**9),
        vat_rate=st.just(Decimal(25)),
        quantity=st.integers(1, 40),
    ),
    min_size=1,
    max_size=12,
)


def test_items_that_were_all_free_share_what_was_paid_alike():
    free = [Item(name="thing", amount=0, vat_rate=Decimal(25)) for _ in range(3)]

    assert [item.amount for item in fitted(free, 100)] == [34, 33, 33]


@given(items, st.data())
def test_any_refunds_one_after_the_other_leave_items_that_sum_to_what_is_left(sent, data):
    """The invariant that Ping checks: the remaining items + the refund = the payment's total so far."""
    left, total = tuple(sent), sum(item.amount for item in sent)
    for _ in range(data.draw(st.integers(1, 8))):
        if data.draw(st.booleans()) and any(item.quantity for item in left):
            position = data.draw(st.sampled_from([n for n, item in enumerate(left) if item.quantity]))
            parts = [pieces(left, position, data.draw(st.integers(1, left[position].quantity)))]
        else:
            parts = money(left, data.draw(st.integers(0, total)))
        refunded = sum(part.amount for part in parts)
        left = after(left, parts)

        assert sum(item.amount for item in left) + refunded == total
        assert all(item.amount >= 0 and item.quantity >= 0 for item in left)
        assert sum(item.amount for item in to_tell(sent, left)) == total - refunded
        total -= refunded
    rest = everything(left)
    assert sum(part.amount for part in rest) == total
    assert all(item.amount == item.quantity == 0 for item in after(left, rest))


@given(items, st.integers(0, 10**10))
def test_an_amount_takes_of_each_item_its_share_within_one_unit(sent, amount):
    total = sum(item.amount for item in sent)
    amount = min(amount, total)

    taken = {part.item: part.amount for part in money(sent, amount)}

    assert sum(taken.values()) == amount
    for position, item in enumerate(sent):
        share = taken.get(position, 0)
        assert share <= item.amount
        assert total == 0 or abs(share - Decimal(item.amount) * amount / total) < 1


@given(items)
def test_piece_by_piece_comes_to_the_whole_line(sent):
    line = sent[0]
    left, taken = tuple(sent), 0
    for _ in range(line.quantity):
        part = pieces(left, 0, 1)
        assert part.amount - line.amount // line.quantity in (0, 1)
        left, taken = after(left, [part]), taken + part.amount

    assert (taken, left[0].amount, left[0].quantity) == (line.amount, 0, 0)


@given(items, st.integers(0, 10**10))
def test_items_can_be_made_to_fit_another_sum(sent, total):
    made = fitted(sent, total)

    assert sum(item.amount for item in made) == total
    assert all(item.amount >= 0 for item in made)
    assert [item.quantity for item in made] == [item.quantity for item in sent]


def lantern(amount: int, quantity: int, **changes: object) -> Item:
    return Item("Lantern", amount, Decimal(25), quantity, **changes)


def test_three_for_ten_go_back_one_by_one():
    left = (lantern(1000, 3),)
    amounts = []
    for _ in range(3):
        part = pieces(left, 0, 1)
        amounts.append(part.amount)
        left = after(left, [part])

    assert amounts == [333, 333, 334]


def test_more_than_is_left_takes_what_is_left():
    assert money([lantern(100, 1)], 150) == [Part(0, 100)]
    assert money([lantern(0, 1)], 150) == []
    assert after([lantern(100, 1)], [Part(0, 150, 2)]) == (lantern(0, 0),)


def test_ping_is_told_of_what_is_left_and_of_what_was_free_anyway():
    sent = (lantern(598, 2), lantern(0, 1), lantern(49, 1, kind=Kind.SHIPPING))
    left = after(sent, [Part(0, 299, 1), Part(2, 49, 1)])

    assert [item.label for item in to_tell(sent, left)] == ["Lantern", "Lantern"]
    assert to_tell(sent, after(left, [Part(1, 0, 1)])) == (lantern(299, 1),)


@pytest.mark.parametrize(("quantity", "label"), [(1, "Lantern"), (3, "Lantern x 3"), (0, "Lantern")])
def test_an_item_is_told_with_its_number(quantity, label):
    assert lantern(1, quantity).label == label
    assert len(Item("x" * 255, 1, Decimal(0), 1234).label) == 255
    assert Item("x" * 255, 1, Decimal(0), 1234).label.endswith("x x 1234")


def test_nothing_is_spread_over_what_weighs_nothing():
    assert spread([0, 3, 0], 10) == [0, 10, 0]
