"""The entry in the dashboard's navigation, and the number on it: how many payments need attention."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from django.utils.functional import lazy
from django.utils.html import format_html
from django.utils.translation import gettext

from ..exceptions import ConfigurationError
from ..facade.connection import here
from ..models import PaymentOrder

URL_NAME = "dashboard:payments-list"
#: Beside this one we are put, whatever the section is called.
NEIGHBOUR = "dashboard:order-list"
#: So many are counted and no more: a page must not wait for a long count.
MOST = 99


def with_entry(sections: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return the navigation with our entry after that of Oscar's orders; as it was, where it has one."""
    found = [dict(section) for section in sections]
    if any(URL_NAME in _addresses(section) for section in found):
        return found
    entry = {"label": _label_with_counter(), "url_name": URL_NAME}
    for section in found:
        children = list(section.get("children", []))
        for place, child in enumerate(children):
            if child.get("url_name") == NEIGHBOUR:
                section["children"] = [*children[: place + 1], entry, *children[place + 1 :]]
                return found
    return [*found, {**entry, "icon": "fas fa-credit-card"}]


def _addresses(section: Mapping[str, Any]) -> set[str | None]:
    return {section.get("url_name"), *(child.get("url_name") for child in section.get("children", []))}


def needing_attention() -> int:
    """Return how many payment orders of the shop's need attention, up to one more than ``MOST``."""
    try:
        ours = here()
    except ConfigurationError:
        return 0  # what is wrong is the system checks' to say: Oscar's pages have this number on them
    return PaymentOrder.objects.filter(attention__gt="", **ours)[: MOST + 1].count()


def _label() -> str:
    """Return the entry's text. Asked for when it is shown, so only for those who may see it."""
    count = needing_attention()
    if not count:
        return gettext("Card payments")
    return format_html(
        '{} <span class="badge badge-danger">{}<span class="sr-only"> {}</span></span>',
        gettext("Card payments"),
        count if count <= MOST else f"{MOST}+",
        gettext("need attention"),
    )


_label_with_counter = lazy(_label, str)
