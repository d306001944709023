"""The simulator's addresses: Ping's API, PaymentIQ's page, and the control interface."""

from __future__ import annotations

from django.urls import path

from . import api, control, pages

urlpatterns = [
    path("", pages.front),
    path("payments/api/v1/<path:path>", api.dispatch),
    path("pay/<str:code>", pages.page),
    path("pay/<str:code>/style.css", pages.style),
    path("assets/<str:name>", pages.asset),
    path("_control/<str:command>", control.control),
]
