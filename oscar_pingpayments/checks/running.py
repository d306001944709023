"""Whether what must run beside the shop does run."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, Final

from django.core.checks import CheckMessage, Tags, register
from django.db import connections, router
from django.utils import timezone

from .. import conf, facade
from ..facade.connection import here
from ..models import Mark, PaymentOrder
from .messages import warning

#: A sync that has not come to its end for so long does not run every minute.
LATELY: Final = timedelta(minutes=15)


@register(Tags.database)
def check_sync(databases: Any = None, **_: Any) -> list[CheckMessage]:
    """Say where orders are waiting and no sync has run lately."""
    alias = router.db_for_write(Mark)
    if not databases or alias not in databases or conf.problems():
        return []
    tables = connections[alias].introspection.table_names()
    if Mark._meta.db_table not in tables or not PaymentOrder.objects.filter(**here()).exists():
        return []  # before the first migrate, or before the shop's first order
    last = facade.last_sync()
    if last is not None and last > timezone.now() - LATELY:
        return []
    when = "has never run" if last is None else f"last ran {last:%Y-%m-%d at %H:%M} UTC"
    return [
        warning(
            47,
            f"pingpayments_sync {when}: payments whose callbacks are lost stay open, unpaid orders keep "
            "their stock, and e-mails that failed are not sent.",
            "Run python manage.py pingpayments_sync every minute (cron), or with --every 60 as a service.",
        )
    ]
