"""In what words payers are written to: their language, whose templates, and what must never be in a mail."""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path

import pytest
from django.contrib.sites.models import Site
from django.core import mail
from django.urls import reverse
from django.utils import timezone, translation
from oscar.core.loading import get_model

from oscar_pingpayments import facade
from oscar_pingpayments.facade import letters
from oscar_pingpayments.models import Effect, PaymentOrder
from tests.shopper import Shopper

from .mails import cancels, declines, html, lines, minutes_pass, pays, refunds

# In what words


def test_the_mail_is_in_the_language_in_which_the_order_was_placed(ping, product):
    shopper = Shopper().has(product).stands_at_preview()
    with translation.override("sv"):
        shopper.client.post(
            reverse("checkout:preview"), {"action": "place_order"}, headers={"Accept-Language": "sv"}
        )
    declines(shopper, ping)

    minutes_pass()

    (message,) = mail.outbox
    assert shopper.payment_order.language == "sv"
    assert lines(message.body)[0] == "Hej,"
    assert "299,00\xa0kr" in message.body
    assert "299,00\xa0kr" in html(message)
    assert "Teamet på example.com" in html(message)
    assert translation.get_language() == "en"


def test_a_mail_says_nothing_personal_beyond_the_orders_number_and_amounts(declined, ping):
    minutes_pass()
    PaymentOrder.objects.update(expires_at=timezone.now())
    facade.sync()

    assert len(mail.outbox) == 2
    for message in mail.outbox:
        for personal in ("Astrid", "Lindqvist", "Storgatan", "Vimmerby", "70123", "astrid@", "Lantern"):
            assert personal not in message.body + html(message)


def test_o4_no_log_says_who_was_written_to(declined, paid_after, caplog):
    caplog.set_level("DEBUG")

    minutes_pass()
    paid_after()

    assert len(mail.outbox) == 2
    assert "astrid@example.org" not in caplog.text


@pytest.fixture
def paid_after(declined, ping):
    """Call it to let the payer try again and pay."""
    return lambda: pays(declined, ping)


@pytest.mark.parametrize("public_url", ["https://shop.example", None])
def test_a_link_leads_to_where_the_shop_is(declined, change, public_url):
    change(PUBLIC_URL=public_url)
    other = Site.objects.create(domain="other.example", name="Other")
    get_model("order", "Order").objects.update(site=other)

    minutes_pass()

    page = reverse("pingpayments:payment", args=[declined.payment_order.token])
    assert f"\n{public_url or 'https://other.example'}{page}\n" in mail.outbox[0].body


def test_header_injection_is_impossible(declined):
    number = "100042\r\nBcc: everybody@example.org\x85\u2028Subject:"
    get_model("order", "Order").objects.update(number=number)

    minutes_pass()

    (message,) = mail.outbox
    assert message.subject == "Order 100042Bcc: everybody@example.org Subject: is not paid yet"
    assert message.recipients() == ["astrid@example.org"]
    assert "Bcc" not in message.message()


def test_an_address_with_a_line_break_in_it_is_not_written_to(declined, caplog):
    get_model("order", "Order").objects.update(guest_email="a@example.org\nBcc: everybody@example.org")

    minutes_pass()

    assert mail.outbox == []
    assert Effect.objects.get(name="failed_mail").error in ("BadHeaderError", "ValueError")  # of newer Django


def test_a_shops_name_is_escaped_in_html(declined):
    Site.objects.update(name="<i>Lamps & Co")
    Site.objects.clear_cache()

    minutes_pass()

    assert "The <i>Lamps & Co team" in mail.outbox[0].body
    assert "The &lt;i&gt;Lamps &amp; Co team" in html(mail.outbox[0])


# Whose templates


