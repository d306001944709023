"""Callback health: do Ping's calls arrive, are they ours, and what had to be found out without them."""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.contrib import messages
from django.db.models import Count, Exists, OuterRef, Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext_lazy as _
from django.views.generic import TemplateView, View

from .. import conf, facade
from ..exceptions import GatewayError
from ..facade.connection import here
from ..models import Callback, Mark, Payment
from .access import Right, may
from .pages import PageMixin
from .period import Period, PeriodForm

#: How long a test call may take before we say that it does not come, and how often the page looks: seconds.
PATIENCE = 20
LOOK_AGAIN = 2
#: So many of the newest are listed.
NEWEST = 20
_KEY = "pingpayments_poke"

_ASKED_BY = {
    "callback": _("Ping's callback"),
    "return": _("the payer who came back"),
    "page": _("the payer's page"),
    "payer": _("the payer who cancelled"),
    "sync": _("the sync"),
    "staff": _("staff"),
}


class HealthForm(PeriodForm):
    """The last week, unasked."""

    usual_days = 7
    most_days = 92


@dataclass(frozen=True, slots=True)
class Health:
    """What a period's callbacks were like. A payment counts in the period in which its order was placed."""

    outcomes: list[tuple[str, int]]
    settled_by: list[tuple[Any, int]]
    missing: int
    rescued: list[Payment]
    newest: datetime | None

    @property
    def settled(self) -> int:
        """How many payments have ended."""
        return sum(count for _by, count in self.settled_by)

    @property
    def is_ill(self) -> bool:
        """Whether no callback came for most of what has ended."""
        return self.settled > 0 and self.missing * 2 > self.settled


def health(period: Period) -> Health:
    """Ask the database what a period's callbacks were like, of the shop's own tenant and environment."""
    # Test calls, and calls about refunds in which no payment is named, are about nobody's.
    ours = Callback.objects.filter(Q(payment=None) | Q(**here("payment__payment_order__")))
    calls = ours.filter(at__gte=period.since, at__lt=period.until).order_by()
    labels = dict(Callback.Outcome.choices)
    ended = _ended(period)
    return Health(
        outcomes=[
            (str(labels.get(outcome, outcome)), count)
            for outcome, count in calls.values_list("outcome").annotate(count=Count("pk")).order_by("-count")
        ],
        settled_by=[
            (_ASKED_BY.get(by, by), count)
            for by, count in ended.values_list("settled_by").annotate(count=Count("pk")).order_by("-count")
        ],
        missing=ended.filter(~Exists(Callback.objects.filter(payment=OuterRef("pk")))).count(),
        rescued=list(
            ended.filter(settled_by="sync")
            .select_related("payment_order")
            .order_by("-payment_order_id")[:NEWEST]
        ),
        newest=ours.order_by("-at").values_list("at", flat=True).first(),
    )


def _ended(period: Period) -> QuerySet[Payment]:
    """Return the attempts that have ended, by Ping's word, of the orders that were placed in the period."""
    return Payment.objects.filter(
        payment_order__created_at__gte=period.since,
        payment_order__created_at__lt=period.until,
        **here("payment_order__"),
    ).exclude(settled_by="")


class HealthView(PageMixin, TemplateView):
    """The page. While a test call is waited for, it looks again by itself."""

    template_name = "oscar_pingpayments/dashboard/health.html"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Add the period's health, when a sync last ran, and how the test call stands."""
        form = HealthForm.asked(self.request.GET)
        return {
            **super().get_context_data(**kwargs),
            "form": form,
            "health": health(form.period) if form.is_valid() else None,
            "sync": Mark.objects.filter(name="sync", **here()).first(),
            "look_again": LOOK_AGAIN if self._is_waiting() else 0,
            "may_poke": may(self.request.user, Right.RESOLVE),
        }

    def _is_waiting(self) -> bool:
        """Whether a test call is still waited for; where it no longer is, say how that ended."""
        waiting = self.request.session.get(_KEY)
        if waiting is None:
            return False
        poke = facade.Poke(waiting["origin"], waiting["token"])
        if poke.has_arrived():
            arrived = _("Ping called %(address)s, and it arrived.") % {"address": poke.shown}
            messages.success(self.request, arrived)
        elif time.time() - waiting["since"] < PATIENCE:
            return True
        else:
            missing = _("Ping was asked to call %(address)s, and nothing arrived within %(seconds)d seconds.")
            told = missing % {"address": poke.shown, "seconds": PATIENCE}
            messages.error(self.request, f"{told} {poke.what_answers()}")
        del self.request.session[_KEY]
        return False


class PokeView(PageMixin, View):
    """Let Ping make a test call; the page waits for it."""

    def post(self, request: HttpRequest) -> HttpResponse:
        """Ask Ping."""
        poke = facade.Poke.at(conf.get_settings().public_url or request.build_absolute_uri("/"))
        try:
            poke.ask()
        except GatewayError as error:
            messages.error(
                request,
                _("Ping did not want to call %(address)s: %(words)s")
                % {"address": poke.shown, "words": error.words},
            )
        else:
            request.session[_KEY] = {"origin": poke.origin, "token": poke.token, "since": time.time()}
        return redirect("dashboard:payments-health")
