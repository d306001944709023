"""People buy a lantern: in a real browser, at the served store, on PaymentIQ's simulated page."""

from __future__ import annotations

import json
import re

import pytest
from playwright.sync_api import expect

from .axe import serious
from .conftest import PHONE
from .visitor import DECLINED, SECURE, WAITS, Visitor

CUSTOMER = ("customer@example.com", "lantern-customer")


def test_a_guest_pays(open_page, store, shoot):
    visitor = Visitor(open_page())
    visitor.buys().checks_out()
    shoot(visitor.page, "payment-method")
    visitor.continues_with_card()
    shoot(visitor.page, "preview")
    visitor.places_order().reaches_the_card_page()
    shoot(visitor.page, "card-page")

    number = visitor.types_card().is_thanked()

    shoot(visitor.page, "thank-you")
    assert store.order_status(number) == "Being processed"
    expect(visitor.page.get_by_text("has been paid")).to_be_visible()
    assert visitor.page.errors == []


def test_a_customer_pays_with_a_voucher(open_page, store):
    visitor = Visitor(open_page()).logs_in(*CUSTOMER)
    visitor.buys().enters_voucher("VALKOMMEN").checks_out(guest=False).continues_with_card()
    visitor.places_order().reaches_the_card_page()
    expect(visitor.page.locator(".total strong")).to_contain_text("453.10")  # 449.00 - 10 % + 49.00

    number = visitor.types_card().is_thanked()

    assert store.order_status(number) == "Being processed"


def test_r9_a_declined_card_and_then_a_good_one(open_page, store, shoot):
    visitor = Visitor(open_page()).goes_to_pay().types_card(DECLINED)
    visitor.is_told("declined the payment")
    shoot(visitor.page, "not-paid")
    assert (
        store.order_status(visitor.number_in(visitor.page.locator("#pingpayments").inner_text())) == "Pending"
    )

    visitor.page.get_by_role("button", name="Try again").click()
    number = visitor.reaches_the_card_page().types_card().is_thanked()

    assert store.order_status(number) == "Being processed"


def test_r8_a_payer_gives_up_and_changes_the_order(open_page, store, shoot):
    visitor = Visitor(open_page()).goes_to_pay()
    visitor.page.get_by_role("button", name="Cancel and return to the shop").click()
    visitor.is_told("You left the payment page")
    first = visitor.number_in(visitor.page.locator("#pingpayments").inner_text())

    visitor.page.get_by_role("button", name="Change my order").click()
    visitor.page.wait_for_url("**/basket/")
    expect(visitor.page.get_by_text("Holmen lantern").first).to_be_visible()
    shoot(visitor.page, "basket-given-back")
    assert store.order_status(first) == "Cancelled"

    # The address and the delivery are still known.
    visitor.page.goto("/en/checkout/payment-method/")
    visitor.continues_with_card().places_order()
    second = visitor.reaches_the_card_page().types_card().is_thanked()
    assert second != first
    assert store.order_status(second) == "Being processed"


def test_r4_the_callback_finishes_what_a_closed_browser_left(open_page, store, ping):
    visitor = Visitor(open_page()).goes_to_pay()
    ping.manners(come_back="none", callbacks="send")

    visitor.types_card()
    expect(visitor.page.get_by_role("heading", name="This payment is finished")).to_be_visible()
    visitor.page.close()

    number = ping.payments()[-1]["metadata"]["order_number"]
    store.wait_for_status(number, "Being processed")


def test_r3_the_waiting_page_updates_by_itself(open_page, store, ping, shoot):
    visitor = Visitor(open_page()).goes_to_pay().types_card(WAITS)
    visitor.is_told("Waiting for your payment")
    shoot(visitor.page, "waiting")

    ping.says(ping.payments()[-1]["id"], "COMPLETED")

    assert store.order_status(visitor.is_thanked()) == "Being processed"
    assert visitor.page.errors == []


def test_r3_the_waiting_page_without_javascript(open_page, store, ping, shoot):
    visitor = Visitor(open_page(java_script_enabled=False)).logs_in(*CUSTOMER).buys()
    visitor.checks_out(guest=False).continues_with_card().places_order().reaches_the_card_page()
    visitor.types_card(WAITS).is_told("Waiting for your payment")
    shoot(visitor.page, "waiting-without-javascript")

    ping.says(ping.payments()[-1]["id"], "COMPLETED")

    assert store.order_status(visitor.is_thanked()) == "Being processed"


def test_three_d_secure(open_page, store, shoot):
    visitor = Visitor(open_page()).goes_to_pay().types_card(SECURE)
    shoot(visitor.page, "card-page-3ds")

    visitor.page.get_by_role("button", name="Approve the payment").click()

    assert store.order_status(visitor.is_thanked()) == "Being processed"


