"""Filters for the dashboard's templates: whose payment it is, when, and a body that one can read."""

from __future__ import annotations

import json
import re
from datetime import datetime
from typing import Any

from django import template
from django.utils import formats

from ...models import PaymentOrder
from ..people import Payer
from ..timeline import in_words

register = template.Library()


@register.filter
def payer(payment_order: PaymentOrder) -> Payer:
    """Return who pays a payment order."""
    return Payer.of(payment_order)


@register.filter(expects_localtime=True)
def to_the_second(moment: datetime) -> str:
    """Return when something was as the tables do, in the language of whoever reads, with its seconds."""
    usual = formats.get_format("SHORT_DATETIME_FORMAT")
    return formats.date_format(moment, re.sub(r"(\W)i", r"\1i\1s", usual.replace("P", "g:i a")))


@register.filter
def readable(body: str) -> str:
    """Return a body with its JSON indented; what is not JSON, or was cut off, as it is."""
    try:
        return json.dumps(json.loads(body), indent=2, ensure_ascii=False)
    except (ValueError, RecursionError):
        return body


@register.filter(name="in_words")
def words_for(status: str) -> Any:
    """Return what a word of Ping's means to staff."""
    return in_words(status)
