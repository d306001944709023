"""Copies of an order: its rows with keys, numbers and tokens of their own, and Ping asked for each of them.

Placing an order takes Oscar longer than most races take, and a race needs a hundred of them.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from decimal import Decimal
from functools import cache
from typing import Any
from uuid import UUID

import requests
from django.apps import apps
from django.db import connection, transaction

from oscar_pingpayments.models import Payment
from oscar_pingpayments.models.tokens import new_token
from oscar_pingpayments.simulator import API_SECRET
from oscar_pingpayments.simulator.testing import PingSimulator
from tests.numbers import count_from, numbers
from tests.rows import Row, columns, insert, keys, named, rows, what_came

#: A payer who only stands at PaymentIQ's page has no use for a session.
NOT_COPIED = {"django_session"}
#: How Oscar makes an order's number of its basket's.
FIRST_NUMBER = 100_000


class Pattern:
    """An order that was placed, and what came of it: new rows, and counters that have grown."""

    def __init__(self, place: Callable[[], Payment], ping: PingSimulator) -> None:
        before, calls = rows(), len(ping.calls())
        self.payment = place()
        self._order = self.payment.payment_order
        self._calls = ping.calls()[calls:]
        came = what_came(before, rows())
        self._new: dict[str, dict[Any, Row]] = {}
        self._grown: list[tuple[str, Any, str, Decimal]] = []
        for table in came.keys() - NOT_COPIED:
            known = before.get(table, {})
            if new := {key: row for key, row in came[table].items() if key not in known}:
                self._new[table] = new
            for key in came[table].keys() & known.keys():
                changes = zip(columns(table), known[key], came[table][key], strict=True)
                self._grown += [
                    (table, key, column, now - then)
                    for column, then, now in changes
                    if isinstance(now, int | Decimal) and now != then
                ]

    def copies(self, count: int) -> list[Payment]:
        """Return the attempts of so many orders that are like this one."""
        keys_of = self._keys(count)
        with requests.Session() as session, transaction.atomic():
            words = [self._asks_ping(session, own) for own in keys_of]
            for table, pattern in self._new.items():
                insert(
                    table,
                    [
                        self._copied(table, row, own, said)
                        for own, said in zip(keys_of, words, strict=True)
                        for row in pattern.values()
                    ],
                )
            with connection.cursor() as cursor:
                for table, key, column, growth in self._grown:
                    cursor.execute(
                        f"UPDATE {named(table)} SET {named(column)} = {named(column)} + %s"
                        f" WHERE {named(keys()[table])} = %s",
                        [growth * count, key],
                    )
        attempts = [own["pingpayments_payment", self.payment.pk] for own in keys_of]
        found = Payment.objects.select_related("payment_order__order").in_bulk(attempts)
        return [found[key] for key in attempts]

    def _keys(self, count: int) -> list[dict[tuple[str, Any], int]]:
        """Return for each copy the keys of its rows, by the pattern's."""
        last = numbers()
        made: list[dict[tuple[str, Any], int]] = [{} for _ in range(count)]
        for table, pattern in self._new.items():
            for own in made:
                for key in pattern:
                    last[table] += 1
                    own[table, key] = last[table]
        count_from({table: last[table] for table in self._new})
        return made

    def _asks_ping(self, session: requests.Session, own: dict[tuple[str, Any], int]) -> dict[str, str]:
        """Ask Ping for a payment order and a payment as the pattern did; return what is written otherwise."""
        number = FIRST_NUMBER + own["basket_basket", self._order.order.basket_id]
        words = {
            self._order.order_number: str(number),
            self._order.token: new_token(),
            self.payment.token: new_token(),
        }
        for call, ping_id in zip(self._calls, (self._order.ping_id, self.payment.ping_id), strict=True):
            answer = session.request(
                call["method"],
                f"http://{call['headers']['Host']}{_said(call['path'], words)}",
                json=json.loads(_said(json.dumps(call["body"]), words)),
                headers=_headers(call["headers"]),
            ).json()
            words[str(ping_id)] = answer["id"]
        words[self.payment.pay_url] = answer["provider_method_response"]["pay_url"]
        return words

    def _copied(
        self, table: str, row: Row, own: dict[tuple[str, Any], int], words: dict[str, str]
    ) -> list[Any]:
        return [
            _own(column, value, references(table).get(column), own, words)
            for column, value in zip(columns(table), row, strict=True)
        ]


def _own(
    column: str, value: Any, table: str | None, own: dict[tuple[str, Any], int], words: dict[str, str]
) -> Any:
    if table is not None:
        return own.get((table, value), value)
    if isinstance(value, UUID):
        return UUID(_said(str(value), words))
    if column == "items":  # an attempt's, in which an order's lines are named
        items = json.loads(value)
        return json.dumps([{**item, "line": own.get(("order_line", item.get("line")))} for item in items])
    return _said(value, words) if isinstance(value, str) else value


def _headers(shown: dict[str, str]) -> dict[str, str | None]:
    """Return a call's headers as they were sent: the simulator shows them as WSGI names them."""
    credentials = {"tenant_id": shown["Tenant-Id"], "X-Api-Secret": API_SECRET}
    return {**shown, **credentials, "Tenant-Id": None, "Content-Length": None}


def _said(text: str, words: dict[str, str]) -> str:
    for word, other in words.items():
        text = text.replace(word, other)
    return text


@cache
def references(table: str) -> dict[str, str]:
    """Return the columns of a table that hold a key, and of which table."""
    (model,) = [
        model for model in apps.get_models(include_auto_created=True) if model._meta.db_table == table
    ]
    found = {
        field.column: field.related_model._meta.db_table
        for field in model._meta.concrete_fields
        if field.remote_field
    }
    return {**found, keys()[table]: table}
