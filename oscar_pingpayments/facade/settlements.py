"""Payment orders that come to their end by themselves, as the ``SETTLE`` setting has it: what a sync does."""

from __future__ import annotations

import logging
from datetime import timedelta
from functools import partial
from typing import Any

from django.db import connection, transaction
from django.db.models import Exists, OuterRef
from django.utils import timezone
from oscar.core.loading import get_model

from .. import conf, ledger
from ..exceptions import AuthenticationError, GatewayError, PingPaymentsError, RejectedError
from ..ledger import Book
from ..models import Mark, PaymentOrder, Settlement
from ..privacy import loggable
from ..statuses import ABOUT_MONEY, State, is_at
from . import settling
from .connection import here
from .writing import write

logger = logging.getLogger(__name__)

#: One that is claimed and not written to within this time is due again: its process died.
CLAIM = timedelta(minutes=10)
#: After a refusal it is tried again after two hours, then after twice as long each time, so many times.
MAX_TRIES = 6
PAUSE = timedelta(hours=1)
#: Where something else must be done first: money that needs a person, a refund on its way.
NOT_YET = timedelta(days=1)

_MARK = "shipping events"
#: Events with lower keys than the newest that was seen may have been committed later: so many are seen again.
_AGAIN = 1000


def plan_shipped() -> None:
    """Let the orders that were shipped since the last time be settled, where the setting counts from there.

    From when it is switched on: what was shipped before is left alone.
    """
    if conf.get_settings().settle.when != "shipped":
        Mark.objects.filter(name=_MARK, **here()).delete()
        return
    events = get_model("order", "ShippingEvent")._default_manager.order_by()
    newest = events.order_by("-pk").values_list("pk", flat=True).first() or 0
    mark, is_new = Mark.objects.get_or_create(
        name=_MARK, **here(), defaults={"at": timezone.now(), "detail": {"seen": newest}}
    )
    seen = mark.detail["seen"]
    if is_new or newest == seen:
        return
    shipped = events.filter(pk__gt=seen - _AGAIN, pk__lte=newest)
    due = PaymentOrder.objects.filter(
        order__in=shipped.values("order"), state=State.PAID, settlement__isnull=True, **here()
    )
    for pk in due.order_by("pk").values_list("pk", flat=True):
        try:
            write(pk, ledger.settlements.plan_where_shipped)
        except Exception as error:
            # One that always fails must not stop the others, nor all that a sync does after this.
            logger.exception(
                "A shipped order could not be planned to be settled",
                exc_info=loggable(error),
                extra={"payment_order": pk},
            )
    mark.at, mark.detail = timezone.now(), {"seen": newest}
    mark.save()


def claim() -> Settlement | None:
    """Take one of those that are due, which others pass over meanwhile; None where there is none."""
    if conf.get_settings().settle.when == "never":
        return None
    now = timezone.now()
    # Not by a join, whose rows would be locked too.
    ours = PaymentOrder.objects.filter(pk=OuterRef("payment_order"), **here())
    due = Settlement.objects.filter(Exists(ours), due_at__lte=now).order_by("due_at")
    skip_locked = connection.features.has_select_for_update_skip_locked
    with transaction.atomic():
        settlement = due.select_for_update(skip_locked=skip_locked).first()
        if settlement is not None:
            ledger.settlements.put_off(settlement, CLAIM)
    return settlement


def carry_out(settlement: Settlement) -> bool:
    """Bring a payment order to where the setting has it; return whether it is there now.

    Raises GatewayError where Ping does not answer; it is then tried again later.
    """
    rule = conf.get_settings().settle
    payment_order = PaymentOrder.objects.get(pk=settlement.payment_order_id)
    target = settling.STEPS[rule.upto].word
    if payment_order.state != State.PAID:
        return _finish(settlement)  # all of it went back
    if payment_order.attention in ABOUT_MONEY:
        ledger.settlements.put_off(settlement, NOT_YET)
        return False
    steps = list(settling.STEPS)
    names = [rule.upto] if rule.fast_forward else steps[: steps.index(rule.upto) + 1]
    try:
        for name in names:
            payment_order = settling.go(payment_order.pk, name, fast_forward=rule.fast_forward)
    except settling.RefundOnItsWayError:
        ledger.settlements.put_off(settlement, NOT_YET)
        return False
    except AuthenticationError:
        ledger.settlements.put_off(settlement, PAUSE)
        raise
    except RejectedError as error:
        _refused(settlement, error)
        return False
    except PingPaymentsError:
        ledger.settlements.put_off(settlement, PAUSE)
        raise
    if is_at(payment_order.status, target):
        return _finish(settlement)
    ledger.settlements.put_off(settlement, PAUSE)  # Ping has taken note, and waits for something itself
    return False


def _finish(settlement: Settlement) -> bool:
    def finish(book: Book) -> bool:
        ledger.settlements.finished(book, settlement)
        return True

    return write(settlement.payment_order_id, finish)


def _refused(settlement: Settlement, error: GatewayError) -> None:
    settlement.tries += 1
    logger.warning(
        "Ping refused to bring a payment order to its end",
        extra={"payment_order": settlement.payment_order_id, "tries": settlement.tries},
    )
    settlement.save(update_fields=["tries"])
    if settlement.tries < MAX_TRIES:
        ledger.settlements.put_off(settlement, PAUSE * 2**settlement.tries)
        return
    entry: Any = partial(ledger.settlements.refused, settlement=settlement, words=error.words)
    write(settlement.payment_order_id, entry)
