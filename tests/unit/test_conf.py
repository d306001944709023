"""The ``PINGPAYMENTS`` setting: what each key means, and what is said of each way to get it wrong."""

from __future__ import annotations

import subprocess
import sys
from datetime import timedelta
from uuid import UUID

import pytest
from django.utils.translation import gettext_lazy

from oscar_pingpayments import conf
from oscar_pingpayments.conf.keys import PARSERS
from oscar_pingpayments.conf.values import Emails
from oscar_pingpayments.exceptions import ConfigurationError

TENANT = "0b9ef1b0-62a5-4a4a-9f43-8f6c5e3b2d11"
MERCHANT = "5d1c1e38-6d0f-4a35-8a63-0b1ab0c3f2aa"
PUBLIC_KEY = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="
REQUIRED = {"TENANT_ID": TENANT, "API_SECRET": "very-secret", "MERCHANT_ID": MERCHANT}


@pytest.fixture
def shop(settings):
    """A shop that has set nothing but the required keys; call it with more of them."""

    def shop(**keys: object) -> conf.Settings:
        settings.PINGPAYMENTS = {**REQUIRED, **keys}
        return conf.get_settings()

    return shop


def complaints(settings, **keys: object) -> list[tuple[str, str]]:
    """Return key and kind of every problem of a shop with these keys."""
    settings.PINGPAYMENTS = {**REQUIRED, **keys}
    return [(problem.key, problem.kind) for problem in conf.problems()]


def test_three_keys_are_enough(shop):
    assert shop() == conf.Settings(
        tenant_id=UUID(TENANT),
        api_secret=conf.Secret("very-secret"),
        merchant_id=UUID(MERCHANT),
        environment="sandbox",
        base_url="https://sandbox.pingpayments.com/payments",
        api_version="2025-12-09",
        provider="payment_iq",
        method="card",
        pay_url_field="pay_url",
        split_tree_id=None,
        public_url=None,
        payment_window=timedelta(hours=1),
        order_status=conf.OrderStatuses(
            awaiting="Pending", paid="Being processed", cancelled="Cancelled", refunded="Refunded"
        ),
        locales={"sv": "sv-SE", "nb": "nb-NO", "no": "nb-NO", "nn": "nb-NO", "en": "en-US"},
        cashier={},
        pay_hosts=(".pingpayments.com",),
        timeout=conf.Timeout(connect=3.0, read=7.0),
        auto_wire=True,
        other_methods={},
        skip_single_method=False,
        callback_signature=None,
        log_days=90,
        restock_refunded=False,
        settle=conf.SettleRule(
            when="never", days=0, upto="close", fast_forward=False, shipping_event="Shipped"
        ),
    )
    assert conf.problems() == []


def test_the_setting_is_read_when_it_is_used(shop):
    assert shop(ENVIRONMENT="sandbox").environment == "sandbox"
    assert shop(ENVIRONMENT="production").environment == "production"


def test_a_setting_that_is_changed_inside_the_dict_is_read_again(shop, settings):
    before = shop(TIMEOUT=[1, 2])

    settings.PINGPAYMENTS["TIMEOUT"][1] = 3

    assert (before.timeout.read, conf.get_settings().timeout.read) == (2, 3)


def test_a_setting_that_is_spoilt_is_an_error_at_once(shop, settings):
    shop()

    settings.PINGPAYMENTS["ENVIRONMENT"] = "moon"

    with pytest.raises(ConfigurationError, match="ENVIRONMENT"):
        conf.get_settings()


def test_an_error_about_the_settings_shows_none_of_them_to_those_who_show_local_variables(settings):
    settings.PINGPAYMENTS = {**REQUIRED, "MERCHANT_ID": "none"}

    with pytest.raises(ConfigurationError) as raised:
        conf.get_settings()

    trace = raised.tb.tb_next
    while trace is not None:
        assert "very-secret" not in str(trace.tb_frame.f_locals)
        trace = trace.tb_next


