"""What the payer's pages say, the ways out that each offers, and what strangers see of them."""

from __future__ import annotations

import re
from html.parser import HTMLParser

import pytest
from django.apps import apps
from django.db import OperationalError, connection
from django.test import Client
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.formats import date_format
from oscar.apps.checkout.views import PaymentMethodView

from oscar_pingpayments import facade
from oscar_pingpayments.models import Payment, PaymentOrder
from tests.shopper import Shopper

from .answers import let_ping_answer
from .conftest import call_back, nothing_changes

OWN_WAYS = {"Change my order"}
CHARGED_ONCE = "please wait and do not pay again: you are charged once at most"


class Buttons(HTMLParser):
    """The labels of our own page's buttons, and whether there is anything inline in it."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.inside = 0
        self.is_button = False
        self.labels: set[str] = set()
        self.inline: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "div":
            self.inside += self.inside > 0 or ("id", "pingpayments") in attrs
        if self.inside:
            self.is_button = tag == "button"
            if tag in ("script", "style"):
                self.inline.append(tag)
            self.inline += [name for name, _ in attrs if name == "style" or name.startswith("on")]

    def handle_endtag(self, tag: str) -> None:
        if tag == "div" and self.inside:
            self.inside -= 1
        self.is_button = False

    def handle_data(self, data: str) -> None:
        if self.is_button:
            self.labels.add(data.strip())


def waiting(shopper, ping) -> None:
    """As it is right after the order was placed."""


def not_paid(shopper, ping) -> None:
    ping.decline(shopper.payment.pay_url)


def unavailable(shopper, ping) -> None:
    Payment.objects.update(live=None, error="refused")


def ended(shopper, ping) -> None:
    facade.cancel(shopper.payment_order.pk, by="staff")


def run_out(shopper, ping) -> None:
    Payment.objects.update(live=None, error="refused")
    PaymentOrder.objects.update(expires_at=timezone.now())


def checking(shopper, ping) -> None:
    let_ping_answer(ping, shopper.payment, total_amount=1)


def paid(shopper, ping) -> None:
    ping.pay(shopper.payment.pay_url)
    call_back(shopper)


PAGES = [
    (waiting, "Waiting for your payment", {"Go to the payment page"}, OWN_WAYS),
    (not_paid, "The order is not paid yet", {"Try again"}, OWN_WAYS),
    (unavailable, "The payment could not be started", {"Pay now"}, OWN_WAYS),
    (
        ended,
        "The order was cancelled. Nothing has been charged.",
        set(),
        {"Put everything back in my basket"},
    ),
    (run_out, "The time to pay has run out", set(), {"Put everything back in my basket"}),
    (checking, "We are checking your payment", set(), set()),
]


@pytest.mark.parametrize(
    ("arrange", "words", "ways", "own_ways"), PAGES, ids=lambda value: getattr(value, "__name__", "")
)
def test_r15_each_page_says_what_is_true_and_tells_strangers_nothing_more(
    started, ping, arrange, words, ways, own_ways
):
    arrange(started, ping)

    own = started.sees()
    strangers = Shopper().client.get(own.request["PATH_INFO"])

    assert words in own.content.decode()
    assert words in strangers.content.decode()
    assert Buttons(own.content.decode()).labels == ways | own_ways
    assert Buttons(strangers.content.decode()).labels == ways
    assert Buttons(own.content.decode()).inline == []
    assert started.order.number in own.content.decode()
    assert "299.00" in own.content.decode()
    for secret in (started.order.number, "299.00", "astrid@example.org", "Lindqvist", "Vimmerby", "Lantern"):
        assert secret not in strangers.content.decode()


@pytest.mark.parametrize("arrange", [waiting, not_paid, unavailable], ids=lambda value: value.__name__)
def test_another_way_to_pay_is_offered_where_there_is_one(started, ping, change, arrange):
    arrange(started, ping)
    alone = started.sees().content.decode()
    change(OTHER_METHODS={"invoice": "Invoice"})

    beside_others = started.sees().content.decode()

    assert "Pay in another way" not in alone
    assert "This cancels the order and puts everything back in your basket:" in alone
    assert "Pay in another way" in Buttons(beside_others).labels
    assert "Each of these cancels the order and puts everything back in your basket:" in beside_others


def test_another_way_to_pay_is_offered_where_the_shops_own_step_asks(started, monkeypatch):
    """What that step offers beside card we do not know."""
    monkeypatch.setattr(apps.get_app_config("checkout"), "payment_method_view", PaymentMethodView)

    assert "Pay in another way" in Buttons(started.sees().content.decode()).labels


@pytest.mark.parametrize(
    ("arrange", "words"),
    [(not_paid, "kept for you until {},"), (unavailable, "Until {} it is kept for you")],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_the_page_says_until_when_the_order_is_kept(started, ping, arrange, words):
    arrange(started, ping)
    until = date_format(timezone.localtime(started.payment_order.expires_at), "DATETIME_FORMAT")

    assert words.format(until) in started.sees().content.decode()


@pytest.mark.parametrize(
    ("sends", "tells"), [(True, f"{CHARGED_ONCE}, and we e-mail you when"), (False, f"{CHARGED_ONCE}.")]
)
def test_who_waits_is_told_not_to_pay_again_and_whether_an_e_mail_comes(started, change, sends, tells):
    change(EMAILS={"confirmation": sends})
    path = reverse("pingpayments:payment", args=[started.payment_order.token])

    assert tells in started.sees().content.decode()
    assert f"{CHARGED_ONCE}." in Client().get(path).content.decode()  # it is not sent to a stranger


@pytest.mark.parametrize("sends", [True, False])
def test_a_stranger_hears_of_the_confirmation_where_it_is_sent(started, ping, change, sends):
    change(EMAILS={"confirmation": sends})
    paid(started, ping)
    page = Client().get(reverse("pingpayments:payment", args=[started.payment_order.token])).content.decode()

    assert "The payment has arrived." in page
    assert ("A confirmation is sent by e-mail" in page) is sends


def test_the_payer_sees_what_came_where_it_must_be_looked_at(started, ping):
    checking(started, ping)
    page = started.sees()
    strangers = Client().get(page.request["PATH_INFO"]).content.decode()

    assert re.search(r"<dt>Received</dt><dd>[^<]*0\.01</dd>", page.content.decode())
    assert "Received" not in strangers


def test_nothing_is_said_to_have_come_of_money_in_another_currency(started, ping):
    let_ping_answer(ping, started.payment, currency="EUR")
    page = started.sees().content.decode()

    assert "We are checking your payment" in page
    assert "Received" not in page


def test_the_payer_of_a_paid_order_is_thanked_in_the_same_session(started, ping):
    paid(started, ping)

    assert started.sees()["Location"] == reverse("checkout:thank-you")


def test_the_customer_of_a_paid_order_comes_to_it_in_another_browser(customer, product, ping):
    shopper = Shopper(user=customer)
    shopper.buys(product)
    paid(shopper, ping)
    elsewhere = Shopper(user=customer)

    response = elsewhere.sees()

    assert response["Location"] == reverse("customer:order", kwargs={"order_number": shopper.order.number})
    assert elsewhere.client.get(response["Location"]).status_code == 200


def test_a_stranger_may_pay_for_somebody_else(started, ping):
    stranger = Client()

    response = stranger.post(reverse("pingpayments:pay", args=[started.payment_order.token]))

    assert response["Location"] == started.payment.pay_url
    assert len(ping.payments()) == 1


def test_the_page_tells_that_something_has_changed(started, ping):
    before = started.sees("state").json()["version"]
    assert f'data-version="{before}"' in started.sees().content.decode()
    Payment.objects.update(page_asked_at=None)
    assert started.sees("state").json()["version"] == before

    ping.decline(started.payment.pay_url)
    Payment.objects.update(page_asked_at=None)

    assert started.sees("state").json()["version"] != before
    PaymentOrder.objects.update(state="cancelled")
    Payment.objects.all().delete()
    assert started.sees("state").json()["version"] == "ended"


@pytest.mark.parametrize("page", ["pay", "change"])
def test_another_site_cannot_press_the_buttons(started, page):
    started.client.handler.enforce_csrf_checks = True

    with nothing_changes():
        response = started.client.post(reverse(f"pingpayments:{page}", args=[started.payment_order.token]))

    assert response.status_code == 403


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("sv", "Väntar på din betalning"),
        ("nb", "Venter på betalingen din"),
        ("da", "Venter på din betaling"),
        ("fi", "Odotamme maksuasi"),
        ("de", "Wir warten auf Ihre Zahlung"),
    ],
)
def test_the_pages_speak_the_language_in_which_the_order_was_placed(shopper, product, language, words):
    with translation.override(language):
        shopper.buys(product)
    elsewhere = Client(headers={"Accept-Language": "en"})
    url = reverse("pingpayments:payment", args=[shopper.payment_order.token])

    assert words in elsewhere.get(url).content.decode()


# The notice on the shop's own pages


@pytest.mark.parametrize("arrange", [ended, run_out, checking, paid])
def test_nobody_is_told_of_an_order_that_cannot_be_paid_any_more(started, ping, arrange):
    arrange(started, ping)
    started.sees()

    assert "is waiting for your payment" not in started.client.get(reverse("basket:summary")).content.decode()


def test_the_thanks_are_oscars_where_there_is_no_order_or_none_of_ours(shopper, product, change):
    assert shopper.client.get(reverse("checkout:thank-you")).status_code == 302
    change(OTHER_METHODS={"invoice": "Invoice"})
    shopper.buys(product, method="invoice")

    assert shopper.client.get(reverse("checkout:thank-you")).context["order"] == shopper.order


def test_an_order_that_was_cancelled_in_another_session_gives_no_answers_back(started, customer, product):
    """The checkout's answers belong to the session that gave them."""
    session = started.client.session
    session["pingpayments_checkout"]["order"] = 0
    session.save()

    started.client.post(reverse("pingpayments:change", args=[started.payment_order.token]))

    assert started.order.status == "Cancelled"
    assert not started.client.session.get("checkout_data")


