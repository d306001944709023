"""Staff look after the store's payments: in a real browser, in Oscar's dashboard of the served store."""

from __future__ import annotations

import json
import re
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from playwright.sync_api import expect

from .axe import serious
from .clerk import PAYMENTS, Clerk
from .conftest import DESKTOP, PHONE
from .visitor import DECLINED, Visitor


@pytest.fixture
def clerk(open_page) -> Clerk:
    """A member of staff who is logged in."""
    return Clerk(open_page())


@pytest.fixture
def paid_for(open_page):
    """Let a guest buy and pay for so many lanterns: ``paid_for(2)`` is the order's number."""

    def paid_for_(lanterns: int = 1) -> str:
        visitor = Visitor(open_page())
        for _ in range(lanterns):
            visitor.buys()
        visitor.checks_out().continues_with_card().places_order().reaches_the_card_page()
        return visitor.types_card().is_thanked()

    return paid_for_


def test_part_of_an_order_goes_back(clerk, paid_for, store, ping, shoot):
    ping.manners(refunds="wait")
    number = paid_for(2)
    free = store.free_stock("Holmen lantern")
    page = clerk.finds(number).begins("Refund").page
    page.get_by_label("Parts of the order").check()
    page.get_by_label("Holmen lantern").fill("1")
    page.get_by_label("Put the pieces back in stock").check()
    page.get_by_label("Message to the payer").fill("We are sorry that one of them broke.")
    shoot(page, "staff-refund-part")

    clerk.confirms("Refund").is_told("Refund of 449.00\xa0kr: On its way.")

    expect(clerk.event("449.00\xa0kr is on its way back")).to_be_visible()
    expect(clerk.event("Sixten Norberg asked for a refund")).to_contain_text("449.00 SEK")
    assert ping.finish_refunds() == 1
    clerk.begins("Ask Ping").confirms("Ask Ping").is_told("Ping was asked, and there is news: Paid.")
    expect(clerk.event("449.00\xa0kr was given back")).to_be_visible()
    expect(clerk.fact("Refunded")).to_have_text("449.00\xa0kr")
    expect(clerk.fact("Kept")).to_have_text("498.00\xa0kr")
    refunds = page.get_by_role("region", name="Refunds")
    expect(refunds).to_contain_text("To the payer: We are sorry that one of them broke.")
    expect(refunds).to_contain_text("Refunded")
    shoot(page, "staff-payment-refunded")
    assert store.free_stock("Holmen lantern") == free + 1
    store.sync()  # which sends such e-mails
    assert "We are sorry that one of them broke." in store.mail(f"Refund for order {number}")
    assert page.errors == []  # Oscar's own page of an order, which comes now, has one of Oscar's

    clerk.fact("Order").get_by_role("link").click()

    panel = page.get_by_role("table", name="Card payment")
    for shown in ("Paid", "947.00\xa0kr", "449.00\xa0kr"):
        expect(panel).to_contain_text(shown)
    shoot(page, "staff-order")


def test_what_is_typed_is_what_goes_back(open_page, clerk, paid_for, ping):
    ping.manners(refunds="wait")  # or the second form would have seen one that is done meanwhile
    number = paid_for(2)
    page = clerk.finds(number).begins("Refund").page
    choices = [
        page.get_by_label(name) for name in ("Everything that is left (947.00\xa0kr)", "Parts", "An amount")
    ]
    everything, parts, amount = choices
    for choice in choices:
        expect(choice).not_to_be_checked()
    everything.check()
    page.get_by_label("Holmen lantern").fill("1")
    expect(parts).to_be_checked()
    page.get_by_label("Holmen lantern").fill("")
    everything.check()
    page.get_by_label("Shipping").check()
    expect(parts).to_be_checked()
    page.get_by_label("Shipping").uncheck()
    page.get_by_label("Amount", exact=True).fill("100")
    expect(amount).to_be_checked()
    assert page.errors == []

    without = Clerk(open_page(java_script_enabled=False)).finds(number).begins("Refund")
    without.page.get_by_label("Everything that is left").check()
    without.page.get_by_label("Amount", exact=True).fill("100")
    without.confirms("Refund")
    expect(without.page.get_by_text("You typed an amount: choose “An amount”, or empty it.")).to_be_visible()
    without.page.get_by_label("An amount").check()
    without.confirms("Refund").is_told("Refund of 100.00\xa0kr")

    clerk.confirms("Refund").page.get_by_text("Things have changed meanwhile.").wait_for()
    clerk.confirms("Refund").is_told("Refund of 100.00\xa0kr")
    assert page.errors == []


