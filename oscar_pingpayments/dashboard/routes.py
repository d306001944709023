"""The pages: under which name and path each answers, who may see it, and which are in the row of tabs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from django.http import HttpResponseBase
from django.urls import URLPattern, path
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from ..doors import without_atomic_requests
from . import access
from .access import Right
from .actions import ACTIONS
from .attention import AttentionView
from .detail import PaymentDetailView
from .exporting import PaymentExportView
from .health import HealthView, PokeView
from .listing import PaymentListView
from .overview import OverviewView
from .reconciliation import ReconciliationExportView, ReconciliationView


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """One page. Its name begins with "payments-": names are unique over all of Oscar's dashboard apps.

    ``tab`` is its label in the row of tabs, for a page that is about all payments.
    """

    name: str
    path: str
    view: Callable[..., HttpResponseBase]
    right: Right = Right.VIEW
    tab: str | Promise = ""

    @property
    def permissions(self) -> list[str]:
        """What Oscar asks for before it shows the page."""
        return access.permissions(self.right)

    def pattern(self) -> URLPattern:
        """Return its address, which is outside of ATOMIC_REQUESTS: what an action has done stays done."""
        return path(self.path, without_atomic_requests(self.view), name=self.name)


ROUTES = (
    Route(name="payments-list", path="", view=PaymentListView.as_view(), tab=_("Payments")),
    Route(name="payments-export", path="export/", view=PaymentExportView.as_view()),
    Route(
        name="payments-attention",
        path="attention/",
        view=AttentionView.as_view(),
        tab=_("Needs attention"),
    ),
    Route(name="payments-overview", path="overview/", view=OverviewView.as_view(), tab=_("Overview")),
    Route(
        name="payments-reconciliation",
        path="reconciliation/",
        view=ReconciliationView.as_view(),
        tab=_("Reconciliation"),
    ),
    Route(
        name="payments-reconciliation-export",
        path="reconciliation/export/",
        view=ReconciliationExportView.as_view(),
    ),
    Route(name="payments-health", path="health/", view=HealthView.as_view(), tab=_("Callbacks")),
    Route(name="payments-poke", path="health/poke/", view=PokeView.as_view(), right=Right.RESOLVE),
    Route(name="payments-detail", path="<int:pk>/", view=PaymentDetailView.as_view()),
    *(
        Route(
            name=f"payments-{action.slug()}",
            path=f"<int:pk>/{action.slug()}/",
            view=action.as_view(),
            right=action.right,
        )
        for action in ACTIONS
    ),
)
