"""A payer's browser over real HTTP: cookies, redirects, pages, and connections that break off."""

from __future__ import annotations

import re
import secrets
import threading
import time
from dataclasses import dataclass
from http.cookies import SimpleCookie
from urllib.parse import urljoin, urlsplit

import requests

from .marks import PAYER_HEADER

#: Seconds that a payer looks at an empty page at most: the shop answers later while another click is handled.
PATIENCE = 5
#: Of Django's, which compares the cookie with the header.
CSRF_COOKIE, CSRF_HEADER = "csrftoken", "X-CSRFToken"

_ORDER_PAGE = re.compile(r"/pingpayments/payment/[\w-]+/")


@dataclass(frozen=True, slots=True)
class Page:
    """What the browser shows; status 0 and no text where the connection broke off."""

    method: str
    url: str
    status: int
    text: str

    @property
    def is_lost(self) -> bool:
        """Whether nobody has answered."""
        return not self.status

    @property
    def path(self) -> str:
        """The address without the host."""
        return urlsplit(self.url).path

    @property
    def is_card_page(self) -> bool:
        """Whether it is PaymentIQ's."""
        return self.path.startswith("/pay/") and not self.is_lost

    @property
    def order_page(self) -> str:
        """The page of an order that waits to be paid, where this is that page or names it; else ""."""
        found = _ORDER_PAGE.match(self.path) or _ORDER_PAGE.search(self.text)
        return found[0] if found else ""

    def offers(self, action: str) -> bool:
        """Whether the page has a form for this: "pay" or "change"."""
        return f'action="{self.order_page}{action}/"' in self.text if self.order_page else False

    def __str__(self) -> str:
        title = re.search(r"<h1[^>]*>\s*(.*?)\s*</h1>", self.text, re.DOTALL)
        words = re.sub(r"<[^>]+>|\s+", " ", title[1]).strip() if title else ""
        return f"{self.method} {self.path}: {self.status or 'connection lost'} {words}".rstrip()


class Browser:
    """One browser; ``diary`` is what it has shown, and when."""

    def __init__(self, shop: str, name: str, cookies: SimpleCookie | None = None) -> None:
        self.shop = shop
        self.diary: list[tuple[float, str]] = []
        self.errors: list[str] = []
        self.name = name
        self._cookies = {key: morsel.value for key, morsel in (cookies or {}).items()}
        self._cookies.setdefault(CSRF_COOKIE, secrets.token_hex(16))
        self._session = self._open()

    def _open(self) -> requests.Session:
        session = requests.Session()
        session.trust_env = False
        session.cookies.update(self._cookies)
        session.headers.update(
            {
                PAYER_HEADER: self.name,
                CSRF_HEADER: self._cookies[CSRF_COOKIE],
                # So that a broken connection is always this request's own.
                "Connection": "close",
            }
        )
        return session

    def get(self, address: str) -> Page:
        """Open a page of the shop's, or a full address."""
        return self._ask("GET", address, None)

    def post(self, address: str, **fields: str) -> Page:
        """Send a form, and follow to where the answer leads."""
        return self._ask("POST", address, fields)

    def click_twice(self, address: str, **fields: str) -> Page:
        """Send a form twice at once, from two tabs; return what the first to be answered shows."""
        other = self._open()
        other.cookies.update(self._session.cookies)
        shown: list[Page] = []

        def send(session: requests.Session) -> None:
            shown.append(self._ask("POST", address, fields, session))

        tab = threading.Thread(target=send, args=[other])
        tab.start()
        send(self._session)
        tab.join()
        return next((page for page in shown if not page.is_lost), shown[0])

    def note(self, words: str) -> None:
        """Write into the diary what cannot be seen in the pages."""
        self.diary.append((time.time(), words))

    def _ask(
        self,
        method: str,
        address: str,
        fields: dict[str, str] | None,
        session: requests.Session | None = None,
    ) -> Page:
        url = urljoin(self.shop, address)
        try:
            answer = (session or self._session).request(method, url, data=fields, timeout=PATIENCE)
        except requests.RequestException as error:
            sent = error.request  # which may be another one, that the shop had sent the payer to
            page = Page(sent.method or method, sent.url or url, 0, "") if sent else Page(method, url, 0, "")
        else:
            asked = answer.request
            page = Page(str(asked.method), answer.url, answer.status_code, answer.text)
            if page.status >= 500 and self._is_ours(page.url):
                self.errors.append(f"{self.name}: {page}\n{page.text[:2000]}")
        self.note(str(page))
        return page

    def _is_ours(self, url: str) -> bool:
        return urlsplit(url).netloc == urlsplit(self.shop).netloc
