"""``manage.py pingpayments_order NUMBER``: what happened to one order's money, and what can be done."""

from __future__ import annotations

import getpass
from argparse import ArgumentParser, ArgumentTypeError
from datetime import datetime, timedelta
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from oscar_pingpayments import facade
from oscar_pingpayments.exceptions import GatewayError, PingPaymentsError
from oscar_pingpayments.ledger import comes_to
from oscar_pingpayments.models import Payment, PaymentOrder


class Command(BaseCommand):
    """Look after one order."""

    help = "Shows what happened to the card payment of one order, after doing what an option asks for."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Add the order's number and what can be done."""
        parser.add_argument("number", help="The number of Oscar's order.")
        parser.add_argument("--refresh", action="store_true", help="Ask Ping about every attempt.")
        parser.add_argument(
            "--cancel",
            action="store_true",
            help="Cancel the unpaid order and give back what it holds.",
        )
        parser.add_argument(
            "--resolve", metavar="NOTE", help="Write down that you have looked at what needed attention."
        )
        parser.add_argument(
            "--send-confirmation", action="store_true", help="Send the confirmation of the paid order again."
        )
        parser.add_argument(
            "--send-link",
            type=_hours,
            metavar="HOURS",
            help="Send the payer of the unpaid order a link by which it can be paid for so long.",
        )
        parser.add_argument(
            "--close", action="store_true", help="Let Ping take no more payments for the order."
        )
        parser.add_argument(
            "--split", action="store_true", help="Let Ping divide the money, which ends refunds."
        )
        parser.add_argument("--settle", action="store_true", help="Let Ping pay the merchants out.")
        parser.add_argument(
            "--fast-forward",
            action="store_true",
            help="With --split or --settle: let Ping take the steps before it as well, where not done yet.",
        )
        parser.add_argument(
            "--forget",
            action="store_true",
            help="Remove what the logs hold of the payer.",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Do what was asked for, then show how it is."""
        payment_order = self._payment_order(options["number"])
        try:
            self._do(payment_order, options)
        except GatewayError as error:
            raise CommandError(f"Not done. Ping says: {error.words}") from error
        except PingPaymentsError as error:
            raise CommandError(f"Not done: {error}") from error
        self._show(self._payment_order(options["number"]))

    def _payment_order(self, number: str) -> PaymentOrder:
        payment_order = PaymentOrder.objects.filter(order_number=number).order_by("-pk").first()
        if payment_order is None:
            raise CommandError(f"No card payment was ever begun for an order {number}.")
        return payment_order

    def _do(self, payment_order: PaymentOrder, options: dict[str, Any]) -> None:
        person = facade.Person(getpass.getuser())
        if options["refresh"]:
            facade.refresh_all(payment_order.pk, person=person)
        if options["cancel"]:
            cancelled = facade.cancel(payment_order.pk, by="staff", person=person)
            if cancelled.state != "cancelled":
                raise CommandError("Not done: the order is not an unpaid one.")
        if options["resolve"] is not None and not facade.resolve(
            payment_order.pk, person=person, note=options["resolve"]
        ):
            raise CommandError("Not done: nothing about this order needs attention.")
        if options["send_confirmation"]:
            facade.send_confirmation_again(payment_order.pk, person=person)
        if options["send_link"] is not None:
            facade.send_payment_link(payment_order.pk, person=person, window=options["send_link"])
        if options["close"]:
            facade.close(payment_order.pk, person=person)
        if options["split"]:
            facade.split(payment_order.pk, fast_forward=options["fast_forward"], person=person)
        if options["settle"]:
            facade.settle(payment_order.pk, fast_forward=options["fast_forward"], person=person)
        if options["forget"]:
            gone = facade.forget_payer(payment_order.pk)
            self.stdout.write(
                f"Removed what {gone.exchanges} exchanges, {gone.callbacks} callbacks, {gone.attempts} "
                f"attempts and {gone.messages} messages held of the payer."
            )

    def _show(self, payment_order: PaymentOrder) -> None:
        say = self.stdout.write
        currency = payment_order.currency
        say(f"Order {payment_order.order_number}: {payment_order.get_state_display()}")
        say(f"  asked for {payment_order.amount} {currency}, paid {payment_order.amount_paid}", ending="")
        say(f", given back {payment_order.amount_refunded}")
        if payment_order.is_awaiting:
            say(f"  to be paid before {_time(payment_order.expires_at)}")
        self._show_difference(payment_order)
        say(f"  Ping's payment order {payment_order.ping_id} ({payment_order.environment})", ending="")
        say(f", {payment_order.get_status_display()}")
        if payment_order.attention:
            say(self.style.ERROR(f"  needs attention: {payment_order.get_attention_display()}"))
            say(f"  {payment_order.attention_detail}")
        for payment in payment_order.payments.order_by("number"):
            self._show_attempt(payment)

    def _show_difference(self, payment_order: PaymentOrder) -> None:
        order = payment_order.order
        if order is None:
            return
        for what, amount in (("the order comes", order.total_incl_tax), ("its lines come", comes_to(order))):
            if amount != payment_order.amount:
                self.stdout.write(
                    self.style.WARNING(
                        f"  {what} to {amount} {order.currency} by now: rounded, or edited since"
                    )
                )

    def _show_attempt(self, payment: Payment) -> None:
        say = self.stdout.write
        live = ", may still be paid" if payment.live else ""
        say(f"Attempt {payment.number}: {payment.status or 'not heard of yet'}{live}")
        say(f"  begun {_time(payment.created_at)}, Ping's payment {payment.ping_id or 'unknown'}")
        for words in (payment.error, payment.reason):
            if words:
                say(f"  {words}")
        for entry in payment.history:
            note = f" ({entry['note']})" if entry["note"] else ""
            at = _time(datetime.fromisoformat(entry["at"]))
            say(f"  {at}  {entry['status'] or 'no word'}, asked by {entry['by']}{note}")
        for refund in payment.refunds.order_by("pk"):
            say(f"  refund {refund.pk} of {refund}: {refund.get_state_display()}", ending="")
            done = _time(refund.refunded_at) if refund.refunded_at else ""
            say("".join(f", {more}" for more in (done, refund.status, refund.error, refund.by) if more))
        if payment.ask_again_at:
            say(f"  to be asked about again {_time(payment.ask_again_at)}")


def _hours(text: str) -> timedelta:
    try:
        return timedelta(hours=float(text))
    except (ValueError, OverflowError):
        raise ArgumentTypeError(f"{text!r} is not a number of hours") from None


def _time(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M:%S %Z}"
