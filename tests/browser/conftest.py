"""The sandbox store and the simulator as processes, and headless Chromium in front of them."""

from __future__ import annotations

import os
import shutil
import socket
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime, timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any
from urllib.error import URLError
from urllib.request import urlopen

import pytest

from oscar_pingpayments.simulator.testing import PingSimulator

pytest.importorskip("playwright", reason="the browser journeys need Playwright: make browser")
from playwright.sync_api import Browser, Page, sync_playwright

ROOT = Path(__file__).resolve().parents[2]
SCREENSHOTS = ROOT / "build" / "screenshots"
CHROMIUM = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")
DESKTOP = {"width": 1280, "height": 900}
PHONE = {"width": 375, "height": 812}
FAILED = pytest.StashKey[bool]()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark the journeys; without a browser they are skipped on a laptop and fail in CI."""
    for item in items:
        if "/browser/" in item.nodeid:
            item.add_marker(pytest.mark.browser)
            if CHROMIUM is None and not os.environ.get("CI"):
                item.add_marker(pytest.mark.skip(reason="no Chromium here: install it or set CHROMIUM"))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]):
    """Remember that a journey failed, so that its last page is kept."""
    report = yield
    item.stash[FAILED] = item.stash.get(FAILED, False) or report.failed
    return report


@dataclass(frozen=True)
class Store:
    """The served sandbox store: where it is, its simulator, and what its database says."""

    url: str
    ping: PingSimulator
    environment: dict[str, str]
    database: Path

    def manage(self, *arguments: str, codes: tuple[int, ...] = (0,)) -> str:
        """Run one of the store's management commands and return what it printed."""
        done = subprocess.run(
            [sys.executable, ROOT / "sandbox" / "manage.py", *arguments],
            env=self.environment,
            capture_output=True,
            text=True,
        )
        assert done.returncode in codes, done.stderr
        return done.stdout

    def sync(self) -> None:
        """Do what is due. It exits with 1 where something needs a person: another journey may leave that."""
        self.manage("pingpayments_sync", codes=(0, 1))

    def order_status(self, number: str) -> str:
        """Return an order's status as the database has it."""
        return str(self._ask("SELECT status FROM order_order WHERE number = ?", number))

    def payment_order(self, number: str) -> int:
        """Return the key of an order's payment order, which is in its page's address."""
        return int(self._ask("SELECT id FROM pingpayments_paymentorder WHERE order_number = ?", number))

    def free_stock(self, product: str) -> int:
        """Return how many pieces of a product can still be bought."""
        return int(
            self._ask(
                "SELECT num_in_stock - coalesce(num_allocated, 0) FROM partner_stockrecord"
                " WHERE product_id = (SELECT id FROM catalogue_product WHERE title = ?)",
                product,
            )
        )

    def mail(self, subject: str) -> str:
        """Return the text of the one e-mail that the store has sent with this subject."""
        sent: list[EmailMessage] = []
        for file in (self.database.parent / "mail").glob("*.log"):
            # Each file is what one connection sent: messages, with a line of dashes after each.
            parts = file.read_bytes().split(b"\n" + b"-" * 79 + b"\n")[:-1]
            sent.extend(message_from_bytes(each, policy=policy.default) for each in parts)
        (found,) = [mail for mail in sent if mail["Subject"] == subject]
        return str(found.get_body(["plain"]).get_content())

    def begun_earlier(self, number: str, days: int) -> None:
        """Let the payment of an order have been begun so many days earlier, here and at Ping."""
        (payment,) = [each for each in self.ping.payments() if each["metadata"]["order_number"] == number]
        history = payment["status_history"]
        for each in history:
            each["occurred_at"] = (
                datetime.fromisoformat(each["occurred_at"]) - timedelta(days=days)
            ).isoformat()
        self.ping.edit(payment["id"], status_history=history)
        with closing(sqlite3.connect(self.database, timeout=10)) as database, database:
            database.execute(
                "UPDATE pingpayments_payment SET created_at = datetime(created_at, ?)"
                " WHERE payment_order_id = (SELECT id FROM pingpayments_paymentorder WHERE order_number = ?)",
                [f"-{days} days", number],
            )

    def _ask(self, question: str, *facts: str) -> Any:
        with closing(sqlite3.connect(self.database, timeout=10)) as database:
            return database.execute(question, facts).fetchone()[0]

    def wait_for_status(self, number: str, status: str) -> None:
        """Wait until an order is there."""
        deadline = time.monotonic() + 15
        while self.order_status(number) != status:
            assert time.monotonic() < deadline, f"order {number} is {self.order_status(number)}"
            time.sleep(0.1)


