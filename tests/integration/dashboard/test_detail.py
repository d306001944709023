"""The page of one payment: all there is to know, and no key with which one could do something."""

from __future__ import annotations

from datetime import datetime

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone, translation

from oscar_pingpayments import facade, simulator
from oscar_pingpayments.dashboard import case
from oscar_pingpayments.models import Callback, Exchange, PaymentOrder
from tests.benchmarks.figures import count_queries
from tests.integration.shop.conftest import call_back

from .conftest import at, bare, make, text

CONTEXT = facade.PaymentContext(absolute_url=lambda path: f"https://shop.example{path}")


@pytest.fixture
def eventful(started, ping):
    """A payer who was declined, paid at the second attempt, and got some of it back in Ping's portal."""
    ping.decline(started.payment.pay_url)
    call_back(started)
    facade.start(started.payment_order.pk, CONTEXT)
    ping.pay(started.payment.pay_url)
    call_back(started)
    ping.refund_in_portal(started.payment.ping_id, 5000)
    facade.refresh(started.payment.pk, by="staff")
    return started


def test_what_happened_is_told(desk, eventful):
    response = desk.get(at("detail", eventful.payment_order))

    assert [bare(event.title) for event in response.context["timeline"]] == [
        "The order was placed",
        "The payer was sent to PaymentIQ's card page",
        "Declined: “Insufficient funds”",
        "The payer tried again (attempt 2)",
        "Paid: SEK299.00",
        "The order confirmation was sent",
        "SEK50.00 was given back",
    ]
    assert "Declined: “Insufficient funds”" in text(response)


def test_what_was_asked_for_paid_refunded_and_kept_is_shown(desk, eventful):
    page = bare(text(desk.get(at("detail", eventful.payment_order))))

    for label, amount in [
        ("Asked for", "299.00"),
        ("Paid", "299.00"),
        ("Refunded", "50.00"),
        ("Kept", "249.00"),
    ]:
        assert f"<dt>{label}</dt><dd>SEK{amount}</dd>" in page


def test_in_swedish_an_amount_and_an_order_are_paid_in_different_words(desk, eventful):
    with translation.override("sv"):
        page = text(desk.get(at("detail", eventful.payment_order)))

    assert '<span class="badge pingpayments-state pingpayments-paid">Betald</span>' in page
    for label in ("Betalt", "Återbetalt"):
        assert f"<dt>{label}</dt>" in page


def test_m7_an_order_that_was_edited_since_shows_the_difference(desk, eventful):
    page = text(desk.get(at("detail", eventful.payment_order)))
    assert "The order comes to" not in page

    eventful.order.lines.update(line_price_incl_tax="250.00")

    page = bare(text(desk.get(at("detail", eventful.payment_order))))
    assert "<dt>The order comes to</dt><dd>SEK250.00<br>" in page


@pytest.mark.parametrize(
    ("language", "event", "table"),
    [
        ("en", "03/01/2026 2:05:09 p.m.</time>", "03/01/2026 2:05 p.m.</td>"),
        ("sv", "2026-03-01 14:05:09</time>", "2026-03-01 14:05</td>"),
        ("fi", "1.3.2026 14.05.09</time>", "1.3.2026 14.05</td>"),
    ],
)
def test_times_are_shown_in_one_way_where_it_matters_with_their_seconds(desk, paid, language, event, table):
    moment = datetime(2026, 3, 1, 14, 5, 9, tzinfo=timezone.get_default_timezone())
    paid.payment_order.payments.update(created_at=moment, sent_at=moment)

    with translation.override(language):
        page = text(desk.get(at("detail", paid.payment_order)))

    assert event in page
    assert table in page


def test_pings_ids_are_there_to_be_copied(desk, eventful):
    page = text(desk.get(at("detail", eventful.payment_order)))

    ids = [eventful.payment_order.ping_id, *eventful.payment_order.payments.values_list("ping_id", flat=True)]
    assert len(ids) == 3
    for ping_id in ids:
        assert f">{ping_id}</code>" in page


def test_what_was_said_to_and_by_ping_is_there(desk, eventful):
    response = desk.get(at("detail", eventful.payment_order))

    page = text(response)
    assert Exchange.objects.filter(payment_order=eventful.payment_order).count() == 5
    assert len(response.context["record"].exchanges) == 5
    assert page.count("POST /api/v1/payment_orders/") == 2
    assert len(response.context["record"].callbacks) == 2
    assert "&quot;status&quot;: &quot;COMPLETED&quot;" in page
    assert "attempt 2 · Ping was asked" in page


