"""Whether what the ``SETTLE`` setting waits for can ever come."""

from __future__ import annotations

from typing import Any

from django.core.checks import CheckMessage, Tags, register
from django.db import connections
from django.db.models import Q
from oscar.core.loading import get_model

from .. import conf
from ..models import written
from .messages import warning


@register(Tags.database)
def check_shipping_event(databases: Any = None, **_: Any) -> list[CheckMessage]:
    """Say where the shop has no shipping event type of the name that settling waits for."""
    if not databases or conf.problems():
        return []
    rule = conf.get_settings().settle
    types = written(get_model("order", "ShippingEventType")._default_manager)
    tables = connections[types.db].introspection.table_names() if types.db in databases else []
    if rule.when != "shipped" or types.model._meta.db_table not in tables:
        return []
    if types.filter(Q(name=rule.shipping_event) | Q(code=rule.shipping_event)).exists():
        return []
    return [
        warning(
            48,
            f"SETTLE waits for shipping events of the type {rule.shipping_event!r}, which the shop does not "
            f"have: no order is brought to its end ({rule.upto}) by itself.",
            "Add the type to Oscar's shipping event types (in the admin), or name yours in "
            '"SETTLE": {"shipping_event": "..."}.',
        )
    ]
