"""The same with a thousand payments in the tables and with a million: duplicates, repeats, claims, plans."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import time

from oscar_pingpayments.models import Callback, Effect, Payment
from oscar_pingpayments.simulator.testing import PingSimulator

from . import fill, load, queries, rows
from .callbacks import OURS
from .figures import heading, remark, say
from .servers import Shop, serve

MANY = 1_000_000
PAYMENTS, DUPLICATES = 10, 20
ROUNDS = 7
CLAIM_ROUNDS = 3
REPEATED = 800
CONNECTIONS = 8


def measure(ping: PingSimulator) -> None:
    """Print the figures of both sizes, and how many times longer the large one takes."""
    heading("Size: the same with 1 000 and with 1 000 000 payments in the tables, in turns")
    began = time.monotonic()
    fill.fill(MANY, using="large")
    counts = [f"{model.objects.using('large').count():,}" for model in (Payment, Callback, Effect)]
    remark(
        f"Payments, callbacks and effects in the large one: {', '.join(counts)}; "
        f"filled in {time.monotonic() - began:.0f} s."
    )
    with serve(os.environ["DATABASE_URL"]) as small, serve(os.environ["BENCH_LARGE_URL"]) as large:
        shops = {"default": small, "large": large}
        with small.client(DUPLICATES) as one, large.client(DUPLICATES) as other:
            _duplicates(ping, shops, {"default": one, "large": other})
        with small.client(CONNECTIONS) as one, large.client(CONNECTIONS) as other:
            _repeats({"default": one, "large": other})
    _claims_and_plans(ping)


def _duplicates(ping: PingSimulator, shops: dict[str, Shop], clients: dict[str, load.Client]) -> None:
    measured: dict[str, list[load.Load]] = {using: [] for using in shops}
    effects: dict[str, list[int]] = {using: [] for using in shops}
    for number in range(ROUNDS + 1):
        for using, shop in shops.items():
            tokens = rows.waiting_orders(ping.fill(PAYMENTS), using=using)
            calls = [load.post(OURS.format(token)) for token in tokens for _ in range(DUPLICATES)]
            before = shop.mails
            took = clients[using].send(calls)
            if number:  # the first round loads what the workers need
                measured[using].append(took)
                effects[using].append(shop.mails - before)
    title = f"{PAYMENTS} payments x {DUPLICATES} simultaneous duplicates"
    for using, name in (("default", "1 000"), ("large", "1 000 000")):
        say(f"{title}, {name} rows: effects", sorted(set(effects[using])), [PAYMENTS])
        say(
            f"{title}, {name} rows: seconds",
            f"{statistics.median(each.seconds for each in measured[using]):.2f}",
        )
    _say_ratio(title, load.ratio(measured["default"], measured["large"]))


def _repeats(clients: dict[str, load.Client]) -> None:
    tokens = {using: rows.paid_tokens(500, using=using) for using in clients}
    measured: dict[str, list[load.Load]] = {using: [] for using in clients}
    for number in range(ROUNDS + 1):
        for using, client in clients.items():
            calls = [load.post(OURS.format(tokens[using][n % 500])) for n in range(REPEATED)]
            took = client.send(calls)
            if number:
                measured[using].append(took)
    for using, name in (("default", "1 000"), ("large", "1 000 000")):
        say(f"repeated callbacks, {name} rows: per second", f"{load.median_rate(measured[using]):.0f}")
        say(f"repeated callbacks, {name} rows: p50 / p95 / p99, ms", load.percentiles(measured[using]))
    _say_ratio("repeated callbacks", load.ratio(measured["default"], measured["large"]))


def _claims_and_plans(ping: PingSimulator) -> None:
    urls = {"default": os.environ["DATABASE_URL"], "large": os.environ["BENCH_LARGE_URL"]}
    due = ping.fill(queries.DUE, "PENDING")
    for using in urls:
        rows.waiting_at_ping(due, using=using)
    told: dict[str, list[queries.Findings]] = {using: [] for using in urls}
    for _ in range(CLAIM_ROUNDS):
        for using, url in urls.items():
            told[using].append(_listen(ping, using, url))
    claim = {
        using: statistics.median(seconds for each in findings for seconds in each["claims"])
        for using, findings in told.items()
    }
    for using, name in (("default", "1 000"), ("large", "1 000 000")):
        say(f"claiming a batch of due work, {name} rows: ms", f"{claim[using] * 1000:.2f}")
    _say_ratio("claiming a batch of due work", f"{claim['large'] / claim['default']:.2f}")
    found = told["large"][0]
    say(f"sequential scans of our large tables, in {found['plans']} statements", len(found["scans"]), 0)
    for scan in found["scans"]:
        remark(scan)


def _listen(ping: PingSimulator, using: str, url: str) -> queries.Findings:
    """Let a process of its own call the hot path on one database, and tell what it asked."""
    rows.make_due(queries.DUE, using=using)
    completing, page = rows.waiting_orders(ping.fill(2), using=using)
    attempt = Payment.objects.using(using).select_related("payment_order").get(token=page)
    (paid,) = rows.paid_tokens(1, using=using)
    told = subprocess.run(
        [sys.executable, "-m", "tests.benchmarks.queries"],
        input=json.dumps([completing, page, attempt.payment_order.token, paid]),
        env={**os.environ, "DATABASE_URL": url},
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    findings: queries.Findings = json.loads(told.stdout)
    return findings


def _say_ratio(what: str, ratio: str) -> None:
    say(f"{what}: 1 000 000 rows / 1 000 rows", ratio, "at most 1.2")
