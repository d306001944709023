"""The payer's request: where it reaches us, whose order it is about, and where the payer goes next."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterable
from typing import Any

from django.apps import apps
from django.contrib import messages
from django.db.models import Q
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from oscar.core.loading import get_class, get_model

from . import conf, facade
from .exceptions import GatewayError
from .ledger import payable_statuses
from .models import Payment, PaymentOrder, Placing, written
from .privacy import loggable
from .statuses import State, Status

logger = logging.getLogger(__name__)

#: Where Oscar keeps the order that was placed in this session, and the checkout's answers.
ORDER_KEY = "checkout_order_id"
CHECKOUT_KEY = "checkout_data"
_TOO_MANY_ATTEMPTS = _(
    "There were too many attempts to pay that failed. Please choose another way to pay, or try again in an "
    "hour."
)
_TOO_MANY_BY_CARD_ALONE = _(
    "There were too many attempts to pay that failed. Please contact us, or try again in an hour."
)
_MOST_NOTICES = 3
_PLACING_KEY = "pingpayments_placing"
_KEPT_KEY = "pingpayments_checkout"


def payment_context(request: HttpRequest) -> facade.PaymentContext:
    """Return what an attempt to pay needs to know of this request."""
    public_url = conf.get_settings().public_url

    def absolute_url(path: str) -> str:
        return f"{public_url}{path}" if public_url else request.build_absolute_uri(path)

    return facade.PaymentContext(
        absolute_url=absolute_url, ip_address=request.META.get("REMOTE_ADDR", ""), deadline=deadline()
    )


def deadline() -> float:
    """Return until when, on ``time.monotonic()``'s clock, a click that begins now waits for Ping.

    However many calls it takes, together they get the time of one.
    """
    timeout = conf.get_settings().timeout
    return time.monotonic() + timeout.connect + timeout.read


def order_page(payment_order: PaymentOrder) -> str:
    """Return the address of the page that says how the payment of an order stands."""
    return reverse("pingpayments:payment", args=[payment_order.token])


def payment_page(payment: Payment) -> str:
    """Return the address of the page to pay an attempt on, or of ours that says why there is none.

    ``PAY_HOSTS`` was asked when Ping named it, and is asked again: it may have been narrowed since.
    """
    address = payment.can_be_paid_at
    if address and conf.get_settings().may_send_payer_to(address):
        return address
    return order_page(payment.payment_order)


def start(request: HttpRequest, payment_order: PaymentOrder, context: facade.PaymentContext) -> str:
    """Start the payment and return where the payer goes: PaymentIQ's page, or ours that says why not."""
    try:
        payment = facade.start(payment_order.pk, context)
    except facade.TooManyAttemptsError:
        messages.error(request, too_many_attempts())
    except (GatewayError, facade.NotPayableError) as error:
        logger.warning(
            "A payment could not be started",
            extra={"order_number": payment_order.order_number, "error": type(error).__name__},
        )
    except Exception as error:
        # The order is placed. Whatever this is, its payer must get a page and not an error.
        logger.exception(
            "A payment could not be started",
            exc_info=loggable(error),
            extra={"order_number": payment_order.order_number},
        )
        messages.error(request, _("Something went wrong, and the payment was not started. Try again soon."))
    else:
        return payment_page(payment)
    return order_page(payment_order)


def has_other_ways() -> bool:
    """Whether the shop may have another way to pay than by card.

    It has none where its payment-method step is ours and card is all that it offers. What a step of
    somebody else's offers we do not know.
    """
    checkout: Any = apps.get_app_config("checkout")
    offers_others = getattr(checkout.payment_method_view, "pingpayments_offers_others", None)
    return offers_others is None or offers_others()


def too_many_attempts() -> Any:
    """Return what a payer is told who has tried too often to pay by card."""
    return _TOO_MANY_ATTEMPTS if has_other_ways() else _TOO_MANY_BY_CARD_ALONE


def is_own(request: HttpRequest, payment_order: PaymentOrder) -> bool:
    """Whether this request comes from who placed the order: the session that did, or its customer."""
    if payment_order.order_id is None:
        return False
    if request.session.get(ORDER_KEY) == payment_order.order_id:
        return True
    placing = request.session.get(_PLACING_KEY)  # all there is where the process died after placing
    if placing and payment_order.order is not None and payment_order.order.basket_id == placing:
        return True
    user: Any = request.user
    return bool(
        user.is_authenticated and payment_order.order is not None and payment_order.order.user_id == user.pk
    )


