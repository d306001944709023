"""Where rows are read: a replica may be behind, and never has what a transaction has not committed yet."""

from __future__ import annotations

from typing import Any, TypeVar

from django.db import models, router
from django.db.models import QuerySet

Row = TypeVar("Row", bound=models.Model)


def written(rows: Any) -> QuerySet[Any]:
    """Return rows of Oscar's, to be read where they are written, whatever a router says of reading."""
    return rows.using(router.db_for_write(rows.model))  # type: ignore[no-any-return]


def read_again(row: models.Model, *fields: str) -> None:
    """Read a row again, or these fields of it, where it is written."""
    row.refresh_from_db(using=router.db_for_write(row.__class__, instance=row), fields=fields or None)


class WrittenManager(models.Manager[Row]):
    """Reads rows where they are written."""

    def get_queryset(self) -> QuerySet[Row]:
        """Return all rows."""
        rows = super().get_queryset()
        # As Django reads a row that is to be locked. Not ``using``, with which rows of another database could
        # not be filtered by these, nor would those that refer to a row be looked for where it came from.
        rows._for_write = True  # type: ignore[attr-defined]
        return rows


class Written(models.Model):
    """A row of ours: it is read where it is written, also by way of the rows that refer to it."""

    objects = WrittenManager()

    class Meta:
        abstract = True
        base_manager_name = "objects"
