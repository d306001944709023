"""Whether the shop's order statuses let a payment move an order."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from django.conf import settings as django_settings
from django.core.checks import CheckMessage, register

from .. import conf
from .messages import TAG, error, warning

_READY_MADE = """Add to your settings:
    from oscar_pingpayments.conf import (
        INITIAL_LINE_STATUS as OSCAR_INITIAL_LINE_STATUS,
        INITIAL_ORDER_STATUS as OSCAR_INITIAL_ORDER_STATUS,
        LINE_STATUS_PIPELINE as OSCAR_LINE_STATUS_PIPELINE,
        ORDER_STATUS_CASCADE as OSCAR_ORDER_STATUS_CASCADE,
        ORDER_STATUS_PIPELINE as OSCAR_ORDER_STATUS_PIPELINE,
    )"""


@register(TAG)
def check_order_statuses(**_: Any) -> list[CheckMessage]:
    """Compare ``ORDER_STATUS`` with ``OSCAR_ORDER_STATUS_PIPELINE``: its words, and the ways between them."""
    if conf.problems():
        return []
    pipeline = getattr(django_settings, "OSCAR_ORDER_STATUS_PIPELINE", {})
    if not pipeline:
        return [
            error(
                11,
                "OSCAR_ORDER_STATUS_PIPELINE is empty, so no order can ever become paid.",
                _READY_MADE,
            )
        ]
    words = conf.get_settings().order_status
    return [*_unknown_words(words, pipeline), *_missing_ways(words, pipeline)]


def _unknown_words(words: conf.OrderStatuses, pipeline: Mapping[str, Any]) -> Iterator[CheckMessage]:
    for station in ("awaiting", "paid", "cancelled", "refunded"):
        word = getattr(words, station)
        if word not in pipeline:
            yield error(
                12,
                f"ORDER_STATUS[{station!r}] is {word!r}, which is not in OSCAR_ORDER_STATUS_PIPELINE: "
                f"no order can become {station}.",
                f'Write one of the pipeline\'s words, "ORDER_STATUS": {{"{station}": "..."}}, out of: '
                f"{', '.join(map(repr, pipeline))}; or add {word!r} to the pipeline.",
            )


def _missing_ways(words: conf.OrderStatuses, pipeline: Mapping[str, Any]) -> Iterator[CheckMessage]:
    ways = (
        (error, 13, words.awaiting, words.paid, "an order stays unpaid although its money has come"),
        (error, 13, words.awaiting, words.cancelled, "an order that nobody pays keeps its stock for ever"),
        (warning, 14, words.paid, words.refunded, "an order that is refunded still looks paid"),
    )
    for finding, number, before, after, consequence in ways:
        if before in pipeline and after in pipeline and after not in pipeline[before]:
            yield finding(
                number,
                f"OSCAR_ORDER_STATUS_PIPELINE has no way from {before!r} to {after!r}: {consequence}.",
                f"Add {after!r} to the tuple at OSCAR_ORDER_STATUS_PIPELINE[{before!r}].",
            )
