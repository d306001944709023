"""The payer comes back from PaymentIQ's page, early, late, strangely or never: pages say what is true."""

from __future__ import annotations

from html.parser import HTMLParser
from typing import Any

import pytest
from django.contrib.sessions.models import Session
from django.core import mail
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from oscar_pingpayments import facade
from oscar_pingpayments.models import Callback, Payment
from tests.shopper import Shopper

from .books import assert_books_agree, confirmations
from .conftest import call_back, come_back, nothing_changes


def back(shopper: Shopper) -> str:
    """Where PaymentIQ sends the payer."""
    return reverse("pingpayments:return", args=[shopper.payment.token])


def page_of(shopper: Shopper) -> str:
    """The order's payment page."""
    return reverse("pingpayments:payment", args=[shopper.payment_order.token])


def said(response: Any) -> str:
    """What our part of a page says, without the one-time tokens of its forms."""

    class Words(HTMLParser):
        inside = 0
        words = ""

        def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
            if tag == "div":
                self.inside += self.inside > 0 or ("id", "pingpayments") in attrs

        def handle_endtag(self, tag: str) -> None:
            self.inside -= tag == "div" and self.inside > 0

        def handle_data(self, data: str) -> None:
            self.words += data if self.inside else ""

    reader = Words()
    reader.feed(response.content.decode())
    return " ".join(reader.words.split())


# R1: before the callback


def test_r1_the_return_alone_makes_the_order_paid_and_the_page_says_so_at_once(started, ping):
    url = ping.pay(started.payment.pay_url)
    calls = len(ping.calls())

    response = come_back(started, url)

    assert response.redirect_chain[-1][0] == reverse("checkout:thank-you")
    assert response.context["order"] == started.order
    assert "has been paid" in response.content.decode()
    assert started.payment.asked_by == "return"
    assert [call["operation"] for call in ping.calls()[calls:]] == ["get_payment"]
    assert Callback.objects.count() == 0
    assert_books_agree(ping)
    assert started.payment_order.is_paid


# R2: both (with real threads: tests/concurrency/test_paying_races.py)


@pytest.mark.parametrize("first", ["callback", "return"])
def test_r2_callback_and_return_together_have_one_effect(heard, started, ping, first):
    url = ping.pay(started.payment.pay_url)
    acts = [lambda: call_back(started), lambda: come_back(started, url)]
    if first == "return":
        acts.reverse()

    for _ in range(3):
        for act in acts:
            act()

    assert len(mail.outbox) == 1
    assert started.order.payment_events.count() == 1
    assert started.order.sources.get().transactions.count() == 1
    assert started.order.status_changes.count() == 1
    assert [name for name, _ in heard].count("order_paid") == 1
    assert "has been paid" in come_back(started, url).content.decode()
    assert_books_agree(ping)


# R3: Ping still says PENDING


@pytest.mark.parametrize("word", ["INITIATED", "PENDING"])
def test_r3_a_payer_whose_payment_is_pending_waits_on_a_page_that_updates_by_itself(started, ping, word):
    ping.says(started.payment.ping_id, word)

    response = started.client.get(back(started), follow=True)

    page = response.content.decode()
    assert response.redirect_chain == [(page_of(started), 303)]
    assert "We have not heard yet that your payment is done. This page updates by itself." in said(response)
    assert "oscar_pingpayments/waiting.js" in page
    version = started.sees("state").json()["version"]
    assert f'data-version="{version}"' in page
    assert f'data-state="{page_of(started)}state/"' in page
    # Without JavaScript the browser itself looks again, and there is a link for whom that is too slow.
    assert '<noscript><meta http-equiv="refresh" content="5"></noscript>' in page
    assert f'<noscript><p><a href="{page_of(started)}">Look again</a></p></noscript>' in page
    assert started.order.status == "Pending"

    ping.says(started.payment.ping_id, "COMPLETED")
    Payment.objects.update(page_asked_at=None)
    assert started.sees("state").json()["version"] != version
    assert started.sees()["Location"] == reverse("checkout:thank-you")
    assert_books_agree(ping)


# R4: the payer never returns