def test_production_has_its_own_address(shop):
    assert shop(ENVIRONMENT="production").base_url == "https://production.pingpayments.com/payments"


@pytest.mark.parametrize(
    ("key", "given", "expected"),
    [
        ("TENANT_ID", UUID(TENANT), UUID(TENANT)),
        ("API_SECRET", conf.Secret("other"), conf.Secret("other")),
        ("BASE_URL", "https://ping.example/payments/", "https://ping.example/payments"),
        ("BASE_URL", "http://127.0.0.1:8001/payments", "http://127.0.0.1:8001/payments"),
        ("BASE_URL", "http://localhost:8001/payments", "http://localhost:8001/payments"),
        ("BASE_URL", "http://[::1]:8001/payments", "http://[::1]:8001/payments"),
        ("BASE_URL", "http://ping.localhost/payments", "http://ping.localhost/payments"),
        ("API_VERSION", "2025-03-06", "2025-03-06"),
        ("PROVIDER", "quickpay", "quickpay"),
        ("METHOD", "dummy", "dummy"),
        ("PAY_URL_FIELD", "payment_link_url", "payment_link_url"),
        ("SPLIT_TREE_ID", MERCHANT, UUID(MERCHANT)),
        ("SPLIT_TREE_ID", None, None),
        ("SPLIT_TREE_ID", "", None),
        ("PUBLIC_URL", "https://shop.example/", "https://shop.example"),
        ("PUBLIC_URL", "http://192.168.1.20:8000", "http://192.168.1.20:8000"),
        ("PUBLIC_URL", None, None),
        ("PUBLIC_URL", "", None),
        ("PAYMENT_WINDOW", 1, timedelta(minutes=1)),
        ("PAYMENT_WINDOW", timedelta(days=30), timedelta(days=30)),
        (
            "ORDER_STATUS",
            {"awaiting": "Waiting", "paid": "Paid"},
            conf.OrderStatuses(awaiting="Waiting", paid="Paid", cancelled="Cancelled", refunded="Refunded"),
        ),
        (
            "ORDER_STATUS",
            {"refunded": "Cancelled"},
            conf.OrderStatuses(
                awaiting="Pending", paid="Being processed", cancelled="Cancelled", refunded="Cancelled"
            ),
        ),
        ("CASHIER", {"header": {"hidden": True}}, {"header": {"hidden": True}}),
        ("EMAILS", {"failed": False}, Emails(confirmation=True, failed=False, cancelled=True, refunded=True)),
        ("PAY_HOSTS", ["Pay.Example", ".ping.example"], ("pay.example", ".ping.example")),
        ("TIMEOUT", (1, 2.5), conf.Timeout(connect=1.0, read=2.5)),
        ("TIMEOUT", [30, 30], conf.Timeout(connect=30.0, read=30.0)),
        ("AUTO_WIRE", False, False),
        ("OTHER_METHODS", {"invoice": "Invoice"}, {"invoice": "Invoice"}),
        ("SKIP_SINGLE_METHOD", True, True),
        ("CALLBACK_SIGNATURE", None, None),
        (
            "CALLBACK_SIGNATURE",
            {"header": "X-Signature", "keys": [PUBLIC_KEY]},
            conf.CallbackSignature("X-Signature", (PUBLIC_KEY,), "base64"),
        ),
        (
            "CALLBACK_SIGNATURE",
            {"header": "X-Signature", "keys": (PUBLIC_KEY, PUBLIC_KEY), "encoding": "hex"},
            conf.CallbackSignature("X-Signature", (PUBLIC_KEY, PUBLIC_KEY), "hex"),
        ),
        ("LOG_DAYS", 1, 1),
        ("RESTOCK_REFUNDED", True, True),
        ("SETTLE", {}, conf.SettleRule(when="never", days=0, upto="close", fast_forward=False)),
        (
            "SETTLE",
            {"when": "shipped", "upto": "settle", "fast_forward": True, "shipping_event": "Sent"},
            conf.SettleRule("shipped", 0, "settle", True, "Sent"),
        ),
        ("SETTLE", {"when": "paid", "days": 365, "upto": "split"}, conf.SettleRule("paid", 365, "split")),
        ("SETTLE", {"when": "paid"}, conf.SettleRule("paid")),
    ],
)
def test_what_a_key_becomes(shop, key, given, expected):
    assert getattr(shop(**{key: given}), key.lower()) == expected


