"""Where the time of a completing callback goes: Ping, the database by table, Oscar's code and ours."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import wraps
from typing import Any
from unittest.mock import patch

from django.db import connection
from django.test import Client
from django.urls import reverse
from oscar.core.loading import get_class

from oscar_pingpayments import facade, ledger
from oscar_pingpayments.gateway.transport import Transport
from oscar_pingpayments.simulator.testing import PingSimulator

from . import rows
from .figures import heading, is_ours, say, table_of

CALLBACKS = 200
WARM_UP = 20

DJANGO = "Django: request, middleware, answer"
OURS = "our code, and Django's for our rows"
OSCARS_ROWS = "Oscar's models and status handler, and Django's for them"
OSCARS_MAIL = "Oscar's confirmation e-mail, without its SQL"
PING = "the GET to Ping, with its client and the simulator"
COMMIT = "database: begins, savepoints and commits"


class Clock:
    """Time by what was going on, each moment counted once: for what began last."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = defaultdict(float)
        self.times: dict[str, int] = defaultdict(int)
        self._doing: list[str] = []
        self._since = 0.0

    @contextmanager
    def doing(self, what: str) -> Iterator[None]:
        """Count the block's time for ``what``."""
        self._turn()
        self._doing.append(what)
        self.times[what] += 1
        try:
            yield
        finally:
            self._turn()
            self._doing.pop()

    def _turn(self) -> None:
        now = time.perf_counter()
        if self._doing:
            self.seconds[self._doing[-1]] += now - self._since
        self._since = now

    def around(self, owner: Any, name: str, what: str) -> Any:
        """Return a patch that counts a function's time."""
        function = getattr(owner, name)

        @wraps(function)
        def counted(*args: Any, **kwargs: Any) -> Any:
            with self.doing(what):
                return function(*args, **kwargs)

        return patch.object(owner, name, counted)

    def statement(self, execute: Callable[..., Any], sql: str, *rest: Any) -> Any:
        """Count a statement for its table; Django calls this."""
        whose = "ours" if is_ours(sql) else "Oscar's"
        table = table_of(sql)
        with self.doing(f"database, {whose}: {table}" if table else COMMIT):
            return execute(sql, *rest)


def measure(ping: PingSimulator) -> None:
    """Print the shares of an average completing callback, in one process that does nothing else."""
    tokens = rows.waiting_orders(ping.fill(WARM_UP + CALLBACKS))
    client = Client()

    def call(token: str) -> None:
        response = client.post(
            reverse("pingpayments:callback", args=[token]),
            '{"status": "COMPLETED"}',
            content_type="application/json",
        )
        assert response.status_code == 200

    for token in tokens[:WARM_UP]:
        call(token)
    clock = Clock()
    with ExitStack() as stack:
        stack.enter_context(connection.execute_wrapper(clock.statement))
        for owner, name, what in _parts():
            stack.enter_context(clock.around(owner, name, what))
        for token in tokens[WARM_UP:]:
            with clock.doing(DJANGO):
                call(token)
    _tell(clock)


def _parts() -> list[tuple[Any, str, str]]:
    return [
        (facade.callbacks.refreshing, "ask", OURS),
        (facade, "receive", OURS),
        (Transport, "_ask", PING),
        (connection, "_commit", COMMIT),
        (connection, "_set_autocommit", COMMIT),
        (ledger.orders, "set_status", OSCARS_ROWS),
        (ledger.orders, "note", OSCARS_ROWS),
        (ledger.sources, "record", OSCARS_ROWS),
        (ledger.sources, "add_transaction", OSCARS_ROWS),
        (ledger.sources, "add_event", OSCARS_ROWS),
        (get_class("order.utils", "OrderDispatcher"), "send_order_placed_email_for_user", OSCARS_MAIL),
    ]


def _tell(clock: Clock) -> None:
    def said(seconds: float) -> str:
        return f"{seconds / CALLBACKS * 1000:.2f}"

    heading(
        f"Where a completing callback's time goes: ms, average of {CALLBACKS} in one process, no gunicorn"
    )
    total = sum(clock.seconds.values())
    say("all of it", said(total))
    for what in (DJANGO, OURS, PING, OSCARS_ROWS, OSCARS_MAIL, COMMIT):
        say(f"  {what}", said(clock.seconds.pop(what, 0)))
    for whose in ("ours", "Oscar's"):
        mine = {what: spent for what, spent in clock.seconds.items() if what.startswith(f"database, {whose}")}
        count = sum(clock.times[what] for what in mine) / CALLBACKS
        say(f"  database, {whose}: {count:g} statements", said(sum(mine.values())))
        for what, spent in sorted(mine.items(), key=lambda pair: -pair[1]):
            say(f"    {what.partition(': ')[2]} x {clock.times[what] / CALLBACKS:g}", said(spent))
