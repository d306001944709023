"""Calls from outside: logged, taken as a hint, and answered whatever becomes of them."""

from __future__ import annotations

import json
import logging
import secrets
import threading
from collections.abc import Callable
from datetime import timedelta
from enum import Enum
from functools import partial
from typing import Any

from django.core import signing
from django.db import DatabaseError
from django.db.models import OuterRef, QuerySet, Subquery
from django.utils import timezone
from django.views.decorators.debug import sensitive_variables

from .. import conf
from ..exceptions import GatewayError
from ..gateway import verify_ed25519
from ..models import Callback, Payment, is_token, may_be_token
from ..privacy import loggable
from ..statuses import Meaning
from . import refreshing
from .connection import belongs_here
from .writing import drop_lost_connection

logger = logging.getLogger(__name__)

#: How much of a body is read at all; more is refused.
MAX_BODY = 64 * 1024
#: How much of it is kept.
KEPT_BODY = 8 * 1024
#: So many calls for one payment in so long are asked about at once; the rest is done later.
FLOOD = 30
FLOOD_WINDOW = timedelta(seconds=10)
#: A call is followed up by a sync after this time at the latest, whatever happens to who took it.
SOON = timedelta(minutes=5)
#: So many seconds each call to Ping may take, of two at most: who calls us is answered within five.
PATIENCE = 2.4

_POKE_SALT = "pingpayments.poke"
_POKE_AGE = timedelta(minutes=10)


class Received(Enum):
    """What became of a call; the view turns it into an HTTP answer."""

    DONE = "done"
    LATER = "later"
    REPEAT = "repeat"
    UNKNOWN = "unknown"
    MALFORMED = "malformed"
    FORGED = "forged"


class _Attempts(threading.local):
    """Attempts with their payment orders, and when the last ``FLOOD`` calls for one of them began.

    Every repeat of a callback waits for this query, and Django takes longer to make it than the database to
    answer it: so it is made once, of the columns that are needed. Once for each thread, because a query with
    a subquery in it is written to while it is turned into SQL.
    """

    def __init__(self) -> None:
        calls = Callback.objects.filter(payment=OuterRef("pk")).order_by("-at").values("at")
        payment = ("token", "status", "number", "ping_id", "sent_at", "failed_asks", "ask_again_at")
        payment_order = ("order_number", "ping_id", "environment", "tenant_id")
        self.query: QuerySet[Any] = (
            Payment.objects.order_by()
            .select_related("payment_order")
            .only(*payment, *(f"payment_order__{name}" for name in payment_order))
            .annotate(flood_began=Subquery(calls[FLOOD - 1 : FLOOD]))
        )


_attempts = _Attempts()


@sensitive_variables("body", "signature")
def receive(token: str, body: bytes, signature: str) -> Received:
    """Take a call to the callback address of an attempt: log it, ask Ping, write down what Ping says.

    ``body`` is kept for people and believed by nobody; ``signature`` is the configured header's value.
    A call that is not ours, or not JSON, leaves no row; in a flood the bodies are not kept. One that the
    database cannot take is to come again: nobody is told of it by an error page.
    """
    return or_repeat(partial(_take, token, body, signature))


def or_repeat(take: Callable[[], Received]) -> Received:
    """Take a call; let Ping repeat one that the database could not take. No error page tells of its token."""
    try:
        return take()
    except DatabaseError as error:
        logger.exception("A callback could not be taken", exc_info=loggable(error))
        drop_lost_connection()
        return Received.REPEAT


@sensitive_variables("body", "signature", "text")
def _take(token: str, body: bytes, signature: str) -> Received:
    payment = _attempt(token)
    if payment is None:
        return _receive_poke(token)
    if not belongs_here(payment.payment_order):
        logger.warning(
            "A callback came for a payment of another environment or tenant",
            extra={"order_number": payment.payment_order.order_number},
        )
        return Received.UNKNOWN
    text = _readable(body)
    if text is None:
        return Received.MALFORMED
    is_verified = verified(body, signature)
    is_flood = payment.flood_began is not None and payment.flood_began > timezone.now() - FLOOD_WINDOW
    log = Callback(payment=payment, body="" if is_flood else text[:KEPT_BODY], verified=is_verified)
    if is_verified is False:
        return logged(log, Callback.Outcome.REFUSED, Received.FORGED)
    if payment.meaning is Meaning.PAID:
        if _hints_at_news(text, payment):
            make_due(payment)
        return logged(log, Callback.Outcome.FINISHED, Received.DONE)
    if is_flood:
        make_due(payment)
        return logged(log, Callback.Outcome.TOO_MANY, Received.LATER)
    _leave_due(payment)
    logged(log, Callback.Outcome.ASKED, Received.DONE)
    try:
        refreshing.ask(payment, by="callback", within=PATIENCE)
    except Exception as error:
        # Ping is silent, the database gave up, or something of the shop's raised. All was undone, and the
        # attempt is due: a sync does what we could not, and a repeat of the call may do it sooner.
        _leave(log, payment, error)
        return Received.REPEAT
    return Received.DONE