def test_locales_are_added_to_the_ones_that_are_known(shop):
    locales = shop(LOCALES={"en_GB": "en-GB", "sv": "sv-FI"}).locales

    assert (locales["en-gb"], locales["sv"], locales["nb"]) == ("en-GB", "sv-FI", "nb-NO")


@pytest.mark.parametrize(
    ("language", "locale"),
    [
        ("sv", "sv-SE"),
        ("sv-se", "sv-SE"),
        ("sv_FI", "sv-SE"),
        ("nb", "nb-NO"),
        ("nn", "nb-NO"),
        ("en-gb", "en-GB"),
        ("en-au", "en-US"),
        ("da", "en-US"),
        ("fi", "en-US"),
        ("de-at", "en-US"),
        ("", "en-US"),
    ],
)
def test_the_payment_page_speaks_the_payers_language_or_english(shop, language, locale):
    assert shop(LOCALES={"en-gb": "en-GB"}).locale_for(language) == locale


@pytest.mark.parametrize(
    "url",
    [
        "https://piq.pingpayments.com/pay/EdDAb27i?locale=en-US",
        "https://pingpayments.com/pay/1",
        "https://PIQ.PINGPAYMENTS.COM/pay/1",
        "https://piq.pingpayments.com:8443/pay/1",
        "https://pay.example/1",
    ],
)
def test_payers_are_sent_to_the_hosts_that_are_listed(shop, url):
    assert shop(PAY_HOSTS=[".pingpayments.com", "pay.example"]).may_send_payer_to(url) is True


@pytest.mark.parametrize(
    "url",
    [
        "",
        "/pay/1",
        "//piq.pingpayments.com/pay/1",
        "http://piq.pingpayments.com/pay/1",
        "javascript:alert(1)//piq.pingpayments.com",
        "data:text/html,piq.pingpayments.com",
        "https://evil.example/piq.pingpayments.com",
        "https://evilpingpayments.com/",
        "https://piq.pingpayments.com.evil.example/",
        "https://below.pay.example/1",
        "https://piq.pingpayments.com@evil.example/",
        "https://user:password@piq.pingpayments.com/",
        "https://evil.example\\@piq.pingpayments.com/",
        "https://evil.example\\.pingpayments.com/",
        "https://evil.example\t.pingpayments.com/",
        "https://piq.pingpayments.com/\r\nSet-Cookie: a=b",
        "https://piq.pingpayments.com /",
        " https://piq.pingpayments.com/",
        "https://piq。pingpayments。com/",
        "https://piq.pingpayments.com:port/",
        "https://.pingpayments.com/",
        "https://a..pingpayments.com/",
        "https://-.pingpayments.com/",
        "https://pingpayments.com./",
        "https://evil.example%2f.pingpayments.com/",
        "https://evil.example;.pingpayments.com/",
        "https://[v1.x.pingpayments.com]/",
        "https://[::1].pingpayments.com/",
        "https://piq.pingpayments.com/" + "x" * 2000,  # longer than Django redirects to
        "https://piq.pingpayments.com:0/",
        "https://[piq.pingpayments.com/",
        "https:///pay/1",
        "http://127.0.0.1:8001/pay/1",
        "http://localhost/pay/1",
    ],
)
def test_o13_payers_are_sent_nowhere_else(shop, url):
    assert shop(PAY_HOSTS=[".pingpayments.com", "pay.example"]).may_send_payer_to(url) is False


