"""Callbacks per second, ours beside views written by hand, in turns; and where the time of ours goes."""

from __future__ import annotations

import os
from dataclasses import dataclass, field

from oscar_pingpayments.simulator.testing import PingSimulator

from . import breakdown, load, rows
from .figures import heading, remark, say
from .servers import Shop, serve

ROUNDS = 7
CONNECTIONS = 8
REPEATED = 1000
COMPLETING = 150
#: The view that does the least is several times as fast, and shall take about as long.
LEAST = 450
WARM_UP = 50


@dataclass
class View:
    """One of those that are compared: its address, and how many requests a round of it has."""

    name: str
    path: str
    tokens: list[str]
    each: int
    rounds: list[load.Load] = field(default_factory=list)

    def warm_up(self, client: load.Client) -> None:
        """Let every worker load what it needs."""
        self._send(client, WARM_UP)

    def round(self, client: load.Client) -> None:
        """Measure one round."""
        self.rounds.append(self._send(client, self.each))

    def _send(self, client: load.Client, count: int) -> load.Load:
        tokens, self.tokens = self.tokens[:count], self.tokens[count:]
        return client.send([load.post(self.path.format(token)) for token in tokens])

    def tell(self) -> None:
        """Print the figures."""
        say(f"{self.name}: per second", f"{load.median_rate(self.rounds):.0f}")
        say(f"{self.name}: p50 / p95 / p99, ms", load.percentiles(self.rounds))


OURS = "/pingpayments/callback/{}/"


def measure(ping: PingSimulator) -> None:
    """Print the figures of both kinds of callbacks."""
    heading(
        f"Callbacks: gunicorn on PostgreSQL, {CONNECTIONS} connections, Ping at 0 ms, "
        f"{ROUNDS} rounds in turns (median; ratios with their range)"
    )
    with serve(os.environ["DATABASE_URL"]) as shop:
        _repeated(shop)
        _completing(shop, ping)
    breakdown.measure(ping)


def _repeated(shop: Shop) -> None:
    remark("By hand: one select by token, one insert into the log. The same tables, middleware and server.")
    needed = WARM_UP + ROUNDS * REPEATED
    tokens = rows.paid_tokens(500)
    tokens *= needed // len(tokens) + 1
    ours = View("repeated callback, ours", OURS, tokens, REPEATED)
    by_hand = View("repeated callback, by hand", "/baseline/repeated/{}/", tokens, REPEATED)
    _in_turns(shop, ours, by_hand)
    say("repeated callback: ours / by hand", _ratio(ours, by_hand), "at least 0.7")


def _completing(shop: Shop, ping: PingSimulator) -> None:
    remark(
        "By hand: one insert into the log, one GET over a pooled connection, one transaction with one select "
        "for update and one update. With Oscar: and Oscar's own rows and e-mail, through Oscar's own classes."
    )

    def tokens(each: int, *, orders: bool) -> list[str]:
        ids = ping.fill(WARM_UP + ROUNDS * each)
        return rows.waiting_orders(ids) if orders else rows.waiting_payments(ids)

    ours = View("completing callback, ours", OURS, tokens(COMPLETING, orders=True), COMPLETING)
    with_oscar = View(
        "completing callback, by hand, with Oscar",
        "/baseline/completing-with-oscar/{}/",
        tokens(COMPLETING, orders=True),
        COMPLETING,
    )
    least = View(
        "completing callback, by hand, Ping alone",
        "/baseline/completing/{}/",
        tokens(LEAST, orders=False),
        LEAST,
    )
    before = shop.mails
    _in_turns(shop, ours, with_oscar, least)
    say("completing callback: ours / by hand, with Oscar", _ratio(ours, with_oscar))
    say("completing callback: ours / by hand, Ping alone", _ratio(ours, least))
    paid = 2 * (WARM_UP + ROUNDS * COMPLETING)
    say("completing callback: e-mails for each paid order", f"{(shop.mails - before) / paid:g}", 1)


def _in_turns(shop: Shop, *views: View) -> None:
    with shop.client(CONNECTIONS) as client:
        for view in views:
            view.warm_up(client)
        for number in range(ROUNDS):
            # Each is first as often as the others: what one leaves to the database must not hit the same.
            for place in range(len(views)):
                views[(place + number) % len(views)].round(client)
    for view in views:
        view.tell()
    own = sum(each.own for view in views for each in view.rounds)
    seconds = sum(each.seconds for view in views for each in view.rounds)
    say("  the client's own share of one processor", f"{own / seconds:.0%}")


def _ratio(one: View, other: View) -> str:
    return load.ratio(one.rounds, other.rounds)
