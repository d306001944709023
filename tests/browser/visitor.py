"""A person with a browser in the sandbox store: what they click and type on the way to a paid order."""

from __future__ import annotations

import re

from playwright.sync_api import Page, expect

GOOD, DECLINED, SECURE, WAITS = "5457210002001420", "5186170070001140", "5200000000000007", "5200000000000023"
ADDRESS = {
    "first_name": "Astrid",
    "last_name": "Lindqvist",
    "line1": "Storgatan 1",
    "line4": "Vimmerby",
    "postcode": "59837",
}


class Visitor:
    """One visitor; ``page`` is what they see."""

    def __init__(self, page: Page) -> None:
        self.page = page

    def buys(self, product: str = "Holmen lantern") -> Visitor:
        """Put a product into the basket."""
        self.page.goto("/")
        self.page.get_by_role("link", name="All products").first.click()
        self.page.get_by_role("link", name=product).first.click()
        self.page.locator("#add_to_basket_form button[type=submit]").click()
        return self

    def enters_voucher(self, code: str) -> Visitor:
        """Use a voucher on the basket page."""
        self.page.goto("/en/basket/")
        self.page.locator("#voucher_form_link a").click()
        self.page.locator("#id_code").fill(code)
        self.page.locator("#voucher_form button[type=submit]").click()
        expect(self.page.get_by_text(code).first).to_be_visible()
        return self

    def logs_in(self, email: str, password: str) -> Visitor:
        """Log in as a customer."""
        self.page.goto("/en/accounts/login/")
        self.page.locator("#id_login-username").fill(email)
        self.page.locator("#id_login-password").fill(password)
        self.page.locator("button[name=login_submit]").click()
        return self

    def checks_out(self, *, email: str = "guest@example.org", guest: bool = True) -> Visitor:
        """Answer everything up to the payment-method step."""
        self.page.goto("/en/checkout/")
        if guest:
            self.page.locator("input[name=username]").fill(email)
            self.page.locator("input[name=options][value=anonymous]").check()
            self.page.locator(".page form button[type=submit]").last.click()
        if self.page.locator("#new_shipping_address").count():
            for field, value in ADDRESS.items():
                self.page.locator(f"#new_shipping_address [name={field}]").fill(value)
            self.page.locator("#new_shipping_address button[type=submit]").click()
        return self.chooses_delivery()

    def chooses_delivery(self) -> Visitor:
        """Take the first way of delivery."""
        self.page.wait_for_url("**/shipping-method/")
        self.page.locator(".page form button[type=submit]").first.click()
        self.page.wait_for_url("**/payment-method/")
        return self

    def continues_with_card(self) -> Visitor:
        """Choose card, the only method there is."""
        self.page.locator(".pingpayments-methods button[type=submit]").click()
        self.page.wait_for_url("**/preview/")
        return self

    def places_order(self) -> Visitor:
        """Press the button of the preview."""
        self.page.locator("#place-order").click()
        return self

    def reaches_the_card_page(self) -> Visitor:
        """Be at PaymentIQ's page."""
        self.page.wait_for_url("**/pay/**")
        return self

    def goes_to_pay(self) -> Visitor:
        """All of the way from an empty basket to PaymentIQ's page."""
        self.buys().checks_out().continues_with_card().places_order()
        return self.reaches_the_card_page()

    def types_card(self, number: str = GOOD) -> Visitor:
        """Fill in and send the card."""
        self.page.locator("#number").fill(number)
        self.page.locator("#expiry").fill("12/39")
        self.page.locator("#cvc").fill("123")
        self.page.locator("button.pay").click()
        return self

    def is_thanked(self) -> str:
        """Be at the thank-you page; return the order's number."""
        self.page.wait_for_url("**/thank-you/")
        return self.number_in(self.page.locator("body").inner_text())

    def is_told(self, words: str) -> Visitor:
        """Be at one of the payment pages, and read this on it."""
        self.page.wait_for_url("**/pingpayments/payment/**")
        expect(self.page.locator("#pingpayments, h1").filter(has_text=words).first).to_be_visible()
        return self

    @staticmethod
    def number_in(text: str) -> str:
        """Return the order number that a page shows."""
        found = re.search(r"\b1\d{5}\b", text)
        assert found is not None, text
        return found[0]
