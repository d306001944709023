"""How rows are locked: against others who would change them, not against rows that refer to them."""

from __future__ import annotations

from typing import Any

from django.db import connection
from django.db.models import QuerySet


def for_update(rows: QuerySet[Any], *of: str) -> QuerySet[Any]:
    """Lock these rows; those that refer to them (a call that is logged, a line in a basket) may be added.

    Only PostgreSQL makes that difference. There it checks references at the commit, in whatever order they
    were written: with a stronger lock, who fills a basket and who places an order would wait for each other.
    ``of`` are the tables of a join in the order in which they are to be locked, where the database can be
    told: PostgreSQL would take them in the order in which they are joined.
    """
    features = connection.features
    return rows.select_for_update(
        no_key=features.has_select_for_no_key_update, of=of if features.has_select_for_update_of else ()
    )
