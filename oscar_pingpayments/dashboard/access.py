"""Who may see payments in the dashboard, and who may act on them."""

from __future__ import annotations

from enum import StrEnum
from typing import Any

from oscar.core.loading import get_class
from oscar.views.decorators import check_permissions

from .. import facade, ledger


class Right(StrEnum):
    """What a member of staff may do: permissions of ``PaymentOrder``. Whoever may act may look, or cannot."""

    VIEW = "view_paymentorder"
    REFUND = "refund_paymentorder"
    RESOLVE = "resolve_paymentorder"
    SETTLE = "settle_paymentorder"


def permissions(right: Right) -> list[str]:
    """Return what Oscar asks for at an address, all of it: to be staff, and the permissions.

    To be staff, because partners come into Oscar's dashboard too, and payments are not theirs.
    """
    words = get_class("dashboard.permissions", "DashboardPermission")
    return [*words.staff, *words.get("pingpayments", *{Right.VIEW.value, right.value})]


def may(user: Any, right: Right) -> bool:
    """Whether somebody may, by their permissions."""
    return bool(check_permissions(user, permissions(right)))


def person(user: Any) -> facade.Person:
    """Return who acts, for the trail."""
    return facade.Person(ledger.full_name(user) or user.email or user.get_username(), user.pk)
