"""What is left of a payment's items once some of the money was given back, and what is taken of which."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from .items import Item, spread


@dataclass(frozen=True, slots=True)
class Part:
    """What a refund takes of one item.

    ``item`` is its position; ``amount`` is in the smallest unit; ``quantity`` is how many pieces of it come
    back, none where only money does.
    """

    item: int
    amount: int
    quantity: int = 0


def after(items: Sequence[Item], parts: Iterable[Part]) -> tuple[Item, ...]:
    """Return the items without what was taken of them: each in its place, nothing below nought."""
    left = list(items)
    for part in parts:
        item = left[part.item]
        left[part.item] = replace(
            item,
            amount=max(item.amount - part.amount, 0),
            quantity=max(item.quantity - part.quantity, 0),
        )
    return tuple(left)


def fitted(items: Sequence[Item], total: int) -> tuple[Item, ...]:
    """Return the items with amounts that sum to ``total``: as they are where they do, else in proportion."""
    weights = [item.amount for item in items]
    if sum(weights) == total:
        return tuple(items)
    if not any(weights):
        weights = [1] * len(items)
    return tuple(
        replace(item, amount=share) for item, share in zip(items, spread(weights, total), strict=True)
    )


def pieces(items: Sequence[Item], position: int, quantity: int) -> Part:
    """Return what so many pieces of one item take: their share of its money, and the last ones all of it."""
    item = items[position]
    amount = item.amount if quantity == item.quantity else item.amount * quantity // item.quantity
    return Part(position, amount, quantity)


def money(items: Sequence[Item], amount: int) -> list[Part]:
    """Return what an amount takes of each item, in proportion to what is left of it: no pieces come back.

    Of more than is left it takes what is left.
    """
    weights = [item.amount for item in items]
    left = sum(weights)
    if not left:
        return []
    shares = spread(weights, min(amount, left))
    return [Part(position, share) for position, share in enumerate(shares) if share]


def everything(items: Sequence[Item]) -> list[Part]:
    """Return what takes all that is left, pieces and money."""
    return [
        Part(position, item.amount, item.quantity)
        for position, item in enumerate(items)
        if item.amount or item.quantity
    ]


def to_tell(sent: Sequence[Item], left: Sequence[Item]) -> tuple[Item, ...]:
    """Return the items that Ping is told of after a refund: those of which something is left.

    One that was free from the beginning stays while there are pieces of it.
    """
    return tuple(
        now for was, now in zip(sent, left, strict=True) if now.amount or (not was.amount and now.quantity)
    )