@pytest.mark.parametrize("statement", range(1, 5))
def test_r2_a_callback_that_is_written_while_a_page_is_made_leaves_a_page_that_comes_right(
    started, ping, statement
):
    """Whichever statement of the page's it comes after, the page is true or will update by itself."""
    ping.pay(started.payment.pay_url)
    Payment.objects.update(page_asked_at=timezone.now())  # so that the page is made from the rows alone
    seen = []

    def call_in_between(execute, sql, params, many, context):
        result = execute(sql, params, many, context)
        if "pingpayments_" in sql or seen:
            seen.append(sql)
            if len(seen) == statement:
                facade.refresh(started.payment.pk, by="callback")
        return result

    with connection.execute_wrapper(call_in_between):
        answer = started.client.get(reverse("pingpayments:payment", args=[started.payment_order.token]))

    assert len(seen) > statement
    assert started.payment_order.is_paid
    if answer.status_code == 200:
        state = started.client.get(reverse("pingpayments:state", args=[started.payment_order.token])).json()
        assert answer.context["standing"].page == "waiting"
        assert answer.context["standing"].version != state["version"]
    else:
        assert answer["Location"] == reverse("checkout:thank-you")


def test_a_page_is_no_error_where_the_shop_is_set_to_another_tenant(started, ping, change, caplog):
    change(TENANT_ID="00000000-0000-4000-8000-00000000abcd")

    assert "Waiting for your payment" in started.sees().content.decode()

    assert "Ping could not be asked for a page" in caplog.text


def test_a_page_is_no_error_where_the_database_gives_up(started, ping, caplog):
    """Another process holds the lock for too long: the page shows what is known, and a later one more."""

    def fail(execute, sql, params, many, context):
        if sql.startswith("UPDATE") and "pingpayments_paymentorder" in sql:
            raise OperationalError("database is locked")
        return execute(sql, params, many, context)

    ping.pay(started.payment.pay_url)
    with connection.execute_wrapper(fail):
        assert "Waiting for your payment" in started.sees().content.decode()

    assert "Ping could not be asked for a page" in caplog.text
    assert started.order.status == "Pending"
    Payment.objects.update(page_asked_at=None)
    assert started.sees()["Location"] == reverse("checkout:thank-you")