def test_a_simulator_on_this_machine_may_show_its_own_page(shop):
    settings = shop(BASE_URL="http://127.0.0.1:8001/payments")

    assert settings.may_send_payer_to("http://127.0.0.1:8001/pay/1") is True
    assert settings.may_send_payer_to("http://127.0.0.2:8001/pay/1") is False
    assert settings.may_send_payer_to("http://127.0.0.1.evil.example/pay/1") is False
    assert settings.may_send_payer_to("http://piq.pingpayments.com/pay/1") is False
    assert settings.may_send_payer_to("https://piq.pingpayments.com/pay/1") is True


def test_the_hosts_that_are_listed_are_all_there_are_for_a_ping_elsewhere(shop):
    settings = shop(BASE_URL="https://ping.example/payments")

    assert settings.may_send_payer_to("https://ping.example/pay/1") is False


@pytest.mark.parametrize(("raw", "kind"), [(None, "missing"), ("sandbox", "malformed")])
def test_without_a_dict_there_is_one_problem(settings, raw, kind):
    settings.PINGPAYMENTS = raw

    (problem,) = conf.problems()

    assert (problem.key, problem.kind) == ("PINGPAYMENTS", kind)


def test_without_the_setting_there_is_one_problem(settings):
    del settings.PINGPAYMENTS

    with pytest.raises(ConfigurationError, match="PINGPAYMENTS is missing"):
        conf.get_settings()


@pytest.mark.parametrize("key", ["TENANT_ID", "API_SECRET", "MERCHANT_ID"])
def test_the_required_keys(settings, key):
    settings.PINGPAYMENTS = {name: value for name, value in REQUIRED.items() if name != key}

    (problem,) = conf.problems()

    assert (problem.key, problem.kind) == (key, "missing")
    assert problem.sentence.startswith(f"{key} is missing from PINGPAYMENTS.")