def test_r7_the_back_button_from_the_card_page(open_page, store, shoot):
    visitor = Visitor(open_page()).goes_to_pay()

    visitor.page.goto("/en/basket/")
    shoot(visitor.page, "basket-unfinished")
    visitor.page.get_by_role("link", name="Finish paying or cancel it").click()
    visitor.is_told("Waiting for your payment")
    visitor.page.get_by_role("button", name="Go to the payment page").click()

    assert store.order_status(visitor.reaches_the_card_page().types_card().is_thanked()) == "Being processed"


def test_a_button_shows_that_it_was_pressed_until_a_page_comes(open_page, store, shoot):
    visitor = Visitor(open_page()).goes_to_pay().types_card(DECLINED).is_told("declined the payment")
    page = visitor.page
    page.route("**/pay/", lambda route: route.fulfill(status=204))  # none comes
    button = page.get_by_role("button", name="Try again")

    button.click()

    expect(button).to_be_disabled()
    expect(button).to_have_attribute("aria-busy", "true")
    expect(button.locator(".pingpayments-spinner")).to_be_visible()
    expect(page.get_by_role("button", name="Change my order")).to_be_enabled()
    shoot(page, "pressed")
    page.evaluate("dispatchEvent(new PageTransitionEvent('pageshow', { persisted: true }))")  # brought back
    expect(button).to_be_enabled()
    expect(button.locator(".pingpayments-spinner")).to_have_count(0)
    page.unroute("**/pay/")
    button.click()
    assert store.order_status(visitor.reaches_the_card_page().types_card().is_thanked()) == "Being processed"
    assert page.errors == []


def test_s3_ping_is_down_when_the_order_is_placed(open_page, ping, shoot):
    visitor = Visitor(open_page()).buys().checks_out().continues_with_card()
    ping.misbehave("create_payment_order", "status", status=503)

    visitor.places_order()

    expect(visitor.page.get_by_text("Nothing has been ordered and nothing has been charged")).to_be_visible()
    shoot(visitor.page, "preview-ping-down")
    assert ping.payments() == []
    visitor.places_order().reaches_the_card_page().types_card().is_thanked()


def test_s5_ping_refuses_the_payment(open_page, store, ping, shoot):
    visitor = Visitor(open_page()).buys().checks_out().continues_with_card()
    refusal = {"errors": [{"error": "unknown_merchant", "property": "order_items.0.merchant_id"}]}
    ping.misbehave("initiate_payment", "status", status=422, body=refusal)

    visitor.places_order().is_told("could not be started")
    shoot(visitor.page, "unavailable")
    assert "unknown_merchant" not in visitor.page.content()

    visitor.page.get_by_role("button", name="Pay now").click()
    assert store.order_status(visitor.reaches_the_card_page().types_card().is_thanked()) == "Being processed"


@pytest.mark.parametrize("script", [True, False])
def test_a_phone_with_and_without_javascript(open_page, store, shoot, script):
    visitor = Visitor(open_page(viewport=PHONE, java_script_enabled=script))
    if not script:  # Oscar's guest form wants a password where no script takes the field away
        visitor.logs_in(*CUSTOMER)
    visitor.page.goto("/en/catalogue/")
    visitor.page.get_by_role("link", name="Holmen lantern").first.click()
    visitor.page.locator("#add_to_basket_form button[type=submit]").click()
    visitor.checks_out(guest=script)
    shoot(visitor.page, "phone-payment-method")
    visitor.continues_with_card().places_order().reaches_the_card_page()
    shoot(visitor.page, "phone-card-page")
    visitor.types_card(DECLINED).is_told("declined the payment")
    shoot(visitor.page, "phone-not-paid")
    width = visitor.page.evaluate("document.documentElement.scrollWidth") if script else PHONE["width"]
    assert width <= PHONE["width"]

    visitor.page.get_by_role("button", name="Try again").click()

    assert store.order_status(visitor.reaches_the_card_page().types_card().is_thanked()) == "Being processed"


def test_by_keyboard_alone(open_page, store):
    visitor = Visitor(open_page()).buys().checks_out()
    page = visitor.page

    page.locator("input[name=method]").focus()
    page.keyboard.press("Space")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.wait_for_url("**/preview/")
    page.locator("#place-order").focus()
    outline = page.locator("#place-order").evaluate("button => getComputedStyle(button).outlineStyle")
    assert outline == "solid"  # where one is can be seen
    page.keyboard.press("Enter")
    visitor.reaches_the_card_page()
    page.locator("#number").focus()
    for typed in ("5457210002001420", "12/39", "123"):
        page.keyboard.type(typed)
        page.keyboard.press("Tab")
    page.keyboard.press("Enter")

    assert store.order_status(visitor.is_thanked()) == "Being processed"