@pytest.fixture(scope="session")
def store(tmp_path_factory) -> Iterator[Store]:
    """A store with a database of its own, set up as ``make demo`` does it."""
    folder = tmp_path_factory.mktemp("store")
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port = found.getsockname()[1]
    with PingSimulator() as ping:
        environment = {
            **os.environ,
            "DATABASE_URL": f"sqlite:///{folder / 'store.sqlite3'}",
            "PORT": str(port),
            "PINGPAYMENTS_PUBLIC_URL": f"http://127.0.0.1:{port}",  # where the links in its e-mails lead
            "PINGPAYMENTS_BASE_URL": ping.settings()["BASE_URL"],
            "SANDBOX_VAR": str(folder),
        }
        environment.pop("DJANGO_SETTINGS_MODULE", None)
        store = Store(f"http://127.0.0.1:{port}", ping, environment, folder / "store.sqlite3")
        store.manage("sandbox_setup")
        with (folder / "server.log").open("w") as log:
            server = subprocess.Popen(
                [
                    sys.executable,
                    ROOT / "sandbox" / "manage.py",
                    "runserver",
                    "--noreload",
                    f"127.0.0.1:{port}",
                ],
                env=environment,
                stdout=log,
                stderr=subprocess.STDOUT,
            )
            try:
                _wait_for(store.url, server)
                yield store
            finally:
                server.terminate()
                server.wait(timeout=10)


def _wait_for(url: str, server: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        assert server.poll() is None, "the store did not start"
        try:
            with urlopen(url, timeout=5):
                return
        except URLError:
            time.sleep(0.1)
    pytest.fail("the store did not answer within 30 seconds")


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Headless Chromium."""
    assert CHROMIUM, "Chromium is needed for the browser journeys"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=CHROMIUM,
            args=["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-sync"],
        )
        yield browser
        browser.close()


@pytest.fixture
def ping(store) -> PingSimulator:
    """The store's simulator, fresh, making its callbacks by itself."""
    store.ping.reset()
    store.ping.send_callbacks()
    return store.ping


@pytest.fixture
def open_page(browser, store, ping, request):
    """Open a page of a browser of its own: ``open_page(viewport=PHONE, java_script_enabled=False)``."""
    contexts = []

    def open_(**options) -> Page:
        context = browser.new_context(
            base_url=store.url,
            locale=options.pop("locale", "en-GB"),
            viewport=options.pop("viewport", DESKTOP),
            **options,
        )
        context.set_default_timeout(15_000)
        contexts.append(context)
        page = context.new_page()
        page.on("pageerror", lambda error: page.errors.append(str(error)))
        page.errors = []
        return page

    yield open_
    failed = request.node.stash.get(FAILED, False)
    for context in contexts:
        for page in context.pages if failed else []:
            page.screenshot(path=SCREENSHOTS / f"failed-{request.node.name}.png", full_page=True)
            body = page.locator("body").inner_text()
            sys.stderr.write(f"{page.url} says:\n{body}\nErrors of its scripts: {page.errors}\n")
        context.close()


@pytest.fixture
def shoot(request):
    """Keep a picture of the page as build output: ``shoot(page, "waiting")``."""
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)

    def shoot_(page: Page, name: str) -> None:
        page.screenshot(path=SCREENSHOTS / f"{name}.png", full_page=True)

    return shoot_