@pytest.mark.parametrize(
    ("key", "hint"),
    [
        ("API_SECRTE", "Did you mean API_SECRET?"),
        ("base_url", "Did you mean BASE_URL?"),
        ("COLOUR", "Take it out. The keys are: TENANT_ID, API_SECRET, MERCHANT_ID, ENVIRONMENT, "),
        (42, "Take it out. The keys are: "),
    ],
)
def test_an_unknown_key_is_named_with_what_was_meant(settings, key, hint):
    settings.PINGPAYMENTS = {**REQUIRED, key: "value"}

    (problem,) = conf.problems()

    assert (problem.key, problem.kind) == (str(key), "unknown")
    assert problem.sentence == f"PINGPAYMENTS has a key {str(key)!r} that does not exist, so it does nothing."
    assert problem.hint.startswith(hint)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("TENANT_ID", "my-tenant"),
        ("TENANT_ID", None),
        ("API_SECRET", ""),
        ("API_SECRET", "secret\n"),
        ("API_SECRET", "hemlighet å"),
        ("API_SECRET", None),
        ("API_SECRET", b"secret"),
        ("MERCHANT_ID", 1),
        ("ENVIRONMENT", "Production"),
        ("ENVIRONMENT", None),
        ("ENVIRONMENT", ["production"]),
        ("STAFF_EMAILS", "payments@shop.se"),
        ("STAFF_EMAILS", ["payments@shop.se", "payments at shop.se"]),
        ("STAFF_EMAILS", [None]),
        ("BASE_URL", None),
        ("BASE_URL", ""),
        ("BASE_URL", "sandbox.pingpayments.com"),
        ("BASE_URL", "ftp://sandbox.pingpayments.com/payments"),
        ("BASE_URL", "http://sandbox.pingpayments.com/payments"),
        ("BASE_URL", "https://user@sandbox.pingpayments.com/payments"),
        ("BASE_URL", "https://sandbox.pingpayments.com/payments?x=1"),
        ("BASE_URL", "https://sandbox.pingpayments.com/payments#x"),
        ("BASE_URL", "https://sandbox.pingpayments.com/payments/api/v1/"),
        ("API_VERSION", "latest"),
        ("API_VERSION", "2025-03-05"),
        ("PROVIDER", ""),
        ("PROVIDER", "PaymentIQ"),
        ("METHOD", None),
        ("PAY_URL_FIELD", "pay-url"),
        ("SPLIT_TREE_ID", "tree"),
        ("PUBLIC_URL", "shop.example"),
        ("PUBLIC_URL", "https://shop.example/sv/"),
        ("PUBLIC_URL", "https://shop.example?x"),
        ("PUBLIC_URL", 80),
        ("PAYMENT_WINDOW", 0),
        ("PAYMENT_WINDOW", True),
        ("PAYMENT_WINDOW", 10**30),
        ("PAYMENT_WINDOW", "60"),
        ("PAYMENT_WINDOW", timedelta(days=31)),
        ("ORDER_STATUS", "Paid"),
        ("LOCALES", ["sv"]),
        ("LOCALES", {"sv": "svenska"}),
        ("LOCALES", {"svenska": "sv-SE"}),
        ("LOCALES", {1: "sv-SE"}),
        ("LOCALES", {"sv": None}),
        ("CASHIER", ["header"]),
        ("CASHIER", {"header": object()}),
        ("CASHIER", {"width": float("nan")}),
        ("PAY_HOSTS", ".pingpayments.com"),
        ("PAY_HOSTS", []),
        ("PAY_HOSTS", ["*"]),
        ("PAY_HOSTS", ["https://piq.pingpayments.com"]),
        ("PAY_HOSTS", [None]),
        ("TIMEOUT", 10),
        ("TIMEOUT", (3,)),
        ("TIMEOUT", (3, 0)),
        ("TIMEOUT", (3, 31)),
        ("TIMEOUT", (3, float("nan"))),
        ("TIMEOUT", (True, 3)),
        ("TIMEOUT", ("3", "7")),
        ("AUTO_WIRE", "False"),
        ("OTHER_METHODS", ["invoice"]),
        ("OTHER_METHODS", {"in voice": "Invoice"}),
        ("OTHER_METHODS", {"invoice": ""}),
        ("OTHER_METHODS", {"paymentiq-card": "Card"}),
        ("SKIP_SINGLE_METHOD", 1),
        ("CALLBACK_SIGNATURE", "X-Signature"),
        ("LOG_DAYS", 0),
        ("LOG_DAYS", True),
        ("LOG_DAYS", "90"),
    ],
)
def test_a_value_that_cannot_be_used(settings, key, value):
    assert complaints(settings, **{key: value}) == [(key, "malformed")]


