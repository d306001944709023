"""What staff can do to a payment: asked before it is done, done once, told of, and kept in the trail."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any, ClassVar

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.functional import cached_property
from django.utils.translation import gettext_lazy as _
from django.views.generic import FormView

from ... import facade
from ...exceptions import GatewayError, NotSentError, OutcomeUnknownError, PingPaymentsError
from ...models import StaffAction
from .. import access
from ..access import Right
from ..case import Case
from ..pages import PageMixin


class NotDoneError(Exception):
    """It was not done; the message says to staff why, and ``words`` are Ping's, where it said something."""

    def __init__(self, message: object, words: str = "") -> None:
        super().__init__(message)
        self.words = words


class UnknownOutcomeError(Exception):
    """Nobody knows yet whether it was done, and it must not be asked for again; the message says so."""


class ActionForm(forms.Form):
    """What an action asks for, the key that makes it count once, and what whoever sent it had seen."""

    # Not required: one without them is one that is too old, or has seen something else.
    key = forms.CharField(required=False, widget=forms.HiddenInput)
    seen = forms.CharField(required=False, widget=forms.HiddenInput)

    def __init__(self, *args: Any, case: Case, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.case = case


class Action(PageMixin, FormView, ABC):
    """One thing that can be done. A GET asks, a POST does.

    A subclass says what it is called and does, whom it is for, when it applies, and how it is done; one
    that asks for more than yes or no has a form of its own. It is listed in ``ACTIONS``, and there is its
    address, its button and its place in the trail.
    """

    template_name = "oscar_pingpayments/dashboard/action.html"
    form_class = ActionForm

    #: Its name in the trail; also in its address.
    name: ClassVar[StaffAction.Name]
    right: ClassVar[Right] = Right.RESOLVE
    #: What its buttons say, and what will happen.
    label: ClassVar[Any]
    question: ClassVar[Any]
    #: Whether it cannot be undone.
    is_final: ClassVar[bool] = False
    #: Whether it asks Ping for more than how things stand. It must do no harm to ask for that again.
    tells_ping: ClassVar[bool] = False

    # For subclasses

    @classmethod
    @abstractmethod
    def applies(cls, case: Case) -> bool:
        """Whether it can be done to a payment order as it is now."""

    @abstractmethod
    def act(self, answers: dict[str, Any]) -> Any:
        """Do it to ``self.case``, as ``self.person``, and return what was done, in a sentence for staff.

        Called once for each form. Raises NotDoneError, or an error of the facade's.
        """

    # The rest is the same for all

    @classmethod
    def is_for(cls, user: Any) -> bool:
        """Whether somebody may do it."""
        return access.may(user, cls.right)

    @classmethod
    def address(cls) -> str:
        """Return the name of its address."""
        return f"dashboard:payments-{cls.slug()}"

    @classmethod
    def slug(cls) -> str:
        """Return its word in addresses."""
        return cls.name.value.replace("_", "-")

    @cached_property
    def case(self) -> Case:
        """What it is done to, as it is now."""
        return Case.read(self.kwargs["pk"])

    @property
    def person(self) -> facade.Person:
        """Who does it."""
        return access.person(self.request.user)

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Ask, where it applies."""
        return super().get(request, *args, **kwargs) if self.applies(self.case) else self._not_now()

    def form_valid(self, form: ActionForm) -> HttpResponse:
        """Do it, once."""
        answers = form.cleaned_data
        try:
            is_first = facade.use_form_key(answers["key"], self._purpose)
        except facade.StaleFormError:
            return self._ask_again(_("This page had been open for too long. Please look again."))
        if not is_first:
            messages.info(self.request, _("This was sent before, and is done once."))
            return self._back()
        if answers["seen"] != self.case.version:
            return self._ask_again(_("Things have changed meanwhile. Please look again."))
        if not self.applies(self.case):
            return self._not_now()
        try:
            done = self.act(answers)
        except UnknownOutcomeError as error:
            messages.warning(self.request, str(error))
            return self._back()
        except NotDoneError as error:
            return self._ask_again(error, words=error.words)
        except (NotSentError, OutcomeUnknownError) as error:
            return self._ask_again(self._without_answer(error), words=error.words)
        except GatewayError as error:
            return self._ask_again(_("Not done. Ping says: %(words)s") % {"words": error.words})
        except PingPaymentsError as error:
            return self._ask_again(_("Not done: %(error)s.") % {"error": str(error).rstrip(".")})
        messages.success(self.request, done)
        return self._back()

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Add what is asked, and about what."""
        context = super().get_context_data(**kwargs)
        return {**context, "action": self, "case": self.case, "payment_order": self.case.payment_order}

    def get_form_kwargs(self) -> dict[str, Any]:
        """Let the form know what it is about."""
        return {**super().get_form_kwargs(), "case": self.case}

    def get_initial(self) -> dict[str, Any]:
        """Give the form its key, and what it is shown for."""
        return {**super().get_initial(), **self._marks()}

    def _marks(self) -> dict[str, str]:
        return {"key": facade.new_form_key(self._purpose), "seen": self.case.version}

    @property
    def _purpose(self) -> str:
        return f"{self.name.value}/{self.kwargs['pk']}/{self.request.user.pk}"

    def _without_answer(self, error: GatewayError) -> Any:
        if self.tells_ping and isinstance(error, OutcomeUnknownError):
            return _(
                "Ping did not answer, so whether it was done is not known. It does no harm to try again in "
                "a minute."
            )
        return _("Not done: Ping does not answer just now. Try again in a minute.")

    def _ask_again(self, why: object, *, words: str = "") -> HttpResponse:
        """Show the form again, with what was typed, about the case as it is by now."""
        del self.case
        if not self.applies(self.case):
            messages.warning(self.request, str(why))
            return self._back()
        form = self.get_form()
        form.add_error(None, str(why))
        form.data = form.data.copy()
        form.data.update(self._marks())
        return self.render_to_response(self.get_context_data(form=form, words=words))

    def _not_now(self) -> HttpResponse:
        messages.info(self.request, _("%(action)s: that does not apply now.") % {"action": self.label})
        return self._back()

    def _back(self) -> HttpResponse:
        return redirect("dashboard:payments-detail", pk=self.kwargs["pk"])
