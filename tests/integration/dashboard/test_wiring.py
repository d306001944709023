"""One line in ``INSTALLED_APPS``: the addresses come into Oscar's dashboard, and nothing else is needed."""

from __future__ import annotations

import pytest
from django.apps import apps
from django.core.exceptions import ImproperlyConfigured
from django.urls import reverse

from oscar_pingpayments.dashboard import wiring
from oscar_pingpayments.dashboard.apps import PingPaymentsDashboardConfig

from .conftest import at


def test_the_pages_are_below_oscars_dashboard():
    assert at("list") == f"{reverse('dashboard:index')}payments/"


def test_our_config_is_the_one_that_django_takes():
    config = apps.get_app_config("pingpayments_dashboard")

    assert type(config) is PingPaymentsDashboardConfig
    assert list(config.get_models()) == []


def test_oscars_addresses_stay_and_come_first():
    names = [getattr(pattern, "name", None) for pattern in apps.get_app_config("dashboard").get_urls()]

    assert names[0] == "index"
    assert "login" in names[:-1]
    assert names[-1] is None


@pytest.fixture
def without(monkeypatch):
    """Take apps away."""

    def without(*labels: str) -> None:
        left = {label: config for label, config in apps.app_configs.items() if label not in labels}
        monkeypatch.setattr(apps, "app_configs", left)

    return without


def test_without_oscars_dashboard_nothing_is_wired(without):
    without("dashboard", "orders_dashboard")

    config = PingPaymentsDashboardConfig.create("oscar_pingpayments.dashboard")
    config.ready()

    assert config.routes == ()
    assert config.get_urls() == []


def test_listed_before_oscars_orders_their_page_is_left_alone(monkeypatch):
    config = apps.get_app_config("orders_dashboard")
    monkeypatch.setattr(config, "order_detail_view", None)

    wiring.compose_order_page()

    assert config.order_detail_view is None


def test_without_oscar_pingpayments_it_says_what_is_missing(without):
    config = apps.get_app_config("pingpayments_dashboard")
    without("pingpayments")

    with pytest.raises(ImproperlyConfigured, match=r'lists "\S+dashboard" without "oscar_pingpayments"'):
        config.ready()