def test_m1_an_order_that_was_paid_twice_is_set_right(open_page, clerk, store, ping, shoot):
    payer = Visitor(open_page()).goes_to_pay().types_card(DECLINED).is_told("declined the payment")
    payer.page.get_by_role("button", name="Try again").click()
    number = payer.reaches_the_card_page().types_card().is_thanked()
    first = next(each for each in ping.payments() if each["metadata"]["order_number"] == number)
    ping.hold_callbacks()
    ping.says(first["id"], "COMPLETED")

    assert ping.deliver() == [200]

    page = clerk.opens("attention/").page
    case = page.get_by_role("region", name=f"Order {number}")
    expect(case).to_contain_text("there is money for it a second time")
    shoot(page, "staff-paid-twice")
    case.get_by_role("link", name="Refund").click()
    expect(page.get_by_label("Of which payment").locator("option:checked")).to_have_text(
        "Attempt 1: 498.00\xa0kr left"
    )
    page.get_by_label("Everything that is left").check()
    clerk.confirms("Refund").is_told("Refund of 498.00\xa0kr")
    expect(clerk.fact("Paid")).to_have_text("996.00\xa0kr")
    clerk.begins("Ask Ping").confirms("Ask Ping").is_told("Ping was asked")
    expect(clerk.fact("Kept")).to_have_text("498.00\xa0kr")

    clerk.begins("Resolve").page.get_by_label("What did you find, or do?").fill(
        "Their bank was slow. Sent back."
    )
    clerk.confirms("Resolve").is_told("Resolved:")

    expect(clerk.event("Sixten Norberg looked at what needed attention")).to_contain_text(
        "Their bank was slow."
    )
    shoot(page, "staff-payment-resolved")
    clerk.opens("attention/")
    expect(page.get_by_role("region", name=f"Order {number}")).to_have_count(0)
    assert store.order_status(number) == "Being processed"
    assert page.errors == []


def test_m12_an_order_that_is_paid_in_another_way_is_not_to_be_paid_by_card_as_well(
    open_page, clerk, store, ping, shoot
):
    payer = Visitor(open_page()).goes_to_pay()
    number = ping.payments()[-1]["metadata"]["order_number"]

    clerk.page.goto(f"/en/dashboard/orders/{number}/")
    clerk.page.get_by_label("New status").first.select_option("Being processed")
    clerk.page.get_by_role("button", name="Change status").first.click()

    assert store.order_status(number) == "Being processed"
    assert ping.payments()[-1]["status"] == "STOPPED"
    payer.page.reload()
    payer.page.get_by_role("link", name="Back to the shop").click()
    payer.is_told("It is not to be paid by card any more.")
    assert serious(payer.page, ".page") == []
    shoot(payer.page, "with-staff")


def test_a_day_is_reconciled(open_page, clerk, paid_for, store, ping, shoot):
    right, number = paid_for(), _is_paid_unheard_of(open_page, ping)
    for each in (right, number):
        store.begun_earlier(each, days=7)
    page = clerk.opens("reconciliation/").page
    # Yesterday is offered; other journeys' payments are of that day where midnight has passed meanwhile.
    day = (datetime.now(ZoneInfo("Europe/Stockholm")) - timedelta(days=7)).date().isoformat()
    for field in ("first", "last"):
        page.locator(f"[name={field}]").fill(day)
    page.get_by_role("button", name="Compare").click()

    expect(page.get_by_role("heading", name="There are differences")).to_be_visible()
    (row,) = page.locator(".pingpayments-table tbody tr").all()
    for shown in (number, "Another status", "not heard of yet", "Paid"):
        expect(row).to_contain_text(shown)
    shoot(page, "staff-reconciliation")
    compared = page.url
    row.get_by_role("link", name=number).click()
    clerk.is_at_the_payment_of(number).begins("Ask Ping").confirms("Ask Ping")
    clerk.is_told("Ping was asked, and there is news: Paid.")
    assert store.order_status(number) == "Being processed"

    page.goto(compared)

    expect(page.get_by_role("heading", name="Both say the same")).to_be_visible()
    expect(page.locator(".pingpayments-totals > div").filter(has_text="The same")).to_contain_text("2")
    assert page.errors == []


def _is_paid_unheard_of(open_page, ping) -> str:
    """Let a guest pay and go away, with no word to the shop; return the order's number."""
    visitor = Visitor(open_page()).goes_to_pay()
    ping.manners(come_back="none", callbacks="drop")
    visitor.types_card()
    expect(visitor.page.get_by_role("heading", name="This payment is finished")).to_be_visible()
    return str(ping.payments()[-1]["metadata"]["order_number"])


