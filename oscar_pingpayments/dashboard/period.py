"""A period of days, as staff choose it in a form, in the shop's time zone."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any, Self

from django import forms
from django.core.validators import MaxValueValidator, MinValueValidator
from django.http import QueryDict
from django.utils import timezone
from django.utils.translation import gettext_lazy as _


def midnight(day: date) -> datetime:
    """Return when a day begins in the shop's time zone."""
    return timezone.make_aware(datetime.combine(day, time.min))


class DayField(forms.DateField):
    """A day; it may be left out, unless it is required."""

    widget = forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")

    def __init__(self, *, required: bool = False, **kwargs: Any) -> None:
        # Long ago and far away there are days that cannot be said in every time zone.
        validators = [MinValueValidator(date(1970, 1, 2)), MaxValueValidator(date(9000, 1, 1))]
        super().__init__(required=required, validators=validators, input_formats=["%Y-%m-%d"], **kwargs)


@dataclass(frozen=True, slots=True)
class Period:
    """Whole days, the last one included."""

    first: date
    last: date

    @property
    def since(self) -> datetime:
        """When it begins."""
        return midnight(self.first)

    @property
    def until(self) -> datetime:
        """The first moment after it."""
        return midnight(self.last + timedelta(days=1))

    @property
    def days(self) -> int:
        """How many days it has."""
        return (self.last - self.first).days + 1

    def each_day(self) -> list[date]:
        """Return its days."""
        return [self.first + timedelta(days=number) for number in range(self.days)]


class PeriodForm(forms.Form):
    """From which day to which; both are there in a valid form.

    A subclass says how many days are shown unasked, and how many at most.
    """

    usual_days = 30
    most_days = 366

    first = DayField(label=_("From"), required=True)
    last = DayField(label=_("To"), required=True)

    @classmethod
    def asked(cls, address: QueryDict) -> Self:
        """Return the form with what an address asks for; a day that it leaves out is filled in."""
        answers: dict[str, Any] = address.dict()
        last = answers.get("last") or f"{timezone.localdate()}"
        first = answers.get("first")
        if not first:
            with suppress(ValueError, OverflowError):  # the form says what is wrong with the last day
                first = f"{date.fromisoformat(last) - timedelta(days=cls.usual_days - 1)}"
        return cls({**answers, "first": first, "last": last})

    def clean(self) -> dict[str, Any]:
        """Refuse what is the wrong way round or too long."""
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        first, last = cleaned.get("first"), cleaned.get("last")
        if first and last:
            if last < first:
                raise forms.ValidationError(_("The last day is before the first."))
            if (last - first).days >= self.most_days:
                raise forms.ValidationError(
                    _("That is more than %(days)d days: choose a shorter period.") % {"days": self.most_days}
                )
        return cleaned

    @property
    def period(self) -> Period:
        """The period that was asked for. Only of a valid form."""
        return Period(self.cleaned_data["first"], self.cleaned_data["last"])
