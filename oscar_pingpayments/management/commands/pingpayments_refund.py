"""``manage.py pingpayments_refund NUMBER``: give back the money of one order, or parts of it."""

from __future__ import annotations

import getpass
from argparse import ArgumentParser, ArgumentTypeError
from collections import Counter
from decimal import Decimal, InvalidOperation
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from oscar_pingpayments import facade
from oscar_pingpayments.exceptions import GatewayError, OutcomeUnknownError, PingPaymentsError
from oscar_pingpayments.facade import RefundablePayment
from oscar_pingpayments.models import PaymentOrder, Refund

#: The exit code where nobody knows yet whether Ping has the refund. (1: nothing was refunded.)
UNKNOWN = 3


class Command(BaseCommand):
    """Refund an order by card."""

    help = (
        "Shows what can be refunded of one order; with --all, --amount, --line, --shipping or --surcharges, "
        f"refunds that. Exits with 1 where nothing was refunded, with {UNKNOWN} where that is not known yet."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Add the order's number, what is to go back, and why."""
        parser.add_argument("number", help="The number of Oscar's order.")
        parser.add_argument("--all", action="store_true", help="Everything that is left.")
        parser.add_argument("--amount", type=_amount, help="An amount, in the order's currency.")
        parser.add_argument(
            "--line",
            type=_pieces,
            action="append",
            default=[],
            metavar="LINE:QUANTITY",
            help="So many pieces of a line; the lines' numbers are shown. May be given several times.",
        )
        parser.add_argument("--shipping", action="store_true", help="What is left of shipping.")
        parser.add_argument("--surcharges", action="store_true", help="What is left of surcharges.")
        parser.add_argument(
            "--attempt",
            type=int,
            metavar="NUMBER",
            help="Of this attempt to pay, where several brought money (default: the one that paid).",
        )
        parser.add_argument("--reason", choices=Refund.Reason.values, default="requested_by_customer")
        parser.add_argument("--description", default="", help="For the shop and Ping.")
        parser.add_argument("--message", default="", help="Shown to the payer.")
        parser.add_argument(
            "--restock",
            action="store_true",
            default=None,
            help="Put the pieces back in stock (default: the RESTOCK_REFUNDED setting).",
        )
        parser.add_argument("--key", help="A name of your own for this refund: with it, it is made once.")
        parser.add_argument("--yes", action="store_true", help="Do not ask whether you are sure.")
        parser.add_argument(
            "--set-aside",
            type=int,
            metavar="REFUND",
            help="Say that Ping does not have a refund, and will not make it; needs --description.",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Do what was asked for, then show how it is."""
        payment_order = PaymentOrder.objects.filter(order_number=options["number"]).order_by("-pk").first()
        if payment_order is None:
            raise CommandError(f"No card payment was ever begun for an order {options['number']}.")
        try:
            if options["set_aside"] is not None:
                self._set_aside(payment_order, options)
            elif options["all"] or _names_parts(options):
                self._refund(payment_order, options)
        except OutcomeUnknownError as error:
            raise CommandError(
                f"It is not known whether Ping has the refund ({error.words}). It is looked up by itself; do "
                "not ask for it again.",
                returncode=UNKNOWN,
            ) from error
        except GatewayError as error:
            raise CommandError(f"Nothing was refunded. Ping says: {error.words}") from error
        except PingPaymentsError as error:
            raise CommandError(f"Nothing was refunded. {error}") from error
        self._show(payment_order)

    def _refund(self, payment_order: PaymentOrder, options: dict[str, Any]) -> None:
        if options["all"] and _names_parts(options):
            raise CommandError("Either --all or parts of it.")
        attempt = options["attempt"]
        payment = payment_order.payments.filter(number=attempt).first() if attempt else None
        if attempt and payment is None:
            raise CommandError(f"The order has no attempt {attempt}.")
        seen = facade.refundable(payment_order).seen
        if not options["yes"]:
            self._show(payment_order)
            if input("Refund this? [y/N] ").strip().lower() not in ("y", "yes"):
                raise CommandError("Nothing was refunded.")
        made = facade.refund(
            payment_order.pk,
            amount=options["amount"],
            lines=_sums(options["line"]),
            shipping=options["shipping"],
            surcharges=options["surcharges"],
            payment_id=payment.pk if payment else None,
            reason=options["reason"],
            description=options["description"],
            message=options["message"],
            restock=options["restock"],
            key=options["key"],
            seen=None if options["key"] else seen,
            person=facade.Person(getpass.getuser()),
        )
        self.stdout.write(self.style.SUCCESS(f"Ping has the refund of {made}."))

    def _set_aside(self, payment_order: PaymentOrder, options: dict[str, Any]) -> None:
        made = Refund.objects.filter(pk=options["set_aside"], payment__payment_order=payment_order).first()
        if made is None:
            raise CommandError(f"The order has no refund {options['set_aside']}.")
        if not options["description"]:
            raise CommandError("Say in --description what you have found out.")
        facade.set_refund_aside(made.pk, person=facade.Person(getpass.getuser()), note=options["description"])

    def _show(self, payment_order: PaymentOrder) -> None:
        payment_order.refresh_from_db()
        found = facade.refundable(payment_order)
        say = self.stdout.write
        say(f"Order {payment_order.order_number}: {payment_order.get_state_display()}")
        if found.why_not:
            say(f"  {found.why_not}")
        for payment in found.payments:
            self._show_payment(payment)

    def _show_payment(self, found: RefundablePayment) -> None:
        say = self.stdout.write
        say(f"Attempt {found.payment.number}: paid {found.paid} {found.payment.currency}", ending="")
        say(f", refunded {found.refunded}, on its way {found.reserved}, left {found.left}")
        for item in found.items:
            line = f"line {item.line_id}: " if item.line_id else ""
            say(f"  {line}{item.name}: {item.quantity_left} of {item.quantity}, {item.left} of {item.paid}")
        for refund in found.refunds:
            words = ", ".join(filter(None, (refund.get_state_display(), refund.status, refund.error)))
            say(f"  refund {refund.pk} of {refund}: {words}")


def _names_parts(options: dict[str, Any]) -> bool:
    chosen = options["line"] or options["shipping"] or options["surcharges"]
    return bool(chosen) or options["amount"] is not None


def _sums(pieces: list[tuple[int, int]]) -> dict[int, int]:
    sums: Counter[int] = Counter()
    for line, quantity in pieces:
        sums[line] += quantity
    return dict(sums)


def _amount(text: str) -> Decimal:
    try:
        return Decimal(text)
    except InvalidOperation:
        raise ArgumentTypeError(f"{text!r} is not an amount such as 149.50") from None


def _pieces(text: str) -> tuple[int, int]:
    line, _, quantity = text.partition(":")
    if not line.isdecimal() or not quantity.isdecimal():
        raise ArgumentTypeError(f"{text!r} is not a line and a quantity such as 12:1")
    return int(line), int(quantity)
