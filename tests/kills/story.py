"""The whole story of one order: what its payer saw, what either side has, and what was killed meanwhile."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from django.utils import timezone

from oscar_pingpayments.models import Callback, PaymentOrder

from .agreement import Agreement
from .browser import Browser
from .campaign import LATER, Campaign


class Stories:
    """Tells the story of an order from what was kept of the campaign."""

    def __init__(self, campaign: Campaign, agreement: Agreement) -> None:
        self._agreement = agreement
        self._callbacks = campaign.ping.made_callbacks()
        self._browsers = campaign.browsers
        self._kills = campaign.killer.kills
        self._synced_at = campaign.synced_at
        self._log = campaign.log.read_text().splitlines() if campaign.log.exists() else []

    def of(self, payment_order: PaymentOrder | None) -> str:
        """Return the story; of the shop as a whole there is none."""
        if payment_order is None:
            return ""
        return "\n".join(f"    {line}" for line in self._told(payment_order))

    def _told(self, payment_order: PaymentOrder) -> Iterator[str]:
        yield _row(payment_order)
        payments = list(payment_order.payments.order_by("number"))
        for rows in (payments, payment_order.effects.order_by("pk"), self._oscar(payment_order)):
            yield from map(_row, rows)
        for payment in self._agreement.at_ping[str(payment_order.ping_id)]:
            history = [(entry["status"], entry["occurred_at"]) for entry in payment["status_history"]]
            yield f"at Ping: {payment['id']} {payment['metadata']} {history}"
        pages = [urlsplit(payment.pay_url).path for payment in payments if payment.pay_url]
        tokens = [payment_order.token, *(payment.token for payment in payments), *pages]
        for at, words in sorted(self._happened(payment_order, tokens)):
            yield f"{_time(at)} {words}"
        for made in self._callbacks:
            if any(token in made["url"] for token in tokens):
                yield f"callback {made['body']}: {made['attempts'] or 'to come'}"
        yield from (line for line in self._log if f"#{payment_order.order_number} " in line)

    def _oscar(self, payment_order: PaymentOrder) -> Iterator[Any]:
        order: Any = payment_order.order
        yield order
        for rows in (order.status_changes, order.payment_events, order.sources, order.notes):
            yield from rows.all()
        for source in order.sources.all():
            yield from source.transactions.all()

    def _happened(self, payment_order: PaymentOrder, tokens: list[str]) -> Iterator[tuple[float, str]]:
        """What happened about the order, with the instants in which it did."""
        for said in payment_order.exchanges.all():
            words = f"asks Ping {said.method} {said.path}: {said.status_code or said.error}"
            yield self._when(said.at), f"{words}, {said.milliseconds} ms"
        for call in Callback.objects.filter(payment__payment_order=payment_order).select_related("payment"):
            yield self._when(call.at), f"is called about attempt {call.payment.number}: {call.outcome}"
        for letter in self._agreement.letters(payment_order):
            yield letter.at, f"confirmation sent in {letter.request or 'the sync'}"
        browsers = [each for each in self._browsers if _shows(each, tokens, payment_order.order_number)]
        for browser in browsers:
            for at, words in browser.diary:
                yield at, f"payer {browser.name}: {words}"
        names = {browser.name for browser in browsers}
        for kill in self._kills:
            for mark in kill.hit:
                if mark.payer in names or any(token in mark.what for token in tokens):
                    after = f"{(kill.at - mark.at) * 1000:.0f} ms into {mark.what} of {mark.payer or 'Ping'}"
                    yield kill.at, f"KILLED {kill.pid}, {after}"

    def _when(self, at: datetime) -> float:
        """Return when something happened that was written before time was made to pass."""
        return (at + LATER if at < self._synced_at - LATER else at).timestamp()


def _shows(browser: Browser, tokens: Iterable[str], number: str) -> bool:
    return any(token in words for _, words in browser.diary for token in (*tokens, f" {number}"))


def _time(at: float) -> str:
    return datetime.fromtimestamp(at, tz=timezone.get_default_timezone()).strftime("%H:%M:%S.%f")


def _row(row: Any) -> str:
    values = {field.attname: getattr(row, field.attname) for field in row._meta.concrete_fields}
    kept = ", ".join(f"{key}={value}" for key, value in values.items() if value not in (None, "", {}))
    return f"{row._meta.object_name}: {kept}"
