"""Where the shop is on the net, for links in e-mails: no request says it there."""

from __future__ import annotations

from typing import Any

from django.conf import settings as django_settings
from django.contrib.sites.models import Site

from .. import conf
from ..hosts import is_loopback


def absolute(path: str, site: Any = None) -> str:
    """Return the address of a page of the shop: at ``PUBLIC_URL``, or by https at the site's domain.

    On this machine itself it is by Oscar's ``OSCAR_URL_SCHEMA``: no certificate is needed to try things out.
    """
    if public_url := conf.get_settings().public_url:
        return f"{public_url}{path}"
    domain = (site or Site.objects.get_current()).domain
    here = is_loopback(domain.partition(":")[0])
    scheme = getattr(django_settings, "OSCAR_URL_SCHEMA", "http") if here else "https"
    return f"{scheme}://{domain}{path}"