@pytest.mark.parametrize(
    ("key", "value", "place", "kind"),
    [
        ("ORDER_STATUS", {"payed": "Paid"}, "ORDER_STATUS[payed]", "unknown"),
        ("ORDER_STATUS", {"paid": ""}, "ORDER_STATUS[paid]", "malformed"),
        ("ORDER_STATUS", {"paid": 3}, "ORDER_STATUS[paid]", "malformed"),
        ("SYNC", {"concurrency": 0}, "SYNC[concurrency]", "malformed"),
        ("ATTEMPTS", {"per_order": "10"}, "ATTEMPTS[per_order]", "malformed"),
        ("EMAILS", {"decline": True}, "EMAILS[decline]", "unknown"),
        ("EMAILS", {"failed": "no"}, "EMAILS[failed]", "malformed"),
        ("CALLBACK_SIGNATURE", {"HEADER": "X"}, "CALLBACK_SIGNATURE[HEADER]", "unknown"),
        ("CALLBACK_SIGNATURE", {"keys": [PUBLIC_KEY]}, "CALLBACK_SIGNATURE[header]", "malformed"),
        (
            "CALLBACK_SIGNATURE",
            {"header": "X:", "keys": [PUBLIC_KEY]},
            "CALLBACK_SIGNATURE[header]",
            "malformed",
        ),
        ("CALLBACK_SIGNATURE", {"header": "X"}, "CALLBACK_SIGNATURE[keys]", "malformed"),
        ("CALLBACK_SIGNATURE", {"header": "X", "keys": []}, "CALLBACK_SIGNATURE[keys]", "malformed"),
        ("CALLBACK_SIGNATURE", {"header": "X", "keys": PUBLIC_KEY}, "CALLBACK_SIGNATURE[keys]", "malformed"),
        (
            "CALLBACK_SIGNATURE",
            {"header": "X", "keys": ["c2hvcnQ="]},
            "CALLBACK_SIGNATURE[keys]",
            "malformed",
        ),
        (
            "CALLBACK_SIGNATURE",
            {"header": "X", "keys": ["not base64"]},
            "CALLBACK_SIGNATURE[keys]",
            "malformed",
        ),
        ("CALLBACK_SIGNATURE", {"header": "X", "keys": ["å"]}, "CALLBACK_SIGNATURE[keys]", "malformed"),
        ("CALLBACK_SIGNATURE", {"header": "X", "keys": [None]}, "CALLBACK_SIGNATURE[keys]", "malformed"),
        (
            "CALLBACK_SIGNATURE",
            {"header": "X", "keys": [PUBLIC_KEY], "encoding": "binary"},
            "CALLBACK_SIGNATURE[encoding]",
            "malformed",
        ),
        ("SETTLE", {"when": "delivered"}, "SETTLE[when]", "malformed"),
        ("SETTLE", {"when": None}, "SETTLE[when]", "malformed"),
        ("SETTLE", {"upto": ["settle"]}, "SETTLE[upto]", "malformed"),
        ("SETTLE", {"days": 366}, "SETTLE[days]", "malformed"),
        ("SETTLE", {"days": 1.5}, "SETTLE[days]", "malformed"),
        ("SETTLE", {"fast_forward": "yes"}, "SETTLE[fast_forward]", "malformed"),
        ("SETTLE", {"shipping_event": ""}, "SETTLE[shipping_event]", "malformed"),
        ("SETTLE", {"shipping_event": 7}, "SETTLE[shipping_event]", "malformed"),
        ("SETTLE", {"until": "settle"}, "SETTLE[until]", "unknown"),
        ("SETTLE", {"fast_forward": True}, "SETTLE[fast_forward]", "contradictory"),
        ("SETTLE", {"when": "paid", "upto": "split"}, "SETTLE[days]", "contradictory"),
        ("SETTLE", {"when": "paid", "upto": "settle", "days": 0}, "SETTLE[days]", "contradictory"),
    ],
)
def test_a_fault_inside_a_key_is_named_with_its_place(settings, key, value, place, kind):
    assert complaints(settings, **{key: value}) == [(place, kind)]


def test_a_misspelt_word_inside_a_key_is_guessed_too(settings):
    settings.PINGPAYMENTS = {**REQUIRED, "ORDER_STATUS": {"payed": "Paid"}}

    assert conf.problems() == [
        conf.Problem(
            "ORDER_STATUS[payed]",
            "ORDER_STATUS[payed] is a key that does not exist, so it does nothing.",
            "Did you mean paid?",
            "unknown",
        )
    ]


@pytest.mark.parametrize(
    ("keys", "at_fault"),
    [
        ({"ENVIRONMENT": "production", "BASE_URL": "https://sandbox.pingpayments.com/payments"}, "BASE_URL"),
        ({"ENVIRONMENT": "sandbox", "BASE_URL": "https://production.pingpayments.com/payments"}, "BASE_URL"),
        ({"ENVIRONMENT": "production", "BASE_URL": "http://127.0.0.1:8001/payments"}, "BASE_URL"),
        ({"ENVIRONMENT": "production", "BASE_URL": "https://localhost/payments"}, "BASE_URL"),
        ({"ORDER_STATUS": {"awaiting": "Paid", "paid": "Paid"}}, "ORDER_STATUS"),
        ({"ORDER_STATUS": {"cancelled": "Pending"}}, "ORDER_STATUS"),
        ({"ORDER_STATUS": {"refunded": "Being processed"}}, "ORDER_STATUS"),
    ],
)
def test_keys_that_contradict_each_other(settings, keys, at_fault):
    assert complaints(settings, **keys) == [(at_fault, "contradictory")]