def expect_poke() -> str:
    """Return a token for the callback address at which a test call of Ping's will be recognised."""
    return signing.TimestampSigner(salt=_POKE_SALT).sign(secrets.token_hex(8))


def poke_arrived(token: str) -> bool:
    """Whether a test call has come to the address with this token."""
    return Callback.objects.filter(poke=token).exists()


def _attempt(token: str) -> Any:
    """Return the attempt with this token, or None, after one query at most."""
    try:
        payment = _attempts.query.get(token=token) if may_be_token(token) else None
    except Payment.DoesNotExist:
        return None
    return payment if payment is not None and is_token(token, payment.token) else None


def _receive_poke(token: str) -> Received:
    try:
        signing.TimestampSigner(salt=_POKE_SALT).unsign(token, max_age=_POKE_AGE)
    except signing.BadSignature:
        return Received.UNKNOWN
    if poke_arrived(token):
        return Received.DONE
    return logged(Callback(poke=token), Callback.Outcome.POKE, Received.DONE)


def _leave(log: Callback, payment: Payment, error: Exception) -> None:
    """Note that a call could not be followed up, and leave the attempt to whoever asks next."""
    facts = {"order_number": payment.payment_order.order_number}
    logger.log(
        logging.WARNING if isinstance(error, GatewayError) else logging.ERROR,
        "A callback could not be followed up",
        exc_info=loggable(error),
        extra=facts,
    )
    drop_lost_connection()
    try:
        Callback.objects.filter(pk=log.pk).update(outcome=Callback.Outcome.NO_ANSWER)
        if not isinstance(error, GatewayError):
            make_due(payment)
    except DatabaseError as trouble:
        # It is still in trouble, or somebody holds the attempt's row: it stays due when it was to be.
        logger.exception("A callback could not be put off", exc_info=loggable(trouble), extra=facts)


def _hints_at_news(text: str, payment: Payment) -> bool:
    """Whether a call about a paid payment says something else: a refund perhaps. A sync asks Ping, then."""
    return "refund" in text.lower() or bool(json.loads(text).get("status") != payment.status)


def _leave_due(payment: Payment) -> None:
    """Let a sync ask soon, should this process die before it has: nobody may call about it again.

    A payment that may be paid is due soon anyway, most of the time; one that has failed is not for a day.
    """
    soon = timezone.now() + SOON
    if payment.ask_again_at is None or payment.ask_again_at > soon:
        try:
            Payment.objects.filter(pk=payment.pk).update(ask_again_at=soon)
        except DatabaseError:
            # Somebody holds its row, who will write more than this; the call is logged first.
            drop_lost_connection()
            return
        payment.ask_again_at = soon


def make_due(payment: Payment) -> None:
    """Make the payment due now, for whoever asks next."""
    Payment.objects.filter(pk=payment.pk).update(ask_again_at=timezone.now())


def logged(log: Callback, outcome: Callback.Outcome, received: Received) -> Received:
    log.outcome = outcome
    log.save()
    return received


def _readable(body: bytes) -> str | None:
    """Return the body as text where it is a JSON object, as all of Ping's callbacks that we know are."""
    try:
        text = body.decode()
        if "\x00" in text or not isinstance(json.loads(text), dict):
            return None
    except (ValueError, RecursionError):
        return None
    return text


def verified(body: bytes, signature: str) -> bool | None:
    """Whether the signature is right, where the shop has told us how Ping signs; else None."""
    how = conf.get_settings().callback_signature
    if how is None:
        return None
    return verify_ed25519(body=body, signature=signature, keys=how.keys, encoding=how.encoding)
