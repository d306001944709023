"""Calls from outside: true ones late, doubled, reordered or never; forged ones with every kind of lie."""

from __future__ import annotations

from contextlib import suppress
from urllib.parse import urlsplit

from django.test import Client
from django.urls import reverse
from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule

from oscar_pingpayments import facade
from oscar_pingpayments.exceptions import GatewayError
from tests.integration.shop.conftest import rows

from ..model.world import World
from .payers import SELDOM, WHICH
from .ping import EVERY_WORD

BODIES = st.sampled_from(["", "{", "[]", '"COMPLETED"', '{"status": ["COMPLETED"]}', "\x00"])

PAGES = st.sampled_from(["callback", "return", "payment", "state", "pay", "change"])


class Outside(World):
    @precondition(lambda self: bool(self.ping.callbacks()))
    @rule(which=st.integers(0, 9), times=st.sampled_from([1, 1, 3]), dies=SELDOM)
    def a_callback_arrives(self, which: int, times: int, dies: bool) -> None:
        """One of those that Ping has made, however long ago, for the first or the tenth time."""
        held = self.ping.callbacks()
        callback = held[-1 - which % len(held)]
        self.will_die = dies
        for _ in range(times):
            self.calls(urlsplit(callback["url"]).path, callback["body"])

    @precondition(World.has_attempts)
    @rule(which=WHICH, word=EVERY_WORD)
    def somebody_forges_a_callback(self, which: int, word: str) -> None:
        """The address is right, and the body decides nothing."""
        self.calls(reverse("pingpayments:callback", args=[self.attempt(which).token]), {"status": word})

    @precondition(World.has_attempts)
    @rule(which=WHICH)
    def two_ask_at_once(self, which: int) -> None:
        """While one has Ping's answer and has not written it down yet, the other asks and writes."""
        payment = self.attempt(which)

        def ask() -> None:
            with suppress(GatewayError):
                facade.refresh(payment.pk, by="callback")

        self.meanwhile = ask
        self.alive(ask)

    @precondition(World.has_attempts)
    @rule(which=WHICH, body=BODIES, page=PAGES)
    def somebody_sends_rubbish_or_guesses(self, which: int, body: str, page: str) -> None:
        url = reverse("pingpayments:callback", args=[self.attempt(which).token])
        answer = self.alive(lambda: Client().post(url, body, content_type="application/json"))
        assert answer is None or answer.status_code in (200, 202, 400, 503)
        before, url = rows(), reverse(f"pingpayments:{page}", args=["x" * 43])
        method = "GET" if page in ("payment", "state") else "POST"
        assert Client().generic(method, url, "{}", "application/json").status_code == 404
        assert rows() == before

    def calls(self, path: str, body: dict[str, str]) -> None:
        answer = self.alive(lambda: Client().post(path, body, content_type="application/json"))
        assert answer is None or answer.status_code in (200, 202, 503)
