"""A payer who asks to be forgotten: what the logs hold of them goes, the money's trail stays."""

from __future__ import annotations

from dataclasses import dataclass

from django.db import transaction
from django.db.models import F

from ..models import Callback, Effect, Exchange, Payment, PaymentOrder, Refund, StaffAction

#: What staff say in their own words when they do it, to the payer or about them.
_IN_WORDS = (
    StaffAction.Name.LINK,
    StaffAction.Name.REFUND,
    StaffAction.Name.REFUND_ASIDE,
    StaffAction.Name.RESOLVE,
)


@dataclass(frozen=True, slots=True)
class Forgotten:
    """How many rows of each kind had something of the payer's in them."""

    exchanges: int
    callbacks: int
    attempts: int
    messages: int


def forget_payer(payment_order_id: int) -> Forgotten:
    """Remove what the logs of a payment order hold of its payer, and return how much that was.

    Bodies that were sent to and received from Ping, bodies of callbacks, the digest of the payer's network
    address, what staff wrote to the payer or about them, and the name and e-mail address that staff find the
    payment by. Amounts, statuses, times and Ping's ids stay: bookkeeping needs them, and they name nobody.
    Oscar's own rows (addresses, e-mail) are the shop's to make anonymous.
    """
    with transaction.atomic():
        PaymentOrder.objects.filter(pk=payment_order_id).update(
            payer_name="", payer_last_name="", payer_email=""
        )
        return Forgotten(
            exchanges=Exchange.objects.filter(payment_order=payment_order_id)
            .exclude(request_body="", response_body="")
            .update(request_body="", response_body=""),
            callbacks=Callback.objects.filter(payment__payment_order=payment_order_id)
            .exclude(body="")
            .update(body=""),
            attempts=Payment.objects.filter(payment_order=payment_order_id)
            .exclude(payer_address="")
            .update(payer_address=""),
            messages=_forget_messages(payment_order_id),
        )


def _forget_messages(payment_order_id: int) -> int:
    refunds = Refund.objects.filter(payment__payment_order=payment_order_id)
    actions = StaffAction.objects.filter(payment_order=payment_order_id, name__in=_IN_WORDS)
    actions.update(detail="")
    # Why a person set one aside; Ping's word for a failure is its status too, and a refusal was never sent.
    refunds.filter(sent_at__isnull=False).exclude(error__in=["", F("status")]).update(error="-")
    effects = Effect.objects.filter(payment_order=payment_order_id).exclude(message="")
    return effects.update(message="") + refunds.exclude(message="", description="").update(
        message="", description=""
    )
