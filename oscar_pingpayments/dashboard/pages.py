"""What all pages have in common: the row of tabs, and that nobody keeps a copy."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.apps import apps
from django.http import HttpRequest, HttpResponseBase

from . import access

CONFIG = "pingpayments_dashboard"


@dataclass(frozen=True, slots=True)
class Tab:
    """One of the pages that are about all payments, as its link shows it."""

    url_name: str
    label: Any
    is_current: bool


def tabs(request: HttpRequest) -> Iterator[Tab]:
    """Return the row of tabs as whoever asks may see it."""
    current = request.resolver_match.url_name if request.resolver_match else None
    config: Any = apps.get_app_config(CONFIG)
    for route in config.routes:
        if route.tab and access.may(request.user, route.right):
            yield Tab(f"dashboard:{route.name}", route.tab, route.name == current)


class PageMixin:
    """A page of ours in the dashboard. Its address asks for the permissions, before it is reached."""

    request: HttpRequest

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """Keep payers' names out of browsers' and proxies' stores."""
        response: HttpResponseBase = super().dispatch(request, *args, **kwargs)  # type: ignore[misc]
        response["Cache-Control"] = "no-store, private"
        response["Referrer-Policy"] = "same-origin"
        return response

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Add the tabs."""
        context: dict[str, Any] = super().get_context_data(**kwargs)  # type: ignore[misc]
        return context | {"tabs": list(tabs(self.request))}
