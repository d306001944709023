"""What a payer has done, laid down as the first one who did the same in this process left it.

Most tests begin with the same order, and placing it takes Oscar, Ping and us longer than most tests take. So
each process places it once, keeps the rows that came of it and what the simulator knew then, and puts both in
place for the next test that stands where the first one stood. Only in SQLite, where rows are put in place in
no time: in other databases every order is placed.
"""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass
from datetime import UTC, datetime
from http.cookies import BaseCookie
from typing import TYPE_CHECKING, Any

import pytest
from django.apps import apps
from django.conf import settings
from django.core import mail
from django.core.cache import cache
from django.db import connection
from django.utils import timezone

from oscar_pingpayments.simulator.testing import PingSimulator

if TYPE_CHECKING:
    from .shopper import Shopper

#: Fixtures that change nothing about what a payer does. Where any other came before, the payer does it.
HARMLESS = {
    "admin_client",
    "admin_user",
    "buyer",
    "change",
    "client",
    "clock",
    "commits",
    "customer",
    "db",
    "desk",
    "mailoutbox",
    "monkeypatch",
    "nobodys_language",
    "ping",
    "ping_simulator",
    "product",
    "request",
    "settings",
    "shop",
    "shopper",
    "staff",
    "started",
}
#: Tables that never change, and tables of people: a payer without an account does the same whoever there is.
CONSTANT = {"auth_permission", "django_content_type"}
PEOPLE = {"auth_user", "auth_user_user_permissions", "django_session"}

Row = tuple[Any, ...]
Rows = dict[str, dict[int, Row]]


@dataclass
class _Scene:
    """Where the payer stood, and what came of what they did."""

    settings: dict[str, Any]
    before: Rows
    came: dict[str, list[Row]]
    memory: int
    cookies: BaseCookie[str]
    mails: list[Any]
    began: datetime
    ended: datetime


_scenes: dict[str, list[_Scene]] = {}
_SO_FAR = pytest.StashKey[list[str]]()


def lay_down(
    request: pytest.FixtureRequest, ping: PingSimulator, shopper: Shopper, does: Callable[[], object]
) -> None:
    """Do what a fixture's payer ``does``, or lay it down."""
    if not _may_lay_down(request):
        does()
        return
    before = _rows()
    known = _scenes.setdefault(request.fixturename or "", [])
    for scene in known:
        if scene.settings == settings.PINGPAYMENTS and _alike(scene.before) == _alike(before):
            _put_in_place(scene, ping, shopper)
            return
    began = _now()
    does()
    known.append(
        _Scene(
            settings=dict(settings.PINGPAYMENTS),
            before=before,
            came=_what_came(before, _rows()),
            memory=ping.remember(),
            cookies=deepcopy(shopper.client.cookies),
            mails=deepcopy(mail.outbox),
            began=began,
            ended=_now(),
        )
    )


def pytest_fixture_setup(fixturedef: pytest.FixtureDef[Any], request: pytest.FixtureRequest) -> None:
    """Note which fixtures a test has, in the order in which it gets them."""
    request.node.stash.setdefault(_SO_FAR, []).append(fixturedef.argname)


def _may_lay_down(request: pytest.FixtureRequest) -> bool:
    if connection.vendor != "sqlite" or not connection.in_atomic_block:
        return False
    written = getattr(request.node, "callspec", None)
    so_far = set(request.node.stash[_SO_FAR]) - {request.fixturename}
    others = so_far - HARMLESS - set(written.params if written else ())
    return all(name.startswith(("_", "django_")) for name in others)


def _put_in_place(scene: _Scene, ping: PingSimulator, shopper: Shopper) -> None:
    later = _now() - scene.ended
    for table, rows in scene.came.items():
        marks = ", ".join("?" * len(rows[0]))
        connection.connection.executemany(
            f'INSERT OR REPLACE INTO "{table}" VALUES ({marks})',
            [[_written(value, scene.began, later) for value in row] for row in rows],
        )
    ping.recall(scene.memory)
    shopper.client.cookies = deepcopy(scene.cookies)
    mail.outbox[:] = deepcopy(scene.mails)
    cache.clear()


def _written(value: Any, began: datetime, later: Any) -> Any:
    if isinstance(value, datetime) and value >= began:
        value += later
    return str(value) if isinstance(value, datetime) else value


def _rows() -> Rows:
    rows: Rows = {}
    for model in apps.get_models(include_auto_created=True):
        table = model._meta.db_table
        if table not in CONSTANT and model._meta.managed:
            found = connection.connection.execute(f'SELECT rowid, * FROM "{table}"')
            rows[table] = {row[0]: row[1:] for row in found}
    return rows


def _what_came(before: Rows, after: Rows) -> dict[str, list[Row]]:
    came = {}
    for table, rows in after.items():
        assert before[table].keys() <= rows.keys(), f"rows of {table} are gone: they cannot be laid down"
        if new := [row for key, row in rows.items() if before[table].get(key) != row]:
            came[table] = new
    return came


def _alike(rows: Rows) -> Rows:
    return {
        table: {
            key: tuple(None if isinstance(value, datetime) else value for value in row)
            for key, row in found.items()
        }
        for table, found in rows.items()
        if found and table not in PEOPLE
    }


def _now() -> datetime:
    return timezone.now().astimezone(UTC).replace(tzinfo=None)