def last_placed(request: HttpRequest) -> PaymentOrder | None:
    """Return the order that this payer placed last, paid or not, unless it has ended."""
    placed = request.session.get(ORDER_KEY)
    if placed is None:
        return next(iter(unfinished(request)), None)
    orders = PaymentOrder.objects.exclude(state__in=[State.CANCELLED, State.EXPIRED])
    return orders.filter(order=placed).first()


def unfinished(request: HttpRequest) -> Iterable[PaymentOrder]:
    """Return the orders that this payer has not paid while there is time for it, the last one first."""
    waiting = (
        PaymentOrder.objects.filter(
            state=State.AWAITING,
            amount_paid=0,
            expires_at__gt=timezone.now(),
            order__status__in=payable_statuses(),
        )
        .exclude(payments__status=Status.COMPLETED)
        .order_by("-pk")
    )
    user: Any = request.user
    if user.is_authenticated:
        return waiting.filter(order__user=user)[:_MOST_NOTICES]
    placed, placing = request.session.get(ORDER_KEY), request.session.get(_PLACING_KEY)
    if placing:
        return waiting.filter(Q(order=placed) | Q(order__basket=placing))
    return waiting.filter(order=placed) if placed else ()


def keep_basket(request: HttpRequest, basket: Any) -> None:
    """Remember, at once, which basket is to be placed: once it is frozen, its payer finds none."""
    request.session[_PLACING_KEY] = basket.pk
    request.session.save()


def hear_of_other_clicks(request: HttpRequest) -> None:
    """Take over what another click of this session has kept since this one read it: its basket, its order."""
    session = request.session
    now = session.__class__(session.session_key)
    for key in (ORDER_KEY, _PLACING_KEY, _KEPT_KEY):
        if key not in now:
            session.pop(key, None)
        elif session.get(key) != now[key]:
            session[key] = now[key]


def kept_basket(request: Any) -> Any:
    """Return the basket that this payer is having placed, where the request comes with an empty one.

    A customer may be having it placed in another browser. One that was taken before they placed their last
    order is not: its process has died.
    """
    if not request.basket.is_empty:
        return None
    kept = request.session.get(_PLACING_KEY)
    if kept is None and request.user.is_authenticated:
        theirs = Placing.objects.filter(basket__owner=request.user, basket__status=request.basket.FROZEN)
        placing = theirs.order_by("-at").first()
        placed = last_placed(request) if placing else None
        if placing and (placed is None or placed.created_at < placing.at):
            kept = placing.basket_id
    baskets = written(get_model("basket", "Basket")._default_manager)
    return baskets.filter(pk=kept).first() if kept else None


def bring_back_basket(request: Any, basket: Any) -> None:
    """Give the payer the basket again that could not be placed; a guest's browser may have lost it."""
    request.session.pop(_PLACING_KEY, None)
    basket = written(basket.__class__._default_manager).get(pk=basket.pk)
    basket.strategy = request.strategy
    get_class("offer.applicator", "Applicator")().apply(basket, request.user, request)
    request.basket = basket


def placed_for_nothing(request: HttpRequest, basket: Any) -> None:
    """Remember an order that there was nothing to pay for as this payer's last, for the thank-you page."""
    request.session.pop(_PLACING_KEY, None)
    orders = written(get_model("order", "Order")._default_manager)
    request.session[ORDER_KEY] = orders.filter(basket=basket.pk).values_list("pk", flat=True).first()


def keep_checkout(request: HttpRequest, answers: object, payment_order: PaymentOrder) -> None:
    """Keep the checkout's answers (address, shipping) in the session, for a payer who changes the order."""
    request.session.pop(_PLACING_KEY, None)
    request.session[ORDER_KEY] = payment_order.order_id
    request.session[_KEPT_KEY] = {"order": payment_order.order_id, "answers": answers}


def bring_back_checkout(request: HttpRequest, payment_order: PaymentOrder) -> None:
    """Give the checkout the answers again that this payer gave for an order which has been cancelled."""
    kept = request.session.pop(_KEPT_KEY, None)
    if kept and kept["order"] == payment_order.order_id and kept["answers"]:
        answers = dict(kept["answers"])
        answers.pop("submission", None)  # the old order's number and basket
        answers.pop("payment", None)
        request.session[CHECKOUT_KEY] = answers