def test_a_payment_link_is_paid_from_the_mail(open_page, clerk, store, shoot):
    payer = Visitor(open_page()).goes_to_pay().types_card(DECLINED).is_told("declined the payment")
    number = payer.number_in(payer.page.locator("#pingpayments").inner_text())
    payer.page.close()
    page = clerk.finds(number).begins("Send a payment link").page
    page.get_by_label("It can be paid for").select_option(label="24 hours")
    page.get_by_label("Message to the payer").fill("Here is the link that we spoke of.")
    shoot(page, "staff-link-typed")

    clerk.confirms("Send a payment link").is_told("A link was sent to guest@example.org.")

    mail = store.mail(f"Order {number} is waiting to be paid")
    assert "Here is the link that we spoke of." in mail
    elsewhere = Visitor(open_page())
    elsewhere.page.goto(re.search(r"http://\S+", mail)[0])
    elsewhere.page.get_by_role("button", name="Try again").click()
    elsewhere.reaches_the_card_page().types_card()
    expect(elsewhere.page.get_by_role("heading", name="is paid")).to_be_visible()
    store.wait_for_status(number, "Being processed")
    clerk.finds(number)
    expect(clerk.event("Sixten Norberg sent a payment link")).to_contain_text("Here is the link")
    expect(clerk.fact("Paid")).to_have_text("498.00\xa0kr")
    assert page.errors == []


PAGES = {
    "list": "",
    "search": "?q=astrid&state=paid",
    "attention": "attention/",
    "overview": "overview/",
    "reconciled": "reconciliation/?first={today}&last={today}",
    "callbacks": "health/",
    "payment": "{paid}/",
    "refund": "{paid}/refund/",
    "confirmation": "{paid}/confirmation/",
    "close": "{paid}/close/",
    "split": "{paid}/split/",
    "settle": "{paid}/settle/",
    "ask": "{paid}/refresh/",
    "resolve": "{strange}/resolve/",
    "payment-attention": "{strange}/",
    "link": "{waiting}/link/",
    "stop": "{waiting}/stop/",
    "cancel": "{waiting}/cancel/",
    "payment-waiting": "{waiting}/",
}


#: How long the lines are that stand beside the bars of the overview.
LABELS = """() => Array.from(document.querySelectorAll("[data-chart=lying] canvas"))
    .flatMap((canvas) => Chart.getChart(canvas).data.labels.flat().map((line) => line.length))"""


def test_every_page_is_seen(open_page, store, ping, paid_for, shoot):
    """All of a page fits its width, its scripts have no errors, and nothing serious is found by axe."""
    places = _payments_of_all_kinds(open_page, store, ping, paid_for)
    faults = {}
    for prefix, size in {"": DESKTOP, "phone-": PHONE}.items():
        page = Clerk(open_page(viewport=size)).page
        for name, path in PAGES.items():
            address = PAYMENTS + path.format(**places)
            page.goto(address)
            assert page.url.endswith(address), f"{name} does not apply"
            shoot(page, f"{prefix}staff-{name}")
            found = serious(page, "main")
            if page.evaluate("document.documentElement.scrollWidth") > size["width"]:
                found.append("scrolls to the side")
            if name == "overview":
                assert page.locator("canvas").count() == 4
                longest = max(page.evaluate(LABELS))
                assert longest <= 18 if prefix else longest > 18
            if found or page.errors:
                faults[prefix + name] = [*found, *page.errors]
    assert faults == {}, json.dumps(faults, indent=1)


def _payments_of_all_kinds(open_page, store, ping, paid_for) -> dict[str, object]:
    """Let there be an order that is paid, one whose money needs a person, and one that waits."""
    Visitor(open_page()).goes_to_pay().types_card(DECLINED).is_told("declined the payment")
    strange = Visitor(open_page()).goes_to_pay()
    payment = ping.payments()[-1]
    ping.edit(payment["id"], total_amount=payment["total_amount"] + 1)
    strange.types_card().is_told("checking your payment")
    Visitor(open_page()).goes_to_pay()
    waits = ping.payments()[-1]["metadata"]["order_number"]
    numbers = {"paid": paid_for(2), "strange": payment["metadata"]["order_number"], "waiting": waits}
    keys = {kind: store.payment_order(number) for kind, number in numbers.items()}
    return {"today": datetime.now(ZoneInfo("Europe/Stockholm")).date(), **keys}


def test_by_keyboard_alone(open_page, paid_for):
    number = paid_for()
    page = Clerk(open_page()).opens().page

    def tabs_to(name: str) -> None:
        for _ in range(60):
            page.keyboard.press("Tab")
            if page.evaluate("document.activeElement.innerText || document.activeElement.name") == name:
                return
        pytest.fail(f"{name} is not reached by Tab")

    tabs_to("q")
    page.keyboard.type(number)
    page.keyboard.press("Enter")
    page.wait_for_url("**q=*")
    tabs_to(number)
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile(r"/payments/\d+/$"))
    tabs_to("Refund")
    page.keyboard.press("Enter")
    page.wait_for_url("**/refund/")
    tabs_to("what")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    tabs_to("amount")
    page.keyboard.type("12.50")
    tabs_to("message")
    page.keyboard.type("Sorry for the scratch.")
    tabs_to("Refund")
    page.keyboard.press("Enter")

    expect(page.locator("#messages")).to_contain_text("Refund of 12.50\xa0kr")
