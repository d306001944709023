"""Finding out by ourselves: payments that are due to be asked about, orders whose time has run out."""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field, fields
from datetime import datetime, timedelta

from django.db import connection, transaction
from django.db.models import Exists, F, OuterRef
from django.utils import timezone

from .. import conf, ledger
from ..exceptions import GatewayError, PingPaymentsError, UnexpectedAnswerError
from ..models import Mark, Payment, PaymentOrder, Settlement
from ..privacy import loggable
from ..statuses import State, Status
from . import ending, outbox, refreshing, settlements, tidying
from .connection import here
from .crew import Pace, never_stopped, work_through
from .writing import drop_lost_connection

logger = logging.getLogger(__name__)

#: So many payments are claimed at once for each of the workers: what a killed sync leaves claimed.
BATCH = 10
#: A claimed payment that is not written to within this time is due again: its process died.
CLAIM = timedelta(minutes=3)
#: So many asks in a row without an answer mean that Ping is ill, and that it is left alone until next time.
GIVE_UP_AFTER = 5
#: Payments are made due in bites of this size, so that no lock is held for long.
BITE = 5000

_MARK = "sync"


@dataclass(slots=True)
class SyncSummary:
    """What one sync did. ``unanswered`` were put off until later.

    ``ping_is_ill`` says that the rest was put off as well; ``rest`` is how many seconds Ping has asked for.
    """

    asked: int = 0
    paid: int = 0
    unanswered: int = 0
    failed: int = 0
    ended: int = 0
    settled: int = 0
    effects: int = 0
    attention: int = 0
    ping_is_ill: bool = False
    rest: float = 0.0

    @property
    def needs_a_person(self) -> bool:
        """Whether something is left that no later sync can do."""
        return bool(self.attention or self.failed)


def sync(
    progress: Callable[[SyncSummary], None] = lambda summary: None,
    *,
    concurrency: int | None = None,
    rate: float | None = None,
    stopped: Callable[[], bool] = never_stopped,
) -> SyncSummary:
    """Ask Ping about every payment that is due, end unpaid orders whose time is up, send what was left.

    Able to finish every order as if no callback ever came. Several may run side by side: each takes its
    work in batches that the others pass over. Killed half-way, it leaves the rest due.

    ``concurrency`` is how many payments are asked about at the same time, ``rate`` how many a second at
    most (0: no limit); both are those of the ``SYNC`` setting where they are not given. ``stopped`` is
    asked before each piece of work.
    """
    settings = conf.get_settings()
    run = _Run(
        progress=progress,
        workers=concurrency or settings.sync.concurrency,
        pace=Pace(settings.sync.per_second if rate is None else rate),
        stopped=stopped,
    )
    run.ask_due()
    if not run.summary.ping_is_ill:
        run.end_due()
        settlements.plan_shipped()
        run.settle_due()
    summary = run.summary
    summary.effects = outbox.carry_out_due(stopped)
    summary.attention = PaymentOrder.objects.filter(attention__gt="", **here()).count()
    tidying.tidy(stopped)
    detail = {each.name: getattr(summary, each.name) for each in fields(summary)}
    Mark.objects.update_or_create(name=_MARK, **here(), defaults={"at": timezone.now(), "detail": detail})
    progress(summary)
    return summary


def last_sync() -> datetime | None:
    """Return when a sync of the shop's last came to its end, in whichever process, or None for never."""
    mark = Mark.objects.filter(name=_MARK, **here()).first()
    return mark.at if mark else None


def ask_all_again(since: datetime) -> int:
    """Make every payment of the shop that was begun since then due, paid and failed too; return how many.

    For a database that was restored from a backup: what became of them meanwhile, Ping alone knows.
    """
    ours = Payment.objects.filter(**here("payment_order__"))
    begun = ours.filter(created_at__gte=since, sent_at__isnull=False).order_by("pk")
    count, last = 0, 0
    while bite := list(begun.filter(pk__gt=last).values_list("pk", flat=True)[:BITE]):
        Payment.objects.filter(pk__in=bite).update(ask_again_at=timezone.now())
        count, last = count + len(bite), bite[-1]
    return count


