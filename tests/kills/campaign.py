"""The campaign: payers, Ping's weather and the killer at the same time, until enough orders are placed."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from random import Random
from typing import Any

from django.apps import apps
from django.contrib.auth import get_user_model
from django.db import connection, models
from django.db.models import F
from django.utils import timezone

from oscar_pingpayments.models import PaymentOrder
from oscar_pingpayments.simulator.testing import PingSimulator
from tests.concurrency.counter import ShopCounter
from tests.serving import gunicorn

from .browser import Browser
from .killer import Killer
from .mail import Letter, letters
from .marks import Marks
from .payers import Payer
from .weather import Weather

WORKERS, THREADS = 3, 8
HTTP_ERROR = 500  # 503 asks for a repeat
#: So many payers are in the shop at the same time.
CROWD = 8
#: How many in ten walk through all of the checkout; the others begin at its last page. And how many of these
#: have an account.
WALK_IN, HAVE_ACCOUNT = 1, 2
#: The payment window is an hour, and everything else that is waited for is less.
LATER = timedelta(hours=2)
#: Seconds after which the shop is thought to be stuck.
LONGEST = 1800
#: Seconds that the last requests and callbacks have to come to an end.
LAST = 30
#: Ping's callbacks are at an end when there were none for so long, in seconds.
STILL = 3


class Campaign:
    """One campaign in a folder of its own: what was started, what happened, and what is left of it."""

    def __init__(self, ping: PingSimulator, folder: Path, seed: int) -> None:
        self.ping = ping
        self.counter = ShopCounter(ping)
        self.browsers: list[Browser] = []
        self.log = folder / "log"
        self._letters = folder / "letters"
        self._letters.touch()
        self._seed = seed
        self._marks = Marks(str(folder / "marks"))
        self.killer = Killer(self._marks, self._chance("killer"))
        self.weather = Weather(ping, self._chance("weather"), self.killer.handled.total)
        self._environ = {
            "DJANGO_SETTINGS_MODULE": "tests.kills.settings",
            "DATABASE_URL": _url_of(connection.settings_dict),
            "KILLS_PING": ping.settings()["BASE_URL"],
            "KILLS_MARKS": self._marks.address,
            "KILLS_LETTERS": str(self._letters),
            "KILLS_LOG": str(self.log),
        }

    def run(self, orders: int) -> None:
        """Let orders be placed and paid while workers are killed, then let one sync put all in order."""
        with (
            gunicorn("tests.kills.wsgi", workers=WORKERS, threads=THREADS, environ=self._environ) as port,
            _beside(self.killer.run),
        ):
            self.ping.send_callbacks()
            self.killer.armed.set()
            with _beside(self.weather.faults_come), _beside(self.weather.callbacks_come):
                self._let_payers_in(f"http://127.0.0.1:{port}", orders)
            self.killer.armed.clear()
            self.ping.clear_faults()
            self._let_all_end()
            let_time_pass()
            self.synced_at = timezone.now()
            self.synced = self._sync()
            self._let_all_end()

    def close(self) -> None:
        """Take no more marks."""
        self._marks.close()

    @property
    def letters(self) -> list[Letter]:
        """The e-mails that have left the shop."""
        return letters(self._letters)

    @property
    def callbacks(self) -> list[int | str]:
        """The shop's answers to all of Ping's calls, repeats included; or why there was none."""
        return [answer for callback in self.ping.made_callbacks() for answer in callback["attempts"]]

    @property
    def errors(self) -> list[str]:
        """What was an error of the shop's own: pages, answers to callbacks, what the sync could not do."""
        pages = [error for browser in self.browsers for error in browser.errors]
        calls = [
            f"a callback was answered with {answer}" for answer in self.callbacks if answer == HTTP_ERROR
        ]
        return [*pages, *calls, *([] if ", failed 0," in self.synced else [f"the sync: {self.synced}"])]

    def _chance(self, name: str) -> Random:
        return Random(f"{self._seed} {name}")

    def _let_payers_in(self, shop: str, orders: int) -> None:
        """Let one payer after the other in, until enough orders are placed."""
        room = threading.Semaphore(CROWD)
        lives: list[Future[None]] = []

        def live(payer: Payer, enter: Callable[[], None]) -> None:
            try:
                enter()
                payer.lives()
            finally:
                room.release()

        deadline = time.monotonic() + LONGEST
        with ThreadPoolExecutor(CROWD) as pool:
            while PaymentOrder.objects.count() < orders:
                assert time.monotonic() < deadline, "the shop takes no orders any more"
                for life in [life for life in lives if life.done()]:
                    life.result()
                    lives.remove(life)
                if room.acquire(timeout=1):
                    lives.append(pool.submit(live, *self._payer(shop)))
        for life in lives:
            life.result()

    def _payer(self, shop: str) -> tuple[Payer, Callable[[], None]]:
        name = str(len(self.browsers))
        chance = self._chance(f"payer {name}")
        quantity = chance.randint(1, 3)
        if chance.randrange(10) < WALK_IN:
            payer = Payer(Browser(shop, name), self.ping, chance)
            product, voucher = self.counter.product.pk, self.counter.voucher.code
            enter = lambda: payer.walks_in(product, quantity, voucher)  # noqa: E731
        else:
            customer = None
            if chance.randrange(10) < HAVE_ACCOUNT:
                customer = get_user_model().objects.create_user(name, f"customer{name}@example.org")
            cookies = self.counter.browser(customer, quantity=quantity).cookies
            payer = Payer(Browser(shop, name, cookies), self.ping, chance)
            enter = lambda: None  # noqa: E731
        self.browsers.append(payer.browser)
        return payer, enter

    def _let_all_end(self) -> None:
        """Wait until no request is under way, and no callback has been for a while."""
        deadline, since, seen = time.monotonic() + LAST, time.monotonic(), -1
        while time.monotonic() - since < STILL:
            assert time.monotonic() < deadline, "the shop does not come to an end"
            handled = self.killer.handled.total()
            if handled != seen or not self.killer.is_quiet:
                since, seen = time.monotonic(), handled
            time.sleep(0.1)

    def _sync(self) -> str:
        """Run one sync as a process of its own, and return the line that it printed."""
        done = subprocess.run(
            [sys.executable, "-m", "django", "pingpayments_sync"],
            env={**os.environ, **self._environ},
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )
        assert done.returncode in (0, 1), done.stderr
        return done.stdout.strip()


@contextmanager
def _beside(run: Callable[[threading.Event], None]) -> Iterator[None]:
    """Run something in a thread, and set its event when the block ends; what it raises is raised here."""
    stopped = threading.Event()
    with ThreadPoolExecutor(1) as pool:
        running = pool.submit(run, stopped)
        try:
            yield
        finally:
            stopped.set()
        running.result()


def let_time_pass() -> None:
    """Move every time in our rows back, as if so much time had passed since: a sync waits for minutes.

    All of them alike, so that what was before or after something still is.
    """
    for model in apps.get_app_config("pingpayments").get_models():
        times: dict[str, Any] = {
            field.name: F(field.name) - LATER
            for field in model._meta.concrete_fields
            if isinstance(field, models.DateTimeField)
        }
        model._default_manager.update(**times)


def _url_of(database: dict[str, Any]) -> str:
    host = f"{database['HOST']}:{database['PORT']}"
    return f"postgres://{database['USER']}:{database['PASSWORD']}@{host}/{database['NAME']}"
