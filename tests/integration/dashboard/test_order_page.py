"""Oscar's page of an order: with a panel for those who may see payments, and otherwise as it was."""

from __future__ import annotations

from django.apps import apps
from django.urls import reverse
from oscar.apps.dashboard.orders.views import OrderDetailView

from oscar_pingpayments.dashboard.order_page import OrderPaymentMixin
from oscar_pingpayments.dashboard.wiring import compose_order_page
from oscar_pingpayments.models import PaymentOrder
from tests.benchmarks.figures import count_queries

from .conftest import at, text

PANEL = "What happened, and what can be done"
STOCK = "oscar/dashboard/orders/order_detail.html"


def page_of(client, order):
    return client.get(reverse("dashboard:order-detail", args=[order.number]))


def test_how_the_payment_stands_is_on_it(staff, paid):
    PaymentOrder.objects.update(attention="duplicate")

    response = page_of(staff("view", "view_order"), paid.order)

    page = text(response).replace("\xa0", "")
    panel = page.partition("Card payment</caption>")[2].partition("</table>")[0]
    assert "pingpayments-paid" in panel
    assert "Paid twice" in panel
    assert panel.count("SEK299.00") == 2
    assert f'href="{at("detail", paid.payment_order)}">{PANEL}</a>' in panel
    assert STOCK in [template.name for template in response.templates]


def test_without_the_permission_it_is_as_it_was(staff, paid):
    with count_queries() as counted:
        response = page_of(staff("view_order"), paid.order)

    assert PANEL not in text(response)
    assert response.template_name == [STOCK] or STOCK in [template.name for template in response.templates]
    assert "oscar_pingpayments/dashboard/order_page.html" not in [each.name for each in response.templates]
    assert counted.ours == []


def test_partners_see_nothing_of_it(staff, paid):
    partner = staff("dashboard_access", "view_paymentorder", is_staff=False)
    paid.order.lines.get().partner.users.add(partner.user)

    response = page_of(partner, paid.order)

    assert response.status_code == 200
    assert PANEL not in text(response)


def test_an_order_that_was_paid_otherwise_is_as_it_was(staff, paid):
    PaymentOrder.objects.update(order=None)

    assert PANEL not in text(page_of(staff("view", "view_order"), paid.order))


def test_what_oscars_page_does_it_still_does(staff, paid):
    client = staff("view", "view_order", "change_order")
    address = reverse("dashboard:order-detail", args=[paid.order.number])

    response = client.post(address, {"order_action": "save_note", "message": "Call her"}, follow=True)

    assert "Call her" in text(response)
    assert PANEL in text(response)


def test_the_view_is_composed_once():
    config = apps.get_app_config("orders_dashboard")
    view = config.order_detail_view
    assert issubclass(view, OrderPaymentMixin)
    assert issubclass(view, OrderDetailView)
    assert (view.__name__, view.__module__) == ("OrderDetailView", "oscar.apps.dashboard.orders.views")

    compose_order_page()

    assert config.order_detail_view is view