def test_in_swedish(open_page, shoot):
    visitor = Visitor(open_page(locale="sv-SE"))
    visitor.page.goto("/")
    expect(visitor.page.locator("html")).to_have_attribute("lang", re.compile("^sv"))
    visitor.page.goto("/sv/catalogue/")
    visitor.page.get_by_role("link", name="Lyktan Holmen").first.click()
    visitor.page.locator("#add_to_basket_form button[type=submit]").click()
    visitor.page.goto("/sv/checkout/")
    visitor.page.locator("input[name=username]").fill("gast@example.org")
    visitor.page.locator("input[name=options][value=anonymous]").check()
    visitor.page.locator(".page form button[type=submit]").last.click()
    for field, value in {
        "first_name": "Astrid",
        "last_name": "L",
        "line1": "S",
        "line4": "V",
        "postcode": "59837",
    }.items():
        visitor.page.locator(f"#new_shipping_address [name={field}]").fill(value)
    visitor.page.locator("#new_shipping_address button[type=submit]").click()
    visitor.chooses_delivery().continues_with_card().places_order().reaches_the_card_page()
    expect(visitor.page.get_by_role("heading", name="Kortbetalning")).to_be_visible()

    visitor.types_card(DECLINED).is_told("nekade betalningen")
    shoot(visitor.page, "not-paid-swedish")


def test_r5_a_stranger_sees_no_more_than_whether_it_is_paid(open_page, store, shoot):
    visitor = Visitor(open_page()).goes_to_pay().types_card(DECLINED).is_told("declined the payment")
    address = visitor.page.url

    stranger = open_page()
    stranger.goto(address)
    expect(stranger.get_by_text("declined the payment")).to_be_visible()
    assert stranger.get_by_role("button", name="Change my order").count() == 0
    assert visitor.number_in(visitor.page.locator("#pingpayments").inner_text()) not in stranger.content()
    visitor.page.get_by_role("button", name="Try again").click()
    visitor.reaches_the_card_page().types_card().is_thanked()

    stranger.reload()
    shoot(stranger, "paid-for-strangers")
    expect(stranger.get_by_role("heading", name=re.compile("is paid"))).to_be_visible()


def test_nothing_serious_is_wrong_for_people_who_see_or_hear_less(open_page, ping, shoot):
    """Axe, on every page of ours and on the simulated card page; Oscar's own layout around it is Oscar's."""

    def scan(page, where, part):
        found = serious(page, part)
        assert found == [], f"{where}: {json.dumps(found, indent=1)}"

    visitor = Visitor(open_page()).buys().checks_out()
    scan(visitor.page, "payment method", ".pingpayments-methods")
    visitor.continues_with_card()
    scan(visitor.page, "preview", ".page")
    visitor.places_order().reaches_the_card_page()
    scan(visitor.page, "card page", "body")
    visitor.types_card("1234")
    scan(visitor.page, "card page with errors", "body")
    visitor.types_card(WAITS).is_told("Waiting for your payment")
    scan(visitor.page, "waiting", ".page")
    ping.says(ping.payments()[-1]["id"], "DECLINED")
    visitor.is_told("declined the payment")
    scan(visitor.page, "not paid", ".page")
    address = visitor.page.url
    visitor.page.get_by_role("button", name="Change my order").click()
    visitor.page.wait_for_url("**/basket/")
    visitor.page.goto(address)
    visitor.is_told("The order was cancelled")
    scan(visitor.page, "ended", ".page")
    shoot(visitor.page, "ended")

    ping.misbehave("initiate_payment", "status", status=422, body={"errors": [{"error": "refused"}]})
    visitor.page.goto("/en/checkout/payment-method/")
    visitor.continues_with_card().places_order().is_told("could not be started")
    scan(visitor.page, "unavailable", ".page")
    visitor.page.get_by_role("button", name="Pay now").click()
    visitor.reaches_the_card_page()
    payment = ping.payments()[-1]
    ping.edit(payment["id"], total_amount=payment["total_amount"] + 1)
    visitor.types_card().is_told("checking your payment")
    scan(visitor.page, "checking", ".page")
    shoot(visitor.page, "checking")

    stranger = open_page()
    payer = Visitor(open_page()).goes_to_pay().types_card(DECLINED).is_told("declined the payment")
    stranger.goto(payer.page.url)
    payer.page.get_by_role("button", name="Try again").click()
    payer.reaches_the_card_page().types_card().is_thanked()
    stranger.reload()
    scan(stranger, "paid", ".page")
