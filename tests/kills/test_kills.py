"""C9: worker processes are killed at any line; after one sync all is as if they had not been."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator

import pytest

from .agreement import Agreement
from .campaign import Campaign
from .story import Stories


@pytest.fixture
def campaign(transactional_db, ping, tmp_path, seed) -> Iterator[Campaign]:
    """A shop with goods and a voucher, and a simulator; nothing has begun yet."""
    campaign = Campaign(ping, tmp_path, seed)
    yield campaign
    campaign.close()


def test_c9_shop_and_ping_agree_on_every_order_whenever_workers_are_killed(
    campaign, orders, seed, record_property
):
    began = time.monotonic()

    campaign.run(orders)

    killer, weather = campaign.killer, campaign.weather
    agreement = Agreement(campaign.ping, campaign.counter, campaign.letters, killer.interrupted())
    found = agreement.disagreements()
    hit = Counter(mark.kind for kill in killer.kills for mark in kill.hit)
    states = Counter(payment_order.state for payment_order in agreement.payment_orders)
    attention = Counter(row.attention for row in agreement.payment_orders if row.attention)
    answers = Counter(map(str, campaign.callbacks))
    for words in (
        f"seed {seed}, {time.monotonic() - began:.0f} seconds",
        f"orders: {len(agreement.payment_orders)} ({_told(states)})",
        f"payments at Ping: {sum(map(len, agreement.at_ping.values()))}",
        f"need attention: {attention.total()} ({_told(attention)})",
        f"requests handled: {killer.handled.total()}",
        f"kills: {len(killer.kills)}",
        f"kills that hit a request: {len(killer.hits)} ({_told(hit)})",
        f"faults of Ping's: {weather.faults.total()} ({_told(weather.faults)})",
        f"callbacks sent: {answers.total()} ({_told(answers)})",
        f"confirmations sent: {len(agreement.confirmations)} for {len(agreement.paid)} paid orders",
        f"confirmations sent twice, their sender was killed before noting it: {agreement.sent_twice}",
        f"sync: {campaign.synced}",
        f"errors of the shop's own: {len(campaign.errors)}",
        f"disagreements: {len(found)}",
    ):
        record_property("kills", words)
    stories = Stories(campaign, agreement)
    told = [
        "\n".join([f"{each or 'the shop'}:", *(f"  {line}" for line in words), stories.of(each)])
        for each, words in found.items()
    ]
    assert not found, "\n\n".join(told)
    assert not campaign.errors, "\n\n".join(campaign.errors)
    assert len(agreement.payment_orders) >= orders
    assert killer.hits


def _told(counts: Counter[str]) -> str:
    return ", ".join(f"{name} {count}" for name, count in counts.most_common())
