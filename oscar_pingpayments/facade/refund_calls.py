"""Ping's calls about refunds, at the one address that is set on the tenant: a hint, whatever is in it.

Ping documents neither the body nor which refund it is about. So any id in it that is known here makes the
payment due, and one without makes every payment due that has refunds on their way.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import partial
from uuid import UUID

from django.conf import settings as django_settings
from django.db.models import Q
from django.utils import timezone
from django.utils.crypto import constant_time_compare, salted_hmac

from .. import conf
from ..models import Callback, Payment, Refund
from .callbacks import FLOOD, FLOOD_WINDOW, KEPT_BODY, Received, logged, or_repeat, verified
from .connection import here

#: So many ids of a body are looked up, and no more.
MOST_IDS = 20

_SALT = "pingpayments.refunds"
_UUID = re.compile(r"\b[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}\b")


def refund_token() -> str:
    """Return the unguessable part of the address for calls about refunds; it is the tenant's.

    It changes with ``SECRET_KEY``; while the old one is in ``SECRET_KEY_FALLBACKS``, the old address works.
    """
    return next(_tokens())


def receive_about_refunds(token: str, body: bytes, signature: str) -> Received:
    """Take a call about refunds: log it, and let Ping be asked soon.

    ``body`` is kept for people and believed by nobody; ``signature`` is the configured header's value.
    """
    if not any(constant_time_compare(token, ours) for ours in _tokens()):
        return Received.UNKNOWN
    return or_repeat(partial(_take, body, signature))


def _take(body: bytes, signature: str) -> Received:
    text = body.decode(errors="replace").replace("\x00", "")
    about = _payments_in(text)
    is_verified = verified(body, signature)
    log = Callback(payment_id=about[0] if about else None, body=text[:KEPT_BODY], verified=is_verified)
    if is_verified is False:
        return logged(log, Callback.Outcome.REFUSED, Received.FORGED)
    if _is_flooded(log.payment_id):
        return logged(log, Callback.Outcome.TOO_MANY, Received.LATER)
    due = Payment.objects.filter(pk__in=about or _with_refunds_on_their_way())
    due.exclude(ask_again_at__lte=timezone.now()).update(ask_again_at=timezone.now())
    return logged(log, Callback.Outcome.NOTED, Received.LATER)


def _tokens() -> Iterator[str]:
    tenant_id = str(conf.get_settings().tenant_id)
    for secret in (django_settings.SECRET_KEY, *django_settings.SECRET_KEY_FALLBACKS):
        yield salted_hmac(_SALT, tenant_id, secret=secret, algorithm="sha256").hexdigest()


def _payments_in(text: str) -> list[int]:
    """Return the payments that are named: by their own id, a refund's, or their payment order's."""
    ids = list(dict.fromkeys(UUID(found) for found in _UUID.findall(text)))[:MOST_IDS]
    if not ids:
        return []
    ours = Payment.objects.filter(**here("payment_order__"))
    ways = (
        ours.filter(ping_id__in=ids),
        ours.filter(pk__in=Refund.objects.filter(ping_id__in=ids).values("payment")),
        ours.filter(payment_order__ping_id__in=ids, amount_received__gt=0),
    )
    found = (pk for way in ways for pk in way.order_by("pk").values_list("pk", flat=True))
    return list(dict.fromkeys(found))


def _with_refunds_on_their_way() -> list[int]:
    on_their_way = Q(sent_at__isnull=False, refunded_at__isnull=True, error="")
    ours = Refund.objects.filter(**here("payment__payment_order__"))
    return list(ours.filter(on_their_way).values_list("payment", flat=True))


def _is_flooded(payment_id: int | None) -> bool:
    calls = Callback.objects.filter(payment=payment_id, poke="").order_by("-at").values_list("at", flat=True)
    began = calls[FLOOD - 1 : FLOOD].first()
    return began is not None and began > timezone.now() - FLOOD_WINDOW
