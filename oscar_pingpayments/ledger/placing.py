"""A basket while its order is placed: frozen by one of those who place it, then submitted or opened again."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils import timezone

from ..models import Placing

#: So many baskets that were left are read at a time.
BITE = 500


def freeze(basket: Any) -> bool:
    """Freeze an open basket; return whether this call did it. Of two placing it at once, one does."""
    with transaction.atomic():
        taken = _move(basket, basket.OPEN, basket.FROZEN)
        if taken:
            Placing.objects.create(basket_id=basket.pk)
    return taken


def submit(basket: Any) -> bool:
    """Submit the basket whose order has been placed; return whether it was still ours to place.

    Must be called in the transaction that places the order. Where it is not, because a sync has taken the
    process for dead, its payer may have it again, and nothing must be placed from it.
    """
    basket.date_submitted = timezone.now()
    return _move(basket, basket.FROZEN, basket.SUBMITTED, date_submitted=basket.date_submitted)


def reopen(basket: Any) -> bool:
    """Open a frozen basket again; return whether this call did it. A submitted one is left alone."""
    with transaction.atomic():
        given = _move(basket, basket.FROZEN, basket.OPEN)
        Placing.objects.filter(basket=basket.pk).delete()
    return given


def reopen_left(before: datetime) -> int:
    """Open the baskets again that processes took before then and left when they died; return how many."""
    left = Placing.objects.filter(at__lt=before).select_related("basket").order_by("at")
    given = 0
    while bite := list(left[:BITE]):
        given += sum(reopen(placing.basket) for placing in bite)
    return given


def _move(basket: Any, old: str, new: str, **facts: object) -> bool:
    moved = basket.__class__._default_manager.filter(pk=basket.pk, status=old).update(status=new, **facts)
    if moved:
        basket.status = new
    return bool(moved)
