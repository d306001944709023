"""Who may do what in this shop: whoever may see orders may see payments."""

from __future__ import annotations

from oscar.apps.dashboard import permissions


class DashboardPermission(permissions.DashboardPermission):
    permissions = {"view_paymentorder": ["order.view_order"]}
