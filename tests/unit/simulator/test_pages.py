"""PaymentIQ's page as it is simulated: every card, every way to leave, and nothing that could be injected."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.test import Client

from oscar_pingpayments.simulator.cards import CARDS, Outcome, is_card_number

CARD = {"number": "5457 2100 0200 1420", "expiry": "12/39", "cvc": "123"}


@pytest.fixture
def opened(api):
    """A payment order's id, its payment's id and its page."""
    order = api.order()
    return order, *api.pay(order)


def submit(page, **changes):
    return Client().post(page, {**CARD, **changes})


def test_the_page_shows_what_is_paid_and_to_whom(opened):
    html = Client().get(opened[2]).content.decode()

    assert "299.00\N{NO-BREAK SPACE}SEK" in html
    assert "shop.example" in html
    assert "Lantern" in html
    assert "incl. 25 % VAT" in html
    assert "<script" not in html
    assert "style=" not in html


@pytest.mark.parametrize(
    ("locale", "words"), [("sv-SE", "Kortbetalning"), ("nb-NO", "Kortbetaling"), ("fi-FI", "Card payment")]
)
def test_the_page_speaks_the_payers_language(opened, locale, words):
    html = Client().get(opened[2].partition("?")[0] + f"?locale={locale}").content.decode()

    assert words in html
    assert ("299,00" in html) == (locale != "fi-FI")


@pytest.mark.parametrize(
    ("outcome", "status", "goes_to"),
    [
        (Outcome.PAYS, "COMPLETED", "http://shop.example/ok"),
        (Outcome.NO_FUNDS, "DECLINED", "http://shop.example/bad?x=1"),
        (Outcome.CRASHES, "CRASHED", "http://shop.example/bad?x=1"),
        (Outcome.WAITS, "PENDING", "http://shop.example/ok"),
    ],
)
def test_every_card_does_what_it_is_for(api, opened, outcome, status, goes_to):
    order, payment, page = opened
    card = next(card for card in CARDS if card.outcome is outcome)

    answer = submit(page, number=card.grouped)

    assert (answer.status_code, answer["Location"]) == (303, goes_to)
    shown = api.get(order, payment)
    assert shown["status"] == status
    assert [entry["status"] for entry in shown["status_history"]][:2] == ["INITIATED", "PENDING"]


def test_why_a_card_was_declined_is_in_the_history(api, opened):
    submit(opened[2], number="5186170070001140")

    details = api.get(*opened[:2])["status_history"][-1]["details"]
    assert details["provider_data"]["message"] == "Insufficient funds"


@pytest.mark.parametrize(("action", "status"), [("approve", "COMPLETED"), ("refuse", "DECLINED")])
def test_three_d_secure_asks_and_does_as_it_is_told(api, opened, action, status):
    asked = submit(opened[2], number="5200000000000007")
    assert "card ending in 0007" in asked.content.decode()
    assert api.get(*opened[:2])["status"] == "PENDING"

    answer = Client().post(opened[2], {"action": action})

    assert answer.status_code == 303
    assert api.get(*opened[:2])["status"] == status


def test_the_test_cards_are_spoken_of_only_where_they_are(opened):
    pointer = "no real money; use a test card below"

    assert pointer in Client().get(opened[2]).content.decode()

    assert pointer not in submit(opened[2], number="5200000000000007").content.decode()


def test_a_second_card_after_a_page_that_waited(api, opened):
    submit(opened[2], number="5200000000000023")

    submit(opened[2])

    history = [entry["status"] for entry in api.get(*opened[:2])["status_history"]]
    assert history == ["INITIATED", "PENDING", "COMPLETED"]


def test_giving_up_leads_back_to_the_shop(api, opened):
    answer = Client().post(opened[2], {"action": "cancel"})

    assert answer["Location"] == "http://shop.example/bad?x=1"
    assert api.get(*opened[:2])["status"] == "ABORTED"


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"number": "1234"}, "Enter a valid card number."),
        ({"number": ""}, "Enter a valid card number."),
        ({"number": "5457210002001421"}, "Enter a valid card number."),
        ({"number": "4111 1111 1111 1111"}, "takes its test cards only"),
        ({"expiry": "13/39"}, "Enter a month and year"),
        ({"expiry": "12/25"}, "Enter a month and year"),
        ({"cvc": "12"}, "three or four digits"),
    ],
)
def test_a_card_that_is_typed_wrong_is_asked_for_again(api, opened, changes, words):
    answer = submit(opened[2], **changes)

    html = answer.content.decode()
    assert answer.status_code == 422
    assert words in html
    assert f'value="{(CARD | changes)["expiry"]}"' in html
    assert 'value="123"' not in html
    assert api.get(*opened[:2])["status"] == "INITIATED"


def test_this_month_is_not_over(opened):
    now = datetime.now(UTC)

    assert submit(opened[2], expiry=f"{now:%m/%y}").status_code == 303


def test_a_page_that_was_open_for_too_long(api, opened, world):
    world.payments[opened[1]].expires = datetime.now(UTC) - timedelta(seconds=1)

    html = Client().get(opened[2]).content.decode()

    assert "This page has expired" in html
    assert 'href="http://shop.example/bad?x=1"' in html
    assert api.get(*opened[:2])["status"] == "EXPIRED"


@pytest.mark.parametrize(("card", "back"), [("5457210002001420", "ok"), ("5186170070001140", "bad?x=1")])
def test_a_finished_page_leads_back(opened, card, back):
    submit(opened[2], number=card)

    html = Client().get(opened[2]).content.decode()

    assert "This payment is finished" in html
    assert f'href="http://shop.example/{back}"' in html


def test_a_page_that_never_was():
    answer = Client().get("/pay/nothing")

    assert answer.status_code == 404
    assert "There is no such payment" in answer.content.decode()


def test_the_payer_may_come_back_by_post_with_more_in_the_address_or_not_at_all(api, control):
    control("manners", come_back="post", query={"ref": "a b"})
    order = api.order()
    html = submit(api.pay(order)[1]).content.decode()
    assert '<form method="post" action="http://shop.example/ok?ref=a+b">' in html

    control("manners", come_back="none")
    assert "This payment is finished" in submit(api.pay(order)[1]).content.decode()


def test_the_looks_follow_the_shop_but_nothing_is_injected(api):
    cashier = {
        "header": {"hidden": True},
        "amount": {"hidden": True},
        "footer": {"hidden": True},
        "container": {"padding": "3rem"},
        "submit_button": {"color": "#00aa55", "height": "1px} body{display:none"},
        "font_family": "Georgia",
    }
    parameters = {
        "success_url": "http://shop.example/",
        "error_url": "http://shop.example/",
        "cashier": cashier,
    }
    page = api.pay(api.order(), provider_method_parameters=parameters)[1]

    css = Client().get(page.partition("?")[0] + "/style.css").content.decode()
    assert css == "body { font-family: Georgia }\n.sheet { padding: 3rem }\n.pay { background: #00aa55 }\n"
    html = Client().get(page).content.decode()
    assert 'class="top"' not in html
    assert 'class="total"' not in html
    assert "<footer>" not in html
    assert "test card" not in html
    assert Client().get("/pay/nothing/style.css").content == b""


def test_the_style_sheet_and_the_front_page_are_served():
    assert Client().get("/assets/page.css")["Content-Type"] == "text/css; charset=utf-8"
    assert Client().get("/assets/other.css").status_code == 404
    assert "5457 2100 0200 1420" in Client().get("/").content.decode()


@pytest.mark.parametrize("number", ["", "12345678901", "5457210002001421", "x" * 16, "\u0665" * 16, "0" * 20])
def test_what_is_no_card_number(number):
    assert not is_card_number(number)
