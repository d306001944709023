"""The shop that everything happens in: its goods, its payers, its clock, its end."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from typing import Any, TypeVar

from django.apps import apps
from django.contrib.auth import get_user_model
from django.core import mail
from django.db import models, transaction
from django.db.models import F
from django.db.models.signals import post_save
from django.test import Client
from hypothesis import strategies as st
from hypothesis.errors import HypothesisException
from hypothesis.stateful import RuleBasedStateMachine, initialize
from oscar.core.loading import get_model

from oscar_pingpayments import signals
from oscar_pingpayments.models import Exchange, Payment, PaymentOrder
from tests.integration.shop.test_by_setting import WAY_BACK
from tests.shopper import Shopper

from .goods import Goods
from .look import Seen, look
from .owed import Owed
from .told import Hearsay

STAFF = "staff@example.org"
MOST_ATTEMPTS = 4
#: Nobody asks Ping about what has ended longer ago than 30 days: all that a run does happens in this time.
LONGEST = timedelta(days=20)

#: Whose statuses move by a pipeline, and which one.
PIPELINES = {model: model.pipeline for model in (get_model("order", "Order"), get_model("order", "Line"))}

T = TypeVar("T")


class Killed(BaseException):
    """The process is gone, in the middle of what it did."""


class World(RuleBasedStateMachine):
    """A shop in a transaction of its own, rolled back in the end. The test gives ``ping`` and ``shop``."""

    ping: Any
    #: Django's settings, put back after the test.
    shop: Any
    #: How many runs there were, and which one went wrong first, in which of its steps.
    runs: int
    went_wrong: tuple[int, int] | None

    def __init__(self) -> None:
        super().__init__()
        type(self).runs += 1
        self.steps = 0
        self.ping.reset()
        self.ping.manners(keep_answers=True, refunds="wait")
        mail.outbox.clear()
        self.told = Hearsay(self.ping)
        self.owed = Owed()
        self.signals: Counter[tuple[str, int, str]] = Counter()
        #: What each order took when it was placed, by payment order.
        self.took: dict[int, Counter[Any]] = {}
        #: Orders whose status was set by hand, to something that their payment knows nothing of.
        self.set_by_hand: set[int] = set()
        self.before: dict[int, Seen] = {}
        #: Payments at Ping in the order in which their money came, and the attempts whose money goes back.
        self.came: list[str] = []
        self.to_go_back: set[int] = set()
        #: When staff were told last of a refund that is missing (as if no time had passed since).
        self.missed: dict[int, Any] = {}
        self.keys = 0
        self.elapsed = timedelta(0)
        self.will_die = False
        #: Whether two ask at once: then the shop reads an answer after later ones.
        self.two_at_once = False
        #: What somebody else does between Ping's next answer and what is written of it.
        self.meanwhile: Callable[[], object] | None = None
        self.mail_server_is_down = False
        self.mail_was_down = False
        self.everything_is_over = False
        self.configure(STAFF_EMAILS=[STAFF], ATTEMPTS={"per_order": MOST_ATTEMPTS})
        self._connect(True)
        self._transaction = transaction.atomic()
        self._transaction._from_testcase = True  # type: ignore[attr-defined]
        self._transaction.__enter__()
        self.goods = Goods()
        self.astrid = Shopper()
        customer = get_user_model().objects.create_user("karl", "karl@example.org", "password")
        self.karl = Shopper(user=customer, email=customer.email)
        self.at_rest = self.goods.counters()

    @initialize(refund_duplicates=st.booleans(), refund_late=st.booleans(), reinstate_late=st.booleans())
    def opens(self, refund_duplicates: bool, refund_late: bool, reinstate_late: bool) -> None:
        self.configure(
            REFUND_DUPLICATES=refund_duplicates, REFUND_LATE=refund_late, REINSTATE_LATE=reinstate_late
        )
        if reinstate_late:
            for model, pipeline in PIPELINES.items():
                model.pipeline = pipeline | WAY_BACK

    def teardown(self) -> None:
        try:
            if sys.exc_info()[0] is None:
                self.comes_to_an_end()
        finally:
            error = sys.exc_info()[1]
            is_wrong = isinstance(error, Exception) and not isinstance(error, HypothesisException)
            if is_wrong and type(self).went_wrong is None:
                type(self).went_wrong = self.runs, self.steps
            self.mail_works(True)
            self._connect(False)
            for model, pipeline in PIPELINES.items():
                model.pipeline = pipeline
            transaction.set_rollback(True)
            self._transaction.__exit__(None, None, None)

    def comes_to_an_end(self) -> None:
        """Let what is left finish by itself."""
        raise NotImplementedError

    def everything_is_right(self) -> None:
        """Compare the shop with what must be true."""
        raise NotImplementedError

    # The shop's settings

    def configure(self, **changes: Any) -> None:
        """Change the shop's settings."""
        self.shop.PINGPAYMENTS = {**self.shop.PINGPAYMENTS, **self.ping.settings(), **changes}

    def is_set(self, name: str) -> bool:
        """Whether one of the shop's settings is on."""
        return bool(self.shop.PINGPAYMENTS[name])

    def mail_works(self, works: bool) -> None:
        """Let the mail server be there or not."""
        self.mail_server_is_down = not works
        self.mail_was_down |= not works
        name = "django.core.mail.backends.locmem.EmailBackend"
        self.shop.EMAIL_BACKEND = name if works else "no.such.MailServer"

    # What is there

    @property
    def attempts(self) -> list[Payment]:
        return list(Payment.objects.select_related("payment_order__order").order_by("pk"))

    def attempt(self, which: int) -> Payment:
        """Return an attempt, counted from the newest."""
        attempts = self.attempts
        return attempts[-1 - which % len(attempts)]

    def payment_order(self, which: int) -> PaymentOrder:
        """Return a payment order, counted from the newest."""
        found = list(PaymentOrder.objects.select_related("order").order_by("pk"))
        return found[-1 - which % len(found)]

    def has_orders(self) -> bool:
        return PaymentOrder.objects.exists()

    def has_attempts(self) -> bool:
        return Payment.objects.exists()

    def has_money(self) -> bool:
        """Whether the shop has heard that anything was paid."""
        return any(told.money for told in self.told.payments.values())

    def at_ping(self, payment: Payment) -> dict[str, Any] | None:
        """Return the attempt as Ping has it; None where it never got there.

        It may be paid whatever became of the answer that names its page.
        """
        for row in self.ping.payments():
            same = row["payment_order_id"] == str(payment.payment_order.ping_id)
            if same and row["metadata"]["attempt"] == str(payment.number):
                return dict(row)
        return None

    def who_placed(self, payment_order: PaymentOrder) -> Shopper:
        """Return the payer whose order it is."""
        return self.astrid if payment_order.order.user_id is None else self.karl

    def look(self) -> list[Seen]:
        """Return everything that the shop has written down."""
        self.told.listen(self.known_payments())
        return look(self.told.payments)

    def known_payments(self) -> set[str]:
        """Return Ping's ids of the payments that the shop knows."""
        return {str(key) for key in Payment.objects.exclude(ping_id=None).values_list("ping_id", flat=True)}

    # What happens

    def alive(self, does: Callable[[], T]) -> T | None:
        """Let the shop do something, and return what comes of it: None where the process died meanwhile."""
        try:
            return does()
        except Killed:
            self.told.listen(self.known_payments(), but_the_last=True)
            return None
        finally:
            self.will_die = self.two_at_once = False
            self.meanwhile = None

    def client(self, payment_order: PaymentOrder, *, stranger: bool) -> Client:
        """Return the payer's browser, or somebody's who has never been here."""
        return Client() if stranger else self.who_placed(payment_order).client

    def time_passes(self, time: timedelta) -> None:
        """Let every moment that the package has written down be so much longer ago."""
        self.elapsed += time
        for model in apps.get_app_config("pingpayments").get_models():
            moments = [field.name for field in model._meta.fields if isinstance(field, models.DateTimeField)]
            if moments:
                model._default_manager.update(**{name: F(name) - time for name in moments})

    def _connect(self, on: bool) -> None:
        for name in ("order_paid", "order_cancelled", "attention_needed"):
            signal = getattr(signals, name)
            (signal.connect if on else signal.disconnect)(self._hear)
        (post_save.connect if on else post_save.disconnect)(self._ping_has_answered, sender=Exchange)

    def _hear(self, signal: Any, payment_order: PaymentOrder, reason: str = "", **facts: object) -> None:
        name = next(name for name in dir(signals) if getattr(signals, name) is signal)
        self.signals[name, payment_order.pk, str(reason)] += 1

    def _ping_has_answered(self, **facts: object) -> None:
        self.two_at_once = self.two_at_once or self.meanwhile is not None
        if not self.two_at_once:
            self.told.listen(self.known_payments(), last_is_read=False)
        if self.will_die:
            self.will_die = False
            raise Killed
        does, self.meanwhile = self.meanwhile, None
        if does:
            does()


def frozen_baskets() -> int:
    """Return how many baskets are frozen."""
    baskets = get_model("basket", "Basket")
    return int(baskets.objects.filter(status=baskets.FROZEN).count())
