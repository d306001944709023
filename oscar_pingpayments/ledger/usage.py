"""What an unpaid order held, given back: stock, vouchers and offers, none of which Oscar gives back."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from oscar.core.loading import get_class, get_model

from .. import conf
from ..models import Effect, PaymentOrder, written
from ..statuses import STATE_TRANSITIONS, Attention, State
from . import letters, orders, sources
from .attention import attend, settle
from .book import Book
from .locking import for_update

_NOTES = {
    State.CANCELLED: _("The order was cancelled before it was paid. What it held was given back."),
    State.EXPIRED: _("The time to pay ran out. The order was cancelled and what it held was given back."),
}


def end_unpaid(book: Book, state: State, *, tell_payer: bool, by_staff: bool) -> bool:
    """Cancel an order that waits for its money, once; return whether this call did it.

    Nothing is done where the order is no longer awaiting payment, or where money has come, and has not all
    gone back, that a person must look at first. A live attempt is left to be asked about: its payer may
    still be at PaymentIQ. Where its time runs out and staff have moved the order on meanwhile, as if it was
    paid in another way, the order is left to them: only its payment ends. Where the money could not be
    counted, nobody is told when it goes back: staff may end the order once they have looked at it.
    ``tell_payer`` is for who did not do it themselves.
    """
    if state not in STATE_TRANSITIONS[State(book.payment_order.state)]:
        return False
    may_let_go = by_staff and book.has_uncounted_money_alone and not book.payment_order.attention
    if book.keeps_money and not may_let_go:
        return False
    if state is State.EXPIRED and _was_moved_on(book.order):
        _leave_to_staff(book)
        return True
    give_up(book, state)
    if tell_payer:
        letters.cancelled(book)
    return True


def is_left_to_staff(payment_order: PaymentOrder, order: Any) -> bool:
    """Whether staff have moved an unpaid order on, as if it was paid in another way: it is theirs."""
    return payment_order.is_with_staff or (payment_order.is_awaiting and _was_moved_on(order))


def _was_moved_on(order: Any) -> bool:
    words = conf.get_settings().order_status
    return order is not None and order.status not in (words.awaiting, words.cancelled)


def _leave_to_staff(book: Book) -> None:
    payment_order, order = book.payment_order, book.order
    payment_order.state = PaymentOrder.State.EXPIRED
    payment_order.ended_at = timezone.now()
    payment_order.save()
    found = _("The time to pay by card ran out. The order is “%(status)s”, and was left as it is.")
    orders.note(order, found % {"status": order.status})
    attend(book, Attention.ORDER, found % {"status": order.status})
    sources.record(payment_order, order)


def let_go(book: Book) -> None:
    """Give back what an order holds that was left to staff, who have cancelled it now; once."""
    payment_order, order = book.payment_order, book.order
    if not payment_order.is_with_staff or order is None:
        return
    payment_order.given_back = release(order)
    payment_order.save()
    settle(book, Attention.ORDER)
    book.cause(Effect.Name.ORDER_CANCELLED, about=State.EXPIRED.value)


def give_up(book: Book, state: State) -> None:
    """Let an order that is not paid go, and what it holds with it."""
    payment_order = book.payment_order
    payment_order.state = PaymentOrder.State(state)
    payment_order.ended_at = timezone.now()
    order = book.order
    if order is not None:
        payment_order.given_back = release(order)
        orders.note(order, _NOTES[state])
        if not orders.set_status(order, conf.get_settings().order_status.cancelled):
            attend(book, Attention.ORDER, _("The order could not be set to its cancelled status."))
        sources.record(payment_order, order)
    payment_order.save()
    book.cause(Effect.Name.ORDER_CANCELLED, about=state.value)


def release(order: Any) -> dict[str, Any]:
    """Give back the order's stock allocations, voucher applications and offer counters; return what was used.

    ``take_again`` needs what is returned: the rows that told are gone.
    """
    # In the order in which Oscar locks them when it places an order, so that the two cannot deadlock.
    discounts = list(written(order.discounts).order_by("pk"))
    used = {
        "vouchers": _release_vouchers(order, discounts),
        "offers": {str(discount.pk): discount.frequency or 0 for discount in discounts},
    }
    _release_offers(discounts)
    # A customer's own limit is counted from these rows, those of cancelled orders included.
    order.discounts.update(frequency=0)
    held = written(order.lines).filter(stockrecord__isnull=False, num_allocated__gt=0)
    lines = held.order_by("stockrecord", "pk")
    if lines:
        handler = get_class("order.processing", "EventHandler")()
        handler.cancel_stock_allocations(order, lines, [line.num_allocated for line in lines])
    return used


def _release_vouchers(order: Any, discounts: Sequence[Any]) -> list[int]:
    applications = written(get_model("voucher", "VoucherApplication")._default_manager).filter(order=order)
    uses = Counter(applications.values_list("voucher_id", flat=True))
    given: defaultdict[int, Decimal] = defaultdict(Decimal)
    for discount in discounts:
        if discount.voucher_id:
            given[discount.voucher_id] += discount.amount
    applications.delete()
    vouchers = get_model("voucher", "Voucher")._default_manager
    for voucher in for_update(vouchers.filter(pk__in={*uses, *given}).order_by("pk")):
        # Not below nought: these are plain numbers, which staff may have set back.
        voucher.num_orders = max(voucher.num_orders - uses[voucher.pk], 0)
        voucher.total_discount = max(voucher.total_discount - given[voucher.pk], Decimal(0))
        voucher.save()
    return sorted(uses)


def _release_offers(discounts: Sequence[Any]) -> None:
    offers = get_model("offer", "ConditionalOffer")._default_manager
    for offer in for_update(offers.filter(pk__in={row.offer_id for row in discounts}).order_by("pk")):
        for discount in discounts:
            if discount.offer_id == offer.pk:
                offer.num_applications = max(offer.num_applications - (discount.frequency or 0), 0)
                offer.num_orders = max(offer.num_orders - 1, 0)
                offer.total_discount = max(offer.total_discount - discount.amount, Decimal(0))
        offer.save()  # which opens an offer again that this order had used up