def test_o5_every_fault_is_named_at_once(settings):
    settings.PINGPAYMENTS = {"TENANT_ID": "mine", "API_SECRET": "very-secret", "METHODS": "card"}

    with pytest.raises(ConfigurationError) as caught:
        conf.get_settings()

    assert str(caught.value) == (
        "PINGPAYMENTS has a key 'METHODS' that does not exist, so it does nothing. "
        "TENANT_ID is not a UUID, so Ping would refuse every call. "
        "MERCHANT_ID is missing from PINGPAYMENTS. Ping would not know who gets the money."
    )


def test_o4_a_secret_under_the_wrong_key_is_not_repeated(settings):
    for key in PARSERS:
        settings.PINGPAYMENTS = {**REQUIRED, key: "very secret"}

        assert "very secret" not in repr(conf.problems())


def test_o4_the_secret_shows_itself_only_when_asked(shop):
    settings = shop()

    assert settings.api_secret.reveal() == "very-secret"
    assert str(settings.api_secret) == repr(settings.api_secret) == f"{settings.api_secret}" == "**********"
    assert "very-secret" not in repr(settings)


def test_secrets_compare_by_what_they_hide():
    assert conf.Secret("a") == conf.Secret("a")
    assert conf.Secret("a") != conf.Secret("b")
    assert conf.Secret("a") != "a"
    assert len({conf.Secret("a"), conf.Secret("a")}) == 1


def test_a_label_may_be_translated_later(shop):
    label = gettext_lazy("Invoice")

    assert shop(OTHER_METHODS={"invoice": label}).other_methods == {"invoice": label}


@pytest.mark.parametrize(
    ("raw", "wanted"),
    [
        ({}, True),
        ({"AUTO_WIRE": True}, True),
        ({"AUTO_WIRE": False}, False),
        ({"AUTO_WIRE": "no"}, True),
        (None, True),
    ],
)
def test_the_checkout_is_wired_unless_the_shop_says_no(settings, raw, wanted):
    settings.PINGPAYMENTS = raw

    assert conf.wants_wiring() is wanted


def test_a_settings_file_may_import_the_pipelines():
    script = (
        "from oscar_pingpayments.conf import ORDER_STATUS_PIPELINE\n"
        "from django.conf import settings\n"
        "assert not settings.configured\n"
        "print(ORDER_STATUS_PIPELINE['Pending'])"
    )

    told = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, env={})

    assert told.stdout == "('Being processed', 'Cancelled')\n"


def test_the_ready_pipelines_fit_together_and_fit_the_default_words():
    words = conf.OrderStatuses()

    assert {words.paid, words.cancelled} <= set(conf.ORDER_STATUS_PIPELINE[words.awaiting])
    assert words.refunded in conf.ORDER_STATUS_PIPELINE[words.paid]
    assert words.awaiting == conf.INITIAL_ORDER_STATUS
    assert conf.INITIAL_LINE_STATUS in conf.LINE_STATUS_PIPELINE
    for pipeline in (conf.ORDER_STATUS_PIPELINE, conf.LINE_STATUS_PIPELINE):
        assert {after for ways in pipeline.values() for after in ways} <= set(pipeline)
    assert set(conf.ORDER_STATUS_CASCADE) <= set(conf.ORDER_STATUS_PIPELINE)
    assert set(conf.ORDER_STATUS_CASCADE.values()) <= set(conf.LINE_STATUS_PIPELINE)