@dataclass
class _Run:
    """One sync at work: what its workers share. ``take...`` is called by one of them at a time."""

    progress: Callable[[SyncSummary], None]
    workers: int
    pace: Pace
    stopped: Callable[[], bool]
    summary: SyncSummary = field(default_factory=SyncSummary)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _ill: threading.Event = field(default_factory=threading.Event)
    _unanswered_in_a_row: int = 0

    def ask_due(self) -> None:
        """Ask about the payments that are due."""
        claimed: deque[Payment] = deque()

        def take() -> Payment | None:
            if self._is_over():
                return None
            if not claimed:
                claimed.extend(_claim(BATCH * self.workers))
            return claimed.popleft() if claimed else None

        try:
            work_through(take, self._ask, workers=self.workers)
        finally:
            _put_back(claimed)

    def _ask(self, payment: Payment) -> None:
        self.pace.wait(self._ill)
        before = payment.meaning
        try:
            current = refreshing.ask(payment, by="sync")
        except GatewayError as error:
            if isinstance(error, UnexpectedAnswerError):
                refreshing.tell_staff_if_stuck(payment, error)
            self._count(unanswered=1, answered=False, rest=error.retry_after or 0)
        except Exception as error:
            # One that always fails must not stop the others: it comes back later, later each time.
            logger.exception(
                "A payment could not be synchronised",
                exc_info=loggable(error),
                extra={"order_number": payment.payment_order.order_number},
            )
            self._leave(payment, error)
            self._count(failed=1)
        else:
            is_news = current.meaning != before and current.payment_order.is_paid
            self._count(asked=1, paid=int(is_news), answered=True)

    def end_due(self) -> None:
        """End the orders whose time has run out. Nothing ends while Ping cannot be asked about it."""
        found: deque[int] = deque()
        last = 0
        # An attempt that is asked about later, because Ping gave no answer, is left alone until then.
        put_off = Payment.objects.filter(
            payment_order=OuterRef("pk"), failed_asks__gt=0, ask_again_at__gt=timezone.now()
        )
        # Nor can one end by itself for which money came that cannot be counted: nobody hears when it is back.
        uncounted = Payment.objects.filter(
            payment_order=OuterRef("pk"), status=Status.COMPLETED, amount_received=0
        )
        due = PaymentOrder.objects.filter(
            ~Exists(put_off),
            ~Exists(uncounted),
            state=State.AWAITING,
            amount_paid=F("amount_refunded"),
            expires_at__lte=timezone.now(),
            **here(),
        ).order_by("pk")

        def take() -> int | None:
            nonlocal last
            if self._is_over():
                return None
            if not found:
                found.extend(due.filter(pk__gt=last).values_list("pk", flat=True)[: BATCH * self.workers])
            if not found:
                return None
            last = max(last, found[-1])
            return found.popleft()

        work_through(take, self._end, workers=self.workers)

    def _end(self, payment_order_id: int) -> None:
        def end() -> dict[str, int]:
            return {"ended": int(ending.expire(payment_order_id).state == State.EXPIRED)}

        error = self._try(end, "An order could not be ended", payment_order_id)
        if error is not None:
            for payment in Payment.objects.filter(payment_order=payment_order_id).order_by("-number")[:1]:
                self._leave(payment, error)

    def settle_due(self) -> None:
        """Bring the payment orders to their end at Ping whose time it is."""

        def take() -> Settlement | None:
            return None if self._is_over() else settlements.claim()

        work_through(take, self._settle, workers=self.workers)

    def _settle(self, settlement: Settlement) -> None:
        def settle() -> dict[str, int]:
            return {"settled": int(settlements.carry_out(settlement))}

        self._try(settle, "A payment order could not be settled", settlement.payment_order_id)

    def _try(self, do: Callable[[], dict[str, int]], failed: str, payment_order_id: int) -> Exception | None:
        """Do something to a payment order and count it; return an error that nobody expects."""
        self.pace.wait(self._ill)
        try:
            done = do()
        except GatewayError as error:
            self._count(unanswered=1, answered=False, rest=error.retry_after or 0)
        except PingPaymentsError:
            self._count(unanswered=1)
        except Exception as error:
            logger.exception(failed, exc_info=loggable(error), extra={"payment_order": payment_order_id})
            self._count(failed=1)
            return error
        else:
            self._count(**done, answered=True)
        return None

    def _leave(self, payment: Payment, error: Exception) -> None:
        """Put off what went wrong, later each time, and let staff see it when that goes on."""
        drop_lost_connection()
        ledger.no_answer(payment, asked_by="sync")
        refreshing.tell_staff_if_stuck(payment, error)

    def _is_over(self) -> bool:
        return self._ill.is_set() or self.stopped()

    def _count(self, *, answered: bool | None = None, rest: float = 0.0, **done: int) -> None:
        with self._lock:
            for name, number in done.items():
                setattr(self.summary, name, getattr(self.summary, name) + number)
            if answered is not None:
                self._unanswered_in_a_row = 0 if answered else self._unanswered_in_a_row + 1
            self.summary.rest = max(self.summary.rest, rest)
            if rest or self._unanswered_in_a_row >= GIVE_UP_AFTER:
                self.summary.ping_is_ill = True
                self._ill.set()
            self.progress(self.summary)


def _claim(number: int) -> list[Payment]:
    now = timezone.now()
    # Not by a join, whose rows would be locked too.
    ours = PaymentOrder.objects.filter(pk=OuterRef("payment_order"), **here())
    due = Payment.objects.filter(Exists(ours), ask_again_at__lte=now).order_by("ask_again_at")
    with transaction.atomic():
        taken = list(
            due.select_for_update(
                skip_locked=connection.features.has_select_for_update_skip_locked
            ).values_list("pk", flat=True)[:number]
        )
        Payment.objects.filter(pk__in=taken).update(ask_again_at=now + CLAIM)
    return list(Payment.objects.select_related("payment_order").filter(pk__in=taken).order_by("pk"))


def _put_back(claimed: deque[Payment]) -> None:
    """Make payments that were claimed and not asked about due again, unless somebody wrote to them."""
    for payment in claimed:
        Payment.objects.filter(pk=payment.pk, ask_again_at=payment.ask_again_at).update(
            ask_again_at=timezone.now()
        )
