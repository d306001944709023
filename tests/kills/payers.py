"""Payers and their habits: they pay, are declined, try again, give up, change the order, click twice."""

from __future__ import annotations

import time
from collections.abc import Callable
from random import Random

from django.urls import reverse

from oscar_pingpayments.simulator.testing import DECLINED_CARD, GOOD_CARD, PingSimulator, SimulatorError
from tests.shopper import ADDRESS, CARD

from .browser import Browser, Page

#: What happens to cards that are not in the testing module's list: see ``simulator.cards``.
ASKS_3DS, CRASHES, WAITS = "5200000000000007", "5200000000000015", "5200000000000023"
#: So many pages a payer looks at before he has had enough.
PAGES = 14
#: So many times the connection may break off.
NERVES = 4
#: How long a payer looks at a page that says "wait", in seconds, before looking again.
PAUSE = 0.3


class Gone(Exception):  # noqa: N818
    """The payer has closed the browser."""


class Payer:
    """One payer on the preview page, or at the door; ``lives`` is all that follows."""

    def __init__(self, browser: Browser, ping: PingSimulator, chance: Random) -> None:
        self.browser = browser
        self._ping = ping
        self._chance = chance
        self._nerves = NERVES
        self._tab = ""  # PaymentIQ's page that was left open

    def walks_in(self, product_id: int, quantity: int, voucher: str) -> None:
        """Fill a basket and answer the checkout's questions, up to the preview."""
        name = self._chance.randrange(10**9)
        self._insists(
            lambda: self.browser.post(
                reverse("basket:add", args=[product_id]), quantity=str(quantity), action="add"
            )
        )
        self._insists(lambda: self.browser.post(reverse("basket:vouchers-add"), code=voucher))
        self._insists(
            lambda: self.browser.post(
                reverse("checkout:index"), username=f"payer{name}@example.org", options="anonymous"
            )
        )
        self._insists(lambda: self.browser.post(reverse("checkout:shipping-address"), **ADDRESS))
        self._insists(lambda: self.browser.get(reverse("checkout:shipping-method")))
        self._insists(lambda: self.browser.post(reverse("checkout:payment-method"), method=CARD))

    def lives(self) -> None:
        """Place the order, and go on until it is paid or this payer has had enough."""
        try:
            page = self._places()
            for _ in range(PAGES):
                page = self._reacts_to(page)
        except Gone:
            self.browser.note("closes the browser")

    def _reacts_to(self, page: Page) -> Page:
        if page.is_lost:
            return self._finds_way_back(page)
        if page.is_card_page:
            return self._at_card_page(page)
        if page.path == reverse("checkout:thank-you") or "customer" in page.path:
            return self._is_thanked()
        if page.order_page:
            return self._at_order_page(page)
        if page.path == reverse("checkout:preview"):
            return self._choose((8, self._places), (2, self._leaves))
        return self._choose((5, self._looks_again), (3, self._starts_again), (2, self._leaves))

    # Placing

    def _places(self) -> Page:
        place = {"action": "place_order"}
        return self._choose(
            (8, lambda: self.browser.post(reverse("checkout:preview"), **place)),
            (2, lambda: self.browser.click_twice(reverse("checkout:preview"), **place)),
        )

    def _starts_again(self) -> Page:
        return self.browser.get(reverse("checkout:preview"))

    def _looks_again(self) -> Page:
        time.sleep(PAUSE)
        return self.browser.get(reverse("basket:summary"))

    # At PaymentIQ's page

    def _at_card_page(self, page: Page) -> Page:
        if 'name="number"' not in page.text:  # it is over here; the link leads back
            return self._choose((8, lambda: self._goes_back(page)), (2, self._leaves))
        return self._choose(
            (44, lambda: self._types(page, GOOD_CARD)),
            (9, lambda: self._pays_and_leaves(page)),
            (7, lambda: self._answers_3ds(page)),
            (6, lambda: self._waits_for_bank(page)),
            (14, lambda: self._types(page, DECLINED_CARD)),
            (2, lambda: self._types(page, CRASHES)),
            (8, lambda: self.browser.post(page.url, action="cancel")),
            (6, self._leaves),
            (4, lambda: self._presses_back(page)),
        )

    def _types(self, page: Page, card: str) -> Page:
        return self.browser.post(page.url, number=card, expiry="12/39", cvc="123")

    def _goes_back(self, page: Page) -> Page:
        link = page.text.partition('<a class="pay" href="')[2].partition('"')[0]
        return self.browser.get(link)

    def _pays_and_leaves(self, page: Page) -> Page:
        self._at_ping(lambda: self._ping.pay(page.url), "pays, and is not seen again")
        return self._leaves()

    def _answers_3ds(self, page: Page) -> Page:
        self._types(page, ASKS_3DS)
        action = self._chance.choice(("approve", "approve", "refuse"))
        return self.browser.post(page.url, action=action)

    def _waits_for_bank(self, page: Page) -> Page:
        """The bank takes its time; the payer may look meanwhile, or not."""
        shown = self._types(page, WAITS)
        for _ in range(self._chance.randrange(3)):
            shown = self._looks(shown)
        if self._chance.random() < 0.7:
            self._at_ping(lambda: self._ping.pay(page.url), "the bank says yes")
        elif self._chance.random() < 0.7:
            self._at_ping(lambda: self._ping.decline(page.url), "the bank says no")
        return self._looks(shown)

    def _presses_back(self, page: Page) -> Page:
        self._tab = page.url
        return self.browser.get(reverse("basket:summary"))

    # At the shop's pages about the payment

    def _at_order_page(self, page: Page) -> Page:
        ways = [(2, self._leaves), (2, lambda: self._looks(page))]
        if page.offers("pay"):
            ways.append((12, lambda: self._tries_again(page)))
        if page.offers("change"):
            ways.append((3, lambda: self._changes(page)))
        if not page.path.startswith("/pingpayments/"):  # a page that has a link to it
            ways = [(9, lambda: self.browser.get(page.order_page)), (1, self._leaves)]
        return self._choose(*ways)

    def _tries_again(self, page: Page) -> Page:
        address = f"{page.order_page}pay/"
        return self._choose(
            (8, lambda: self.browser.post(address)), (2, lambda: self.browser.click_twice(address))
        )

    def _changes(self, page: Page) -> Page:
        fields = self._chance.choice(({}, {"next": "method"}))
        address = f"{page.order_page}change/"
        shown = self._choose(
            (8, lambda: self.browser.post(address, **fields)),
            (2, lambda: self.browser.click_twice(address, **fields)),
        )
        if self._tab and self._chance.random() < 0.5:
            tab = self._tab
            self._at_ping(lambda: self._ping.pay(tab), "pays in the tab that was still open")
        if shown.path == reverse("checkout:payment-method") and not shown.is_lost:
            return self.browser.post(reverse("checkout:payment-method"), method=CARD)
        return shown

    def _looks(self, page: Page) -> Page:
        time.sleep(PAUSE)
        return self.browser.get(page.url)

    def _is_thanked(self) -> Page:
        if self._chance.random() < 0.2:
            self.browser.get(reverse("checkout:thank-you"))
        return self._leaves()

    # What anybody does

    def _leaves(self) -> Page:
        raise Gone

    def _finds_way_back(self, page: Page) -> Page:
        """The connection broke off: most people press "reload", others look for their order."""
        self._nerves -= 1
        if not self._nerves:
            return self._leaves()
        return self._choose((6, lambda: self._reloads(page)), (2, self._looks_again), (1, self._leaves))

    def _reloads(self, page: Page) -> Page:
        if page.method == "GET":
            return self.browser.get(page.url)
        if page.path == reverse("checkout:preview"):
            return self._places()
        return self.browser.post(page.url)

    def _insists(self, step: Callable[[], Page]) -> None:
        """Press "reload" as often as it takes to get past a question of the checkout."""
        for _ in range(5):
            if not step().is_lost:
                return

    def _at_ping(self, act: Callable[[], object], words: str) -> None:
        try:
            act()
        except SimulatorError as error:
            words += f" (no: {error})"
        self.browser.note(words)

    def _choose(self, *ways: tuple[int, Callable[[], Page]]) -> Page:
        (way,) = self._chance.choices([way for _, way in ways], weights=[weight for weight, _ in ways])
        return way()