def test_of_a_long_log_the_newest_are_shown(desk, eventful, monkeypatch):
    monkeypatch.setattr(case, "LOG", 2)
    monkeypatch.setattr("oscar_pingpayments.dashboard.detail.LOG", 2)
    Callback.objects.create(payment=eventful.payment, body="newest", outcome="asked", verified=True)

    response = desk.get(at("detail", eventful.payment_order))

    assert response.context["record"].callbacks[0].body == "newest"
    assert len(response.context["record"].callbacks) == len(response.context["record"].exchanges) == 2
    assert text(response).count("The newest 2 are shown.") == 2
    assert "signature verified" in text(response)


def test_no_key_is_on_it(desk, eventful):
    page = text(desk.get(at("detail", eventful.payment_order)))

    keys = [eventful.payment_order.token, simulator.API_SECRET]
    for payment in eventful.payment_order.payments.all():
        keys += [payment.token, payment.pay_url.partition("?")[0]]
    assert len(keys) == 6
    for key in keys:
        assert key not in page


def test_words_from_outside_are_shown_as_text(desk, eventful):
    attack = "<script>alert(1)</script>"
    eventful.payment_order.payments.update(reason=attack, error=attack)
    Callback.objects.update(body=attack)
    Exchange.objects.update(request_body=attack, response_body="{" + attack, error=attack, request_id=attack)
    PaymentOrder.objects.update(attention="late", attention_detail=attack)
    eventful.order.shipping_address.__class__.objects.update(first_name=attack)

    page = text(desk.get(at("detail", eventful.payment_order)))

    assert attack not in page
    assert "&lt;script&gt;alert(1)" in page


def test_what_needs_attention_stands_at_the_top(desk, paid):
    PaymentOrder.objects.update(attention="duplicate", attention_detail="Attempt 1 was paid too.\nAnd again.")

    page = text(desk.get(at("detail", paid.payment_order)))

    assert "Needs attention: Paid twice</h2> <p>Attempt 1 was paid too.<br>And again.</p>" in page


def test_the_order_is_linked_for_those_who_may_see_it(staff, paid):
    link = f'href="{reverse("dashboard:order-detail", args=[paid.order.number])}"'

    assert link in text(staff("view", "view_order").get(at("detail", paid.payment_order)))
    assert link not in text(staff("view").get(at("detail", paid.payment_order)))


def test_an_order_that_is_gone_has_a_page_all_the_same(desk, shop):
    (gone,) = make({"state": "expired", "ended_at": None})

    page = text(desk.get(at("detail", gone)))

    assert "900000 (deleted)" in page
    assert "Nobody has tried to pay yet." in page
    assert "Ping has not called about this order." in page
    assert "What was said to Ping about this order is not kept any more." in page


def test_an_attempt_that_ping_has_not_answered(desk, shopper, product, ping, change):
    change(TIMEOUT=(0.5, 0.5))
    ping.misbehave("initiate_payment", "drop_before")
    shopper.buys(product)

    page = text(desk.get(at("detail", shopper.payment_order)))

    assert "not heard of yet<br><small>may still be paid</small>" in page
    assert "To be paid before" in page


@pytest.mark.parametrize("method", ["get", "post"])
def test_a_payment_that_there_is_not_is_not_found(desk, shop, method):
    (gone,) = make({})
    gone.pk += 1

    for name in ("detail", "refresh", "resolve"):
        response = getattr(desk, method)(at(name, gone))
        assert response.status_code == (405 if (name, method) == ("detail", "post") else 404)


def test_it_costs_the_same_for_any_number_of_rows(desk, started, ping):
    def cost() -> int:
        with count_queries() as counted:
            assert desk.get(at("detail", started.payment_order)).status_code == 200
        return counted.total

    before = cost()
    for _ in range(3):
        ping.decline(started.payment.pay_url)
        call_back(started)
        facade.start(started.payment_order.pk, CONTEXT)
    ping.pay(started.payment.pay_url)
    call_back(started)
    for amount in (1000, 2000):
        ping.refund_in_portal(started.payment.ping_id, amount)
        facade.refresh_all(started.payment_order.pk, person=facade.Person("Bosse", desk.user.pk))

    assert cost() == before
    assert before <= 17


def test_nothing_is_asked_of_ping_to_show_it(desk, eventful, ping):
    calls = len(ping.calls())

    desk.get(at("detail", eventful.payment_order))

    assert len(ping.calls()) == calls


def test_there_is_no_script_or_style_of_ours_in_the_pages(desk, paid):
    for address in (at("list"), at("detail", paid.payment_order), at("refresh", paid.payment_order)):
        page = desk.get(address).content.decode()
        ours = page.partition("<main>")[2].partition("</main>")[0]
        assert ours
        for piece in ("<script", "<style", " style=", " onclick=", "javascript:"):
            assert piece not in ours


def test_the_way_in_is_no_secret_and_no_use_to_strangers(paid):
    assert Client().get(at("detail", paid.payment_order)).status_code == 302
