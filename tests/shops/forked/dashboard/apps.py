"""The shop's fork of Oscar's dashboard, with a page of its own."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse
from django.urls import path
from oscar.apps.dashboard import apps


class DashboardConfig(apps.DashboardConfig):
    name = "tests.shops.forked.dashboard"

    def get_urls(self) -> list[Any]:
        """Add the weather to Oscar's pages."""
        return [path("weather/", lambda request: HttpResponse("Fine"), name="weather"), *super().get_urls()]
