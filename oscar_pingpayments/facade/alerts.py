"""What staff are told by e-mail: money that needs a person and, now and then, the whole shop's trouble."""

from __future__ import annotations

import logging
from datetime import timedelta
from typing import Any

from django.conf import settings as django_settings
from django.contrib.sites.models import Site
from django.core.mail import EmailMessage, mail_managers
from django.template.loader import render_to_string
from django.urls import NoReverseMatch, reverse
from django.utils import timezone, translation

from .. import conf
from ..exceptions import GatewayError
from ..models import Mark, PaymentOrder
from ..privacy import loggable
from ..statuses import Attention
from . import addresses
from .connection import here

logger = logging.getLogger(__name__)

#: What hits every payer alike is told once in this time, not once for each.
QUIET = timedelta(hours=1)
_OF_THE_WHOLE_SHOP = frozenset({Attention.REFUSED, Attention.TOO_MANY, Attention.STUCK})


def needs_attention(payment_order: PaymentOrder, reason: Attention) -> None:
    """Tell staff that a payment order needs a person. Raises what the mail server raises."""
    with translation.override(django_settings.LANGUAGE_CODE):
        told = PaymentOrder.Attention(reason).label
        context = {"payment_order": payment_order, "reason": told, "order_page": _order_page(payment_order)}
        if reason in _OF_THE_WHOLE_SHOP:
            _once_in_a_while(reason.value, "attention", context)
        else:
            _send("attention", context)


def credentials_refused(error: GatewayError) -> None:
    """Tell staff that Ping refuses the shop's credentials: no card is taken until somebody mends that."""
    _tell("credentials", {"words": error.words})


def too_many_failures() -> None:
    """Tell staff that somebody tries card after card."""
    _tell("carding", {})


def _tell(kind: str, context: dict[str, Any]) -> None:
    """Tell of the whole shop's trouble; whoever met it has enough of his own, and gets no error of ours."""
    try:
        with translation.override(django_settings.LANGUAGE_CODE):
            _once_in_a_while(kind, kind, context)
    except Exception as error:
        logger.exception("Staff could not be told", exc_info=loggable(error), extra={"alert": kind})


def _once_in_a_while(name: str, template: str, context: dict[str, Any]) -> None:
    now = timezone.now()
    which = {"name": f"mail:{name}", **here()}
    told = Mark.objects.filter(**which, at__lt=now - QUIET).update(at=now)
    if not told and not Mark.objects.get_or_create(**which, defaults={"at": now})[1]:
        return
    try:
        _send(template, context)
    except Exception:
        Mark.objects.filter(**which).update(at=now - 2 * QUIET)  # so that the next one is told
        raise


def _send(template: str, context: dict[str, Any]) -> None:
    context = {"shop": Site.objects.get_current().name, **context}
    subject = " ".join(render_to_string(f"oscar_pingpayments/mail/{template}_subject.txt", context).split())
    body = render_to_string(f"oscar_pingpayments/mail/{template}_body.txt", context)
    to = conf.get_settings().staff_emails
    if to:
        EmailMessage(subject, body, to=to).send()
    else:
        mail_managers(subject, body)


def _order_page(payment_order: PaymentOrder) -> str:
    try:
        path = reverse("dashboard:order-detail", args=[payment_order.order_number])
    except NoReverseMatch:
        return ""
    return addresses.absolute(path)
