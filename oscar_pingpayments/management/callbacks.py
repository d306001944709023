"""Whether Ping's calls reach the shop, and whether they did lately."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Final

from django.db.models import Exists, OuterRef
from django.urls import NoReverseMatch, reverse
from django.utils import timezone

from .. import facade
from ..exceptions import GatewayError
from ..facade.connection import here
from ..gateway import PingClient, Tenant
from ..models import Callback, Payment
from ..statuses import Status
from .findings import Finding

_PAUSE: Final = 0.2
#: Of how many payments the callbacks are looked for: of those that ended lately, and not just now.
_LAST: Final = 100
_LATELY: Final = timedelta(days=7)
_ON_ITS_WAY: Final = timedelta(minutes=10)
#: What Ping calls about, as far as is known; what we stop ourselves is not news.
_TOLD: Final = [
    status.value for status in Status if status not in (Status.INITIATED, Status.PENDING, Status.STOPPED)
]


def refund_address(tenant: Tenant, public_url: str | None) -> Iterator[Finding]:
    """Say what is to be set on the tenant, so that Ping tells the shop of refunds."""
    if not public_url:
        return  # said about the callback address
    try:
        address = public_url.rstrip("/") + reverse("pingpayments:refunds", args=[facade.refund_token()])
    except NoReverseMatch:
        return  # one of the system checks has said so
    if address in tenant.addresses:
        yield Finding("good", "Refund address", "Ping has the address to call about refunds.")
        return
    yield Finding(
        "note",
        "Refund address",
        "Ping does not say that it has the address to call about refunds: they are heard of by sync.",
        f"Ask Ping to set this address on your tenant, and keep it to yourselves:\n{address}",
    )


def callbacks(client: PingClient, public_url: str | None, patience: float) -> Iterator[Finding]:
    """Ask Ping to call us, and see whether it arrives, in whichever of the shop's processes."""
    if not public_url:
        yield Finding(
            "note",
            "Callback address",
            "Not tried: PUBLIC_URL is not set, and there is no request here to take the shop's address from.",
            "Type: python manage.py pingpayments_check --public-url https://your-shop.se",
        )
        return
    try:
        poke = facade.Poke.at(public_url)
    except NoReverseMatch:
        return  # one of the system checks has said so
    try:
        poke.ask(client)
    except GatewayError as error:
        yield Finding(
            "bad",
            "Callback address",
            f"Ping did not want to call {poke.shown}: {error.words}",
            "Check PUBLIC_URL.",
        )
        return
    if _comes_true(poke.has_arrived, patience):
        yield Finding("good", "Callback address", f"Ping called {poke.shown} and it arrived.")
        return
    yield Finding(
        "bad",
        "Callback address",
        f"Ping was asked to call {poke.shown} and nothing arrived within {patience:g} seconds.",
        poke.what_answers(),
    )


def missing_callbacks() -> Iterator[Finding]:
    """Say for how many of the last payments no callback came: what stands in the way may be Ping's alone."""
    ours, now = Payment.objects.filter(**here("payment_order__")), timezone.now()
    ended = ours.filter(
        status__in=_TOLD, changed_at__gt=now - _LATELY, changed_at__lt=now - _ON_ITS_WAY
    ).order_by("-pk")
    heard = Callback.objects.filter(payment=OuterRef("pk"))
    came = list(ended.annotate(came=Exists(heard)).values_list("came", flat=True)[:_LAST])
    missing = came.count(False)
    if missing:
        yield Finding(
            "note",
            "Missing callbacks",
            f"None came for {missing} of the last {len(came)} payments that ended. Coming back, or the sync, "
            "told how they went.",
            "Is a firewall, a password or a redirect in front of the callback address, at Ping's end of it?",
        )
    elif came:
        yield Finding("good", "Missing callbacks", f"None, of the last {len(came)} payments that ended.")


def _comes_true(asked: Callable[[], bool], patience: float) -> bool:
    deadline = time.monotonic() + patience
    while not asked():
        if time.monotonic() >= deadline:
            return False
        time.sleep(_PAUSE)
    return True
