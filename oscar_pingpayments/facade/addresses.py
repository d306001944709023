"""Where the shop is on the net, for links in e-mails: no request says it there."""

from __future__ import annotations

from typing import Any

from django.contrib.sites.models import Site

from .. import conf


def absolute(path: str, site: Any = None) -> str:
    """Return the address of a page of the shop: at ``PUBLIC_URL``, or by https at the site's domain."""
    public_url = conf.get_settings().public_url
    return f"{public_url or f'https://{(site or Site.objects.get_current()).domain}'}{path}"
