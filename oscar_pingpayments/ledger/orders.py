"""Oscar's order as payment sees it: what it charges for, who pays, its status and its notes."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import replace
from decimal import Decimal
from functools import partial
from typing import Any

from django.conf import settings
from django.db import DatabaseError, transaction
from django.db.models import Prefetch, prefetch_related_objects
from django.utils import translation
from oscar.core.loading import get_class, get_model

from .. import conf
from ..gateway import Address, Payer
from ..items import Charge, Kind
from ..models import read_again, written
from ..money import to_minor
from ..privacy import loggable

logger = logging.getLogger(__name__)

_NAME_LENGTH = 255

_moving: ContextVar[bool] = ContextVar("pingpayments_moving_order", default=False)


def is_moving_order() -> bool:
    """Whether it is the ledger that moves an order just now, and not somebody who does not hold the lock."""
    return _moving.get()


def order_charges(order: Any) -> list[Charge]:
    """Return what the order's payer pays for: lines (discounts are in them), shipping, surcharges.

    A surcharge below nought is a discount on the whole: it is left out, and the others are lowered to the
    total. Raises MoneyError where an amount cannot be said in the currency's smallest unit.
    """

    def charge(
        name: str, incl_tax: Any, excl_tax: Any, kind: Kind, quantity: int = 1, line: Any = None
    ) -> Charge:
        return Charge(
            name[:_NAME_LENGTH],
            to_minor(incl_tax, order.currency),
            to_minor(excl_tax, order.currency),
            quantity,
            kind,
            line,
        )

    charges = [
        charge(
            line.title,
            line.line_price_incl_tax,
            line.line_price_excl_tax,
            Kind.LINE,
            line.quantity,
            line.pk,
        )
        for line in written(order.lines)
    ]
    if order.shipping_incl_tax:
        charges.append(
            charge(order.shipping_method, order.shipping_incl_tax, order.shipping_excl_tax, Kind.SHIPPING)
        )
    charges += [
        charge(surcharge.name, surcharge.incl_tax, surcharge.excl_tax, Kind.SURCHARGE)
        for surcharge in written(order.surcharges)
        if surcharge.incl_tax >= 0
    ]
    return charges


def comes_to(order: Any) -> Decimal:
    """Return what the order's lines, shipping and surcharges come to as they are now.

    Staff may have edited them since the payment was asked for, which is what Ping was told and what counts.
    """
    lines = sum((line.line_price_incl_tax for line in written(order.lines)), Decimal(0))
    surcharges = sum((surcharge.incl_tax for surcharge in written(order.surcharges)), Decimal(0))
    return lines + surcharges + Decimal(order.shipping_incl_tax)


def full_name(user: Any) -> str:
    """Return a user's name, "" where the shop's own model of a user has none that we know of.

    Django's ``get_full_name`` says "None None" where a model has taken its two names out.
    """
    names = [getattr(user, name, "") for name in ("first_name", "last_name")]
    if hasattr(user, "get_full_name") and None not in names:
        name = user.get_full_name()
    else:
        name = " ".join(filter(None, names))
    return str(name or getattr(user, "name", "") or "")


def payers_name(order: Any) -> str:
    """Return the name of an order's payer, "" where it is not known."""
    address = order.billing_address or order.shipping_address
    return address.name if address is not None else full_name(order.user)


def payer_of(order: Any) -> Payer:
    """Return what Oscar knows of the payer, as Ping is told; the address only where there is a street."""
    address = order.billing_address or order.shipping_address
    payer = Payer(name=payers_name(order), email=order.email or "")
    if address is None:
        return payer
    street = ", ".join(part for part in (address.line1, address.line2, address.line3) if part)
    lives = Address(
        street=street,
        postal_code=address.postcode or "",
        city=address.line4 or "",
        county=address.state or "",
        country=address.country_id or "",
    )
    phone_number = str(getattr(address, "phone_number", "") or "")
    return replace(payer, phone_number=phone_number, address=lives if street else None)


def note(order: Any, message: object) -> None:
    """Add a note that staff read on Oscar's order page, in the shop's language.

    ``message`` is lazy, so that it is translated here and not in the payer's language.
    """
    with translation.override(settings.LANGUAGE_CODE):
        order.notes.create(message=str(message), note_type="System")


def is_cancelled(order: Any) -> bool:
    """Whether nobody should pay the order any more: it was deleted, or staff have cancelled it in Oscar."""
    return order is None or order.status == conf.get_settings().order_status.cancelled


def payable_statuses() -> frozenset[str]:
    """Return the statuses in which an order that waits for its money may be paid by card.

    Staff take it out of these where it is paid in another way, as by bank transfer, and where they cancel it.
    """
    words = conf.get_settings().order_status
    steps = get_model("order", "Order").pipeline
    leading_to_paid = {status for status, following in steps.items() if words.paid in following}
    return frozenset({words.awaiting} | leading_to_paid - {words.cancelled, words.refunded})


def set_status(order: Any, status: str) -> bool:
    """Move the order through the shop's own event handler and pipeline; return whether it is there now.

    A pipeline that does not allow the step, or a receiver of Oscar's signals that raises, undoes the
    step alone: what is recorded of the money stays. Raises DatabaseError.
    """
    if order.status == status:
        return True
    handler = get_class("order.processing", "EventHandler")()
    facts = {"order_number": order.number, "old_status": order.status, "new_status": status}
    with _lines_as_written(order):
        if _moved(lambda: handler.handle_order_status_change(order, status), facts):
            return True
    read_again(order)
    return False


@contextmanager
def _lines_as_written(order: Any) -> Iterator[None]:
    """Give Oscar the lines that it saves whole with their order: a replica's would undo what we wrote."""
    lines = written(order.lines)
    if order.lines.all().db == lines.db:
        yield
        return
    prefetch_related_objects([order], Prefetch("lines", lines))
    try:
        yield
    finally:
        order._prefetched_objects_cache.pop("lines", None)


def set_lines_refunded(order: Any, lines: Iterable[Any]) -> None:
    """Move lines to what they become together with a refunded order, where the shop's pipeline allows it."""
    status = order.cascade.get(conf.get_settings().order_status.refunded)
    for line in lines:
        if status in line.available_statuses():
            facts = {"order_number": order.number, "line": line.pk, "new_status": status}
            _moved(partial(line.set_status, status), facts)


def _moved(move: Callable[[], object], facts: Mapping[str, object]) -> bool:
    """Do one step; where it raises, undo that step alone and return False. Raises DatabaseError."""
    moving = _moving.set(True)
    try:
        with transaction.atomic():
            move()
    except DatabaseError:
        raise  # a deadlock, a lost connection: the whole transaction is to be done again
    except Exception as error:
        logger.exception(
            "The order could not be moved to its new status", exc_info=loggable(error), extra=facts
        )
        return False
    finally:
        _moving.reset(moving)
    return True