@pytest.mark.parametrize("who", ["guest", "customer"])
@pytest.mark.parametrize("heard_by", ["callback", "sync"])
def test_r4_a_payer_who_never_returns_has_paid_and_is_sent_the_confirmation(
    product, ping, request, heard_by, who
):
    shopper = Shopper(user=request.getfixturevalue("customer") if who == "customer" else None)
    shopper.buys(product)
    ping.pay(shopper.payment.pay_url)
    Session.objects.all().delete()

    if heard_by == "callback":
        assert call_back(Shopper()).status_code == 200
    else:
        Payment.objects.update(ask_again_at=timezone.now())
        assert facade.sync().paid == 1

    assert shopper.order.status == "Being processed"
    (message,) = confirmations(shopper.order)
    assert message.to == ["astrid@example.org"]
    assert shopper.order.number in message.body
    assert_books_agree(ping)


# R6: by hand, or guessed


@pytest.mark.parametrize("method", ["get", "post"])
@pytest.mark.parametrize("query", ["", "?status=COMPLETED&success=true", "?paymentStatus=SUCCESS&amount=299"])
def test_r6_coming_back_by_hand_does_not_pay(started, ping, method, query):
    ping.hold_callbacks()
    fields = {"status": "COMPLETED", "total_amount": "29900"} if method == "post" else {}

    response = getattr(started.client, method)(back(started) + query, fields, follow=True)

    assert "We have not heard yet that your payment is done." in said(response)
    assert started.order.status == "Pending"
    assert (started.payment_order.state, started.payment_order.amount_paid) == ("awaiting", 0)
    assert started.client.get(reverse("checkout:thank-you"))["Location"] == page_of(started)
    assert mail.outbox == []
    assert_books_agree(ping)


@pytest.mark.parametrize("name", ["return", "callback"])
def test_r6_a_guessed_address_is_a_404_and_asks_nobody(started, ping, name):
    real = started.payment.token
    calls = len(ping.calls())

    for guess in ("1", str(started.payment.pk), real[:-1], real[:-1] + "-", real.swapcase(), real + real):
        with nothing_changes():
            url = reverse(f"pingpayments:{name}", args=[guess])
            assert started.client.post(url, {}, content_type="application/json").status_code == 404

    assert len(ping.calls()) == calls


# R11: by POST, with anything in the query


HUGE = "x=" + "y" * 60_000
FIELDS = "&".join(f"field{number}=1" for number in range(3000))


@pytest.mark.parametrize(
    ("query", "stands"),
    [
        ("", "COMPLETED"),
        ("utm_source=piq&transaction=1", "PENDING"),
        (HUGE, "DECLINED"),
        (FIELDS, "COMPLETED"),
        ("%00=%ff&%C3%28&a[]=1&=&&;", "COMPLETED"),
        ("status=\x85%0d%0aX:y", "DECLINED"),
    ],
    ids=["none", "unknown", "huge", "many fields", "malformed", "control characters"],
)
def test_r11_whatever_comes_with_the_return_the_page_is_the_same(started, ping, query, stands):
    ping.says(started.payment.ping_id, stands)
    page = said(started.client.get(back(started), follow=True))

    for method, body, kind in [
        ("GET", b"", ""),
        ("HEAD", b"", ""),
        ("POST", b"", "application/json"),
        ("POST", b"status=FAILED&%00=%ff", "application/x-www-form-urlencoded"),
        ("POST", FIELDS.encode(), "application/x-www-form-urlencoded"),
        ("POST", b"--", "multipart/form-data"),
        ("POST", b"\xff" * 3_000_000, "application/octet-stream"),
        ("POST", b"", "nonsense; charset=no-such-charset"),
    ]:
        response = started.client.generic(method, back(started), body, content_type=kind, QUERY_STRING=query)
        # The address of the page says nothing of what came: it is the one that a plain GET leads to.
        assert (response.status_code, response["Location"]) == (303, page_of(started))
    assert said(started.client.get(page_of(started), follow=True)) == page
    assert_books_agree(ping)
    assert started.payment_order.is_paid is (stands == "COMPLETED")


def test_r11_a_form_that_another_site_posts_comes_without_cookies_and_leaves_the_payers_alone(started, ping):
    """Browsers keep cookies back from such a form: an answer that set new ones would end the session."""
    ping.pay(started.payment.pay_url)
    stranger = Client(enforce_csrf_checks=True)

    response = stranger.post(back(started), {"status": "OK"}, headers={"Origin": "https://piq.example"})

    assert (response.status_code, response["Location"]) == (303, page_of(started))
    assert dict(response.cookies) == {}
    # The browser follows by GET, and with its cookies again.
    assert started.client.get(response["Location"])["Location"] == reverse("checkout:thank-you")
