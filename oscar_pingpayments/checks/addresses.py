"""Whether Ping's callbacks and returning payers reach us: the URL line, and where the shop is on the net."""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import ip_address
from typing import Any, Final
from urllib.parse import urlsplit

from django.conf import settings as django_settings
from django.contrib.sites.models import Site
from django.core.checks import CheckMessage, Tags, register
from django.db import connections, router
from django.http.request import validate_host
from django.urls import NoReverseMatch, reverse
from django.utils.translation import override

from .. import conf
from ..hosts import is_loopback
from .lookup import lookup
from .messages import TAG, error, warning

#: Two that any shop may have: an address that is not the same in both is redirected in one of them.
_LANGUAGES: Final = ("en", "sv")
_URL_LINE: Final = 'path("pingpayments/", include("oscar_pingpayments.urls"))'
#: Reserved for documentation and for networks of one's own (RFC 2606, 6761, 6762).
_NOT_ON_THE_NET: Final = (
    "example",
    "example.com",
    "example.net",
    "example.org",
    "test",
    "invalid",
    "local",
    "internal",
)


@register(TAG)
def check_urls(**_: Any) -> list[CheckMessage]:
    """Require our addresses in the shop's ``urls.py``, the same in every language, and not behind others."""
    try:
        addresses = {_callback_in(language) for language in _LANGUAGES}
    except NoReverseMatch:
        return [
            error(
                31,
                "Our addresses are missing from the shop: Ping's callbacks and returning payers get a 404, "
                "and placing an order fails.",
                f"Add to the urlpatterns of your ROOT_URLCONF: {_URL_LINE}",
            )
        ]
    if len(addresses) > 1:
        return [
            error(
                32,
                "Our addresses are inside i18n_patterns: "
                "Ping's callbacks would be redirected to a language and lost.",
                f"Move the line out of i18n_patterns( ... ), into the plain list: {_URL_LINE}",
            )
        ]
    if lookup("pingpayments:callback", "token").view_name != "pingpayments:callback":
        return [
            error(
                33,
                "Another address of the shop comes before ours and catches Ping's callbacks.",
                f"Move the line to the top of your urlpatterns: {_URL_LINE}",
            )
        ]
    return []


@register(TAG)
def check_public_url(**_: Any) -> list[CheckMessage]:
    """Say where Ping could not reach the shop, or would be turned away by it."""
    return [] if conf.problems() else list(_public_url(conf.get_settings()))


@register(Tags.database)
def check_site(databases: Any = None, **_: Any) -> list[CheckMessage]:
    """Look at the Site row that Oscar's e-mails take their links from."""
    if not databases or conf.problems() or conf.get_settings().environment != "production":
        return []
    alias = router.db_for_write(Site)
    if alias not in databases or Site._meta.db_table not in connections[alias].introspection.table_names():
        return []  # before the first migrate
    domain = (
        Site.objects.using(alias)
        .filter(pk=getattr(django_settings, "SITE_ID", 0))
        .values_list("domain", flat=True)
        .first()
    )
    if domain is None or _is_on_the_net(domain.partition(":")[0]):
        return []
    return [
        warning(
            46,
            f"The shop's Site is {domain}: the links in order confirmations lead nowhere.",
            "Write the shop's domain into it: in the admin, under Sites.",
        )
    ]


def _callback_in(language: str) -> str:
    with override(language):
        return reverse("pingpayments:callback", args=["token"])


def _public_url(settings: conf.Settings) -> Iterator[CheckMessage]:
    live = settings.environment == "production"
    if settings.public_url is None:
        if live:
            yield warning(
                43,
                "PUBLIC_URL is missing: Ping is told to call the host name of each payer's own request, "
                "which it cannot reach where the shop has internal names.",
                'Add "PUBLIC_URL": "https://your-shop.se" to PINGPAYMENTS.',
            )
        return
    parts = urlsplit(settings.public_url)
    host = parts.hostname or ""
    https = parts.scheme == "https"
    simulated = is_loopback(urlsplit(settings.base_url).hostname or "")
    if live and not (https and _is_on_the_net(host)):
        yield error(
            41,
            f"Ping cannot call {settings.public_url} (PUBLIC_URL): "
            + ("nobody outside can reach that host." if https else "it is not https."),
            'Write the address that payers see: "PUBLIC_URL": "https://your-shop.se".',
        )
    elif not simulated and not _is_on_the_net(host):
        yield warning(
            42,
            f"Ping's sandbox cannot call {settings.public_url} (PUBLIC_URL): payments are only noticed "
            "when the payer comes back, or by the sync.",
            "Open a tunnel and write its address as PUBLIC_URL; or do without Ping, "
            "with manage.py pingpayments_simulator.",
        )
    yield from _turned_away(host, https=https)


def _turned_away(host: str, *, https: bool) -> Iterator[CheckMessage]:
    allowed = list(django_settings.ALLOWED_HOSTS)
    if django_settings.DEBUG and not allowed:
        allowed = [".localhost", "127.0.0.1", "[::1]"]  # as Django does
    if not validate_host(f"[{host}]" if ":" in host else host, allowed):
        yield error(
            44,
            f"{host}, the host of PUBLIC_URL, is not in ALLOWED_HOSTS: "
            "the shop would answer Ping's callbacks with 400.",
            f"Add {host!r} to ALLOWED_HOSTS.",
        )
    if django_settings.SECURE_SSL_REDIRECT and not https:
        yield error(
            45,
            "PUBLIC_URL is http but SECURE_SSL_REDIRECT is on: Ping's callbacks would be redirected.",
            "Write https:// in PUBLIC_URL.",
        )
    if django_settings.PREPEND_WWW and not host.startswith("www."):
        yield error(
            45,
            "PUBLIC_URL has no www. but PREPEND_WWW is on: Ping's callbacks would be redirected.",
            f"Write www.{host} in PUBLIC_URL.",
        )


def _is_on_the_net(host: str) -> bool:
    """Whether a host may be reached from outside, as far as its name or number tells."""
    if is_loopback(host):
        return False
    try:
        return ip_address(host).is_global
    except ValueError:
        return "." in host and not any(host == name or host.endswith(f".{name}") for name in _NOT_ON_THE_NET)
