"""The shop's own page of an order, with a template of its own."""

from __future__ import annotations

from oscar.apps.dashboard.orders import views


class OrderDetailView(views.OrderDetailView):
    template_name = "forked/order.html"
