"""What a sync puts in order besides: baskets that were left, what payers are found by, logs that are old."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

from django.db import transaction
from django.utils import timezone

from .. import conf, ledger
from ..models import Callback, Exchange, Log, SentForm
from . import once

#: A basket whose order is still not placed after this time was left by a process that died.
PLACING = timedelta(minutes=10)
#: Logs are removed in bites of this size, so that no lock is held for long.
BITE = 5000
#: So many payers of orders that an older version placed are looked up by each sync, and in one bite.
PAYERS = 5000
BITE_OF_PAYERS = 500


def tidy(stopped: Callable[[], bool]) -> None:
    """Do what can be done at any time, a bite after the other; ``stopped`` is asked before some of them."""
    now = timezone.now()
    ledger.reopen_left(now - PLACING)
    _look_up_payers(stopped)
    for log in (Exchange, Callback):
        _forget(log, now - timedelta(days=conf.get_settings().log_days))
    _forget(SentForm, now - 2 * once.OPEN_FOR)


def _look_up_payers(stopped: Callable[[], bool]) -> None:
    """Make what was placed by an older version searchable."""
    for _ in range(PAYERS // BITE_OF_PAYERS):
        if stopped():
            return
        with transaction.atomic():
            found = ledger.look_up_payers(BITE_OF_PAYERS)
        if found < BITE_OF_PAYERS:
            return


def _forget(log: type[Log], before: datetime) -> None:
    old = log._default_manager.filter(at__lt=before).order_by("at").values_list("pk", flat=True)
    while bite := list(old[:BITE]):
        log._default_manager.filter(pk__in=bite).delete()
