"""The races' own short cut: a copy of an order is what a payer leaves who places the same."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest

from oscar_pingpayments.models import Payment
from tests.rows import Rows, columns, rows, what_came

from .copies import NOT_COPIED, references
from .counter import PAID, QUANTITY, call_back


def test_a_copy_is_what_a_payer_leaves(counter, ping):
    counter.payments(5)

    (copy,), copied = after(lambda: counter.payments(1), ping)
    ((_, placed),), really = after(lambda: counter.payers(counter.browsers(1)), ping)

    assert copied == really
    assert copy.payment_order.order.lines.get().quantity == QUANTITY
    counter.assert_holds()
    for payment in (copy, placed):
        ping.pay(payment.pay_url)
        assert call_back(payment) == 200
        assert counter.end(payment.payment_order_id) == PAID


@pytest.mark.parametrize("count", [1, 4, 5, 30])
def test_all_are_there_in_the_order_in_which_they_were_placed(counter, ping, count):
    payments = counter.payments(count)

    assert payments == list(Payment.objects.order_by("pk"))
    assert [str(row.ping_id) for row in payments] == [answer["id"] for answer in ping.payments()]
    assert len({row.token for row in payments} | {row.payment_order.token for row in payments}) == 2 * count
    counter.assert_holds()


def after(does: Callable[[], Any], ping: Any) -> tuple[Any, Any]:
    """Return what it returned, and what came of it here and at Ping, but for when and under what names."""
    before, calls = rows(), len(ping.calls())
    result = does()
    came = {table: found for table, found in what_came(before, rows()).items() if table not in NOT_COPIED}
    payment = Payment.objects.latest("pk")
    order = payment.payment_order
    assert payment.items[0].pop("line") == order.order.lines.get().pk
    names = [payment.token, payment.pay_url, str(payment.ping_id), order.token, str(order.ping_id)]
    names.append(order.order_number)
    new = {table: sorted(found.keys() - before.get(table, {}).keys()) for table, found in came.items()}

    def plain(value: Any, among: list[Any]) -> Any:
        if value in among:
            return f"key {among.index(value)}"
        text = "" if isinstance(value, datetime) else re.sub(r'"line": \d+', "", str(value))
        for place, name in enumerate(names):
            text = text.replace(name, f"name {place}")
        return text

    here = {
        table: [
            [
                plain(value, new.get(references(table).get(column, ""), []))
                for column, value in zip(columns(table), found[key], strict=True)
                if column != "milliseconds"
            ]
            for key in new[table]
        ]
        for table, found in came.items()
    }
    asked = [(call["path"], call["body"], sorted(call["headers"])) for call in ping.calls()[calls:]]
    return result, (here, growth(before, came), plain(asked, []))


def growth(before: Rows, came: Rows) -> list[tuple[str, Any, str, Any]]:
    """Return by how much each counter has grown."""
    return [
        (table, key, column, now - then)
        for table, found in came.items()
        for key in found.keys() & before.get(table, {}).keys()
        for column, then, now in zip(columns(table), before[table][key], found[key], strict=True)
        if now != then and not isinstance(now, datetime)
    ]
