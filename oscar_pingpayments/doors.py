"""What all addresses of ours have in common: who may come in, what is kept of a visit, what it may do."""

from __future__ import annotations

import logging
from collections.abc import Callable
from functools import wraps
from typing import Any, Final, TypeVar

from django.contrib.auth.decorators import login_not_required
from django.core.handlers.exception import response_for_exception
from django.db import connections, transaction
from django.db.models import Model, QuerySet
from django.http import Http404, HttpRequest, HttpResponse, UnreadablePostError
from django.http.response import HttpResponseNotAllowed
from django.utils.log import log_response

from .models import is_token, may_be_token

logger = logging.getLogger(__name__)

Row = TypeVar("Row", bound=Model)
View = Callable[..., HttpResponse]

_BAD_REQUEST: Final = 400


def without_atomic_requests(view: Callable[..., Any]) -> Callable[..., Any]:
    """Take a view out of ATOMIC_REQUESTS: rows about money must survive a page that fails."""
    for alias in connections:
        view = transaction.non_atomic_requests(using=alias)(view)
    return view


def outside(view: View) -> View:
    """Mark a view as one that nobody else may keep, list or follow: its address is its key.

    It is the only one: a shop whose middleware asks everybody to log in does not ask Ping, nor a payer who
    comes back in another browser. So no log of ours or Django's names it, whatever the answer. What is not
    found, or breaks off while it is read, is answered here like all else.

    There is no Content-Security-Policy: the pages are in the shop's own templates, and one of ours would take
    the place of the shop's.
    """

    @wraps(view)
    def private(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        try:
            response = view(request, *args, **kwargs)
        except Http404 as error:
            response = response_for_exception(request, error)
        except UnreadablePostError:
            response = HttpResponse(status=_BAD_REQUEST)
        response["Cache-Control"] = "no-store, private"
        response["X-Robots-Tag"] = "noindex, nofollow"
        # Not "no-referrer", with which browsers send "Origin: null" and Django refuses the page's own forms.
        response["Referrer-Policy"] = "same-origin"
        response["X-Content-Type-Options"] = "nosniff"
        if response.status_code >= _BAD_REQUEST:
            # Django would log the address. It logs no answer a second time.
            log_response("A visitor was turned away", response=response, logger=logger, level="info")
        return response

    return login_not_required(without_atomic_requests(private))


def only(*methods: str) -> Callable[[View], View]:
    """Refuse other methods, as Django's ``require_http_methods`` does, without logging the address."""

    def decorate(view: View) -> View:
        @wraps(view)
        def checked(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            if request.method not in methods:
                return HttpResponseNotAllowed(methods)
            return view(request, *args, **kwargs)

        return checked

    return decorate


def find(rows: QuerySet[Row], token: str) -> Row:
    """Return the first row that has this token. Raises Http404, after one query at most."""
    row: Any = rows.filter(token=token).first() if may_be_token(token) else None
    if row is None or not is_token(token, row.token):
        raise Http404
    return row  # type: ignore[no-any-return]