@pytest.mark.parametrize(
    ("code", "happens"),
    [
        ("PINGPAYMENTS_PAYMENT_FAILED", lambda shopper, ping: None),
        ("PINGPAYMENTS_ORDER_CANCELLED", cancels),
        (
            "PINGPAYMENTS_REFUNDED",
            lambda shopper, ping: (pays(shopper, ping), refunds(shopper, ping, 29900)),
        ),
        (
            "PINGPAYMENTS_PAYMENT_LINK",
            lambda shopper, ping: facade.send_payment_link(
                shopper.payment_order.pk, person=facade.Person("Kim"), window=timedelta(hours=1)
            ),
        ),
    ],
    ids=["failed", "cancelled", "refunded", "link"],
)
def test_what_staff_wrote_in_oscars_dashboard_wins(declined, ping, code, happens):
    event_type = get_model("communication", "CommunicationEventType").objects.create(
        code=code,
        name="Ours",
        email_subject_template="Ours: {{ order.number }}",
        email_body_template="Plain {{ order.ping_payment_order.amount }}",
        email_body_html_template="<p>HTML</p>",
    )
    happens(declined, ping)

    minutes_pass()

    (message,) = [message for message in mail.outbox if message.subject.startswith("Ours")]
    assert message.subject == f"Ours: {declined.order.number}"
    assert (message.body, html(message)) == ("Plain 299.00", "<p>HTML</p>")
    events = get_model("order", "CommunicationEvent").objects.filter(order=declined.order)
    assert [event.event_type for event in events] == [event_type]


@pytest.mark.parametrize("code", [letters.FAILED, letters.CANCELLED, letters.REFUNDED, letters.LINK])
def test_what_the_page_about_emails_types_puts_our_words_into_the_dashboard(declined, admin_client, code):
    page = Path(__file__).parents[3] / "docs" / "howto" / "emails.md"
    (typed,) = re.findall(r"^```python\n(from django.*?)^```$", page.read_text(), re.MULTILINE | re.DOTALL)

    exec(typed.replace('"PINGPAYMENTS_PAYMENT_FAILED"', repr(code)), {})

    url = reverse("dashboard:comms-update", args=[code])
    form = admin_client.get(url).context["form"]
    subject = form["email_subject_template"].value()
    assert "{{ number }}" in subject
    assert len(subject) <= 255  # what its column holds
    parts = {name: form[name].value() for name in form.fields if name.startswith(("name", "email_"))}
    shown = admin_client.post(
        url, {**parts, "show_preview": "1", "preview_order_number": declined.order.number}
    )
    assert declined.order.number in shown.context["preview"]["subject"]
    assert declined.order.number in shown.context["preview"]["html"]
    changed = {**parts, "email_subject_template": "Ours: {{ order.number }}", "preview_order_number": ""}
    assert admin_client.post(url, changed).status_code == 302
    event_type = get_model("communication", "CommunicationEventType").objects.get(code=code)
    assert event_type.email_subject_template == "Ours: {{ order.number }}"


def test_a_shops_own_template_wins(declined, settings, tmp_path):
    folder = tmp_path / "oscar" / "communication" / "emails"
    folder.mkdir(parents=True)
    (folder / "commtype_pingpayments_payment_failed_subject.txt").write_text(
        "Try again,\n {{ order.number }}"
    )
    settings.TEMPLATES = [{**settings.TEMPLATES[0], "DIRS": [tmp_path]}]

    minutes_pass()

    (message,) = mail.outbox
    assert message.subject == f"Try again, {declined.order.number}"
    assert message.body.startswith("Hello,")


def test_a_shops_own_dispatcher_sends_it(declined, monkeypatch):
    dispatcher = pytest.importorskip("oscar.apps.order.utils").OrderDispatcher
    sent = []

    class Own(dispatcher):
        def dispatch_order_messages(self, order, messages, event_code, attachments=None, **kwargs):
            sent.append((order.number, event_code))

    monkeypatch.setattr("oscar.apps.order.utils.OrderDispatcher", Own)

    minutes_pass()

    assert sent == [(declined.order.number, "PINGPAYMENTS_PAYMENT_FAILED")]
    assert mail.outbox == []


def test_a_customers_mails_are_kept_in_their_account(customer, product, ping):
    shopper = Shopper(user=customer)
    shopper.buys(product)
    declines(shopper, ping)

    minutes_pass()

    assert [message.to for message in mail.outbox] == [["astrid@example.org"]]
    assert [row.subject for row in customer.emails.all()] == [f"Order {shopper.order.number} is not paid yet"]
