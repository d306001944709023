"""Ping's lists, which come in pages, each with a link to the next one."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Final
from urllib.parse import SplitResult, urlencode, urljoin, urlsplit

from ..exceptions import UnexpectedAnswerError
from .answers import Json
from .transport import API

#: A list is given up after this many pages (of up to 200): a link that leads in circles must end.
MOST_PAGES: Final = 1000
LONGEST_QUERY: Final = 4096


def rows(get: Callable[[str], Json], base_url: str, path: str, query: Mapping[str, object]) -> Iterator[Json]:
    """Yield the rows of a list, page after page, as ``get`` fetches them.

    Raises UnexpectedAnswerError where a page leads to an address that is not Ping's, or the list has no end;
    ValueError for a point in time without its time zone.
    """
    asked = urlencode({name: _parameter(value) for name, value in query.items() if value is not None})
    return _walk(get, base_url, path, asked)


def _walk(get: Callable[[str], Json], base_url: str, path: str, query: str) -> Iterator[Json]:
    for _ in range(MOST_PAGES):
        page = get(f"{path}?{query}")
        yield from page["data"].elements()
        links = page.get("_links")
        following = links.get("next") if links else None
        if following is None:
            return
        query = _query_of(following["href"].text(), base_url, path)
    raise UnexpectedAnswerError(f"Ping's list of {path} has no end")


def _query_of(href: str, base_url: str, path: str) -> str:
    """Return the query of a link to the next page.

    Nothing else of the link is used: where we ask is never Ping's to say. One that leads away from the base
    URL's origin is not followed at all.
    """
    here = urlsplit(f"{base_url}{API}/{path}")
    try:
        there = urlsplit(urljoin(here.geturl(), href))
        same = _origin(there) == _origin(here)
    except ValueError:
        same = False
    if not same or len(there.query) > LONGEST_QUERY:
        raise UnexpectedAnswerError(f"Ping's list of {path} goes on at an address that is not Ping's")
    return there.query


def _origin(parts: SplitResult) -> tuple[str, str | None, int | None]:
    return parts.scheme, parts.hostname, parts.port or {"https": 443, "http": 80}.get(parts.scheme)


def _parameter(value: object) -> str:
    if isinstance(value, datetime):
        if value.tzinfo is None:
            raise ValueError("A point in time needs its time zone")
        return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
    return str(value).lower() if isinstance(value, bool) else str(value)
