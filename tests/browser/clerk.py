"""One of the store's staff with a browser in Oscar's dashboard: how they find payments, and act on them."""

from __future__ import annotations

import re

from playwright.sync_api import Locator, Page, expect

from .visitor import Visitor

EMAIL, PASSWORD = "staff@example.com", "lantern-staff"
PAYMENTS = "/en/dashboard/payments/"


class Clerk:
    """One member of staff, who may do everything; ``page`` is what they see."""

    def __init__(self, page: Page) -> None:
        self.page = page
        Visitor(page).logs_in(EMAIL, PASSWORD)
        page.wait_for_url(lambda address: "login" not in address)

    def opens(self, path: str = "") -> Clerk:
        """Open one of the dashboard's pages of ours."""
        self.page.goto(PAYMENTS + path)
        return self

    def finds(self, number: str) -> Clerk:
        """Search for an order, and open its payment."""
        self.opens().page.get_by_label("Search", exact=True).fill(number)
        self.page.get_by_role("button", name="Search").click()
        self.page.locator(".pingpayments-table").get_by_role("link", name=number).click()
        return self.is_at_the_payment_of(number)

    def is_at_the_payment_of(self, number: str) -> Clerk:
        """Be at the page of one payment."""
        expect(self.page.get_by_role("heading", name=f"Payment of order {number}")).to_be_visible()
        return self

    def begins(self, action: str) -> Clerk:
        """Press one of the actions of a payment, which asks before anything is done."""
        self.page.locator(".pingpayments-actions").get_by_role("link", name=action).click()
        expect(self.page.get_by_role("heading", level=1, name=action)).to_be_visible()
        self.page.wait_for_load_state()  # with its scripts
        return self

    def confirms(self, action: str) -> Clerk:
        """Do what the page has asked about."""
        self.page.locator(".pingpayments-question").get_by_role("button", name=action).click()
        return self

    def is_told(self, words: str) -> Clerk:
        """Read what came of it."""
        expect(self.page.locator("#messages")).to_contain_text(words)
        return self

    def event(self, title: str) -> Locator:
        """Return what happened under this title, in the time line."""
        return self.page.locator(".pingpayments-event").filter(has_text=title)

    def fact(self, name: str) -> Locator:
        """Return what stands beside a name under *How it stands*."""
        named = self.page.locator("dt").filter(has_text=re.compile(f"^{name}$"))
        return self.page.locator(".pingpayments-facts > div").filter(has=named).locator("dd")
