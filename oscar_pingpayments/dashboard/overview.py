"""The overview: how a period went, in charts that one reads at a glance and tables that say the same."""

from __future__ import annotations

from typing import Any

from django import forms
from django.conf import settings as django_settings
from django.http import QueryDict
from django.utils.translation import gettext_lazy as _
from django.views.generic import TemplateView

from ..money import CURRENCIES
from .figures import figures
from .pages import PageMixin
from .period import PeriodForm


class OverviewForm(PeriodForm):
    """The period and the currency: money of two currencies is never added up."""

    currency = forms.ChoiceField(label=_("Currency"), choices=[(word, word) for word in CURRENCIES])

    @classmethod
    def of(cls, address: QueryDict) -> OverviewForm:
        """Return the form with what an address asks for, in the shop's own currency where it names none."""
        answers = address.copy()
        usual = getattr(django_settings, "OSCAR_DEFAULT_CURRENCY", "")
        answers.setdefault("currency", usual if usual in CURRENCIES else next(iter(CURRENCIES)))
        return cls.asked(answers)


class OverviewView(PageMixin, TemplateView):
    """The overview."""

    template_name = "oscar_pingpayments/dashboard/overview.html"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Add the form and, where it can be read, the figures that it asks for."""
        form = OverviewForm.of(self.request.GET)
        found = figures(form.period, form.cleaned_data["currency"]) if form.is_valid() else None
        return {**super().get_context_data(**kwargs), "form": form, "figures": found}
