"""How often one may try to pay: dozens of declined cards are somebody trying out stolen ones."""

from __future__ import annotations

from datetime import timedelta
from ipaddress import IPv6Address, ip_address, ip_network

from django.db import transaction
from django.utils import timezone
from django.utils.crypto import salted_hmac

from .. import conf
from ..models import Payment
from ..statuses import Status
from . import alerts

#: Declined attempts from one network address are counted over this time.
WINDOW = timedelta(hours=1)

_SALT = "pingpayments.payer_address"
_IPV6_NETWORK = 64  # bits: what one household or server has


def digest(address: str) -> str:
    """Return what stands for a payer's network address in our rows, or "" for none that tells payers apart.

    An address of this machine's or of a private network is the proxy's in front of the shop.
    """
    try:
        parsed = ip_address(address)
    except ValueError:
        return ""
    if not parsed.is_global:
        return ""
    if isinstance(parsed, IPv6Address):
        parsed = ip_network((parsed, _IPV6_NETWORK), strict=False).network_address
    return salted_hmac(_SALT, str(parsed), algorithm="sha256").hexdigest()


def is_trying_cards(payer_address: str) -> bool:
    """Whether so many cards of an address were declined lately that it gets no more; staff are told."""
    if not payer_address:
        return False
    declined = Payment.objects.filter(
        payer_address=payer_address, created_at__gt=timezone.now() - WINDOW, status=Status.DECLINED
    ).count()
    if declined < conf.get_settings().attempts.declined_per_address:
        return False
    transaction.on_commit(alerts.too_many_failures)  # a mail server may be slow, and rows are locked here
    return True
