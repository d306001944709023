"""The shop's fork of Oscar's orders in the dashboard."""

from __future__ import annotations

from oscar.apps.dashboard.orders import apps


class OrdersDashboardConfig(apps.OrdersDashboardConfig):
    name = "tests.shops.forked.dashboard.orders"
