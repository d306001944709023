"""The system checks: every one provoked, and a shop that is set up well hears nothing."""

from __future__ import annotations

import sys
from types import ModuleType, SimpleNamespace
from uuid import UUID

import pytest
from django.apps import apps
from django.conf.urls.i18n import i18n_patterns
from django.contrib.sites.models import Site
from django.core import mail
from django.core.checks import Tags, run_checks
from django.core.mail.backends import smtp
from django.http import HttpResponse
from django.urls import clear_script_prefix, include, path, set_script_prefix
from django.views import View
from oscar.apps.checkout.views import PaymentDetailsView, ThankYouView
from oscar.core.loading import get_model

from oscar_pingpayments import checkout
from oscar_pingpayments.checks import check_shipping_event, check_site, credentials
from oscar_pingpayments.simulator import API_SECRET, TENANT_ID

SMTP = "django.core.mail.backends.smtp.EmailBackend"
OURS = path("pingpayments/", include("oscar_pingpayments.urls"))
PRODUCTION = {
    "ENVIRONMENT": "production",
    "TENANT_ID": "0b9ef1b0-62a5-4a4a-9f43-8f6c5e3b2d11",
    "API_SECRET": "very-secret",
    "BASE_URL": None,
    "PUBLIC_URL": "https://shop.se",
    "STAFF_EMAILS": ["payments@shop.se"],
}


def findings() -> dict[str, str]:
    """Return what our checks say: id -> sentence. Every finding has a hint."""
    found = run_checks(tags=["pingpayments"])
    assert all(message.hint for message in found)
    return {message.id.removeprefix("pingpayments."): message.msg for message in found}


@pytest.fixture
def urls(settings):
    """Give the shop these addresses and no others."""

    def urls(*patterns: object) -> None:
        settings.ROOT_URLCONF = ModuleType("urls_of_one_test")
        settings.ROOT_URLCONF.urlpatterns = list(patterns)

    return urls


@pytest.fixture
def live(change, settings):
    """A shop in production that is set up well; call it with what is not."""
    settings.ALLOWED_HOSTS = ["shop.se"]
    change(**PRODUCTION)
    return change


def checkout_with(preview: type[View] | None, thank_you: type[View] | None) -> object:
    """Return a checkout with these views, as a shop's own ``get_urls()`` may name them."""
    views = {"preview": preview, "thank-you": thank_you}
    named = [path(f"{name}/", view.as_view(), name=name) for name, view in views.items() if view]
    return path("checkout/", include((named, "checkout")))


def test_a_shop_that_is_set_up_well_hears_nothing(settings):
    assert findings() == {}


def test_a_live_shop_that_is_set_up_well_hears_nothing(live):
    assert findings() == {}


@pytest.mark.django_db  # some of the others look at the database
def test_the_checks_run_with_all_the_others():
    assert [message.id for message in run_checks() if message.id.startswith("pingpayments.")] == []
    assert "pingpayments" in {tag for check in run_checks.__self__.get_checks() for tag in check.tags}


# The setting itself


def test_o5_a_missing_setting(settings):
    del settings.PINGPAYMENTS

    assert findings() == {"E001": "The setting PINGPAYMENTS is missing, so nothing can be paid by card."}


def test_o5_an_unknown_key(change):
    change(TENANTID="...")

    (found,) = run_checks(tags=["pingpayments"])

    assert found.id == "pingpayments.E002"
    assert found.msg == "PINGPAYMENTS has a key 'TENANTID' that does not exist, so it does nothing."
    assert found.hint == "Did you mean TENANT_ID? (Documentation: reference, settings.)"


def test_o5_a_malformed_key(change):
    change(MERCHANT_ID="mine")

    assert findings() == {"E003": "MERCHANT_ID is not a UUID, so Ping would refuse every call."}


def test_contradictory_keys(live):
    live(BASE_URL="https://sandbox.pingpayments.com/payments")

    assert list(findings()) == ["E004"]


@pytest.mark.parametrize("keys", [{"TENANT_ID": TENANT_ID}, {"API_SECRET": API_SECRET}])
def test_o5_the_simulators_credentials_in_production(live, keys):
    live(**keys)

    assert list(findings()) == ["E005"]


def test_the_simulators_credentials_are_known_by_their_values():
    assert UUID(TENANT_ID) == credentials.SIMULATOR_TENANT_ID
    assert credentials.SIMULATOR_API_SECRET.reveal() == API_SECRET


def test_signed_callbacks_without_the_package_that_verifies_them(change, monkeypatch):
    change(
        CALLBACK_SIGNATURE={
            "header": "X-Signature",
            "keys": ["AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="],
        }
    )
    assert findings() == {}

    monkeypatch.setitem(sys.modules, "cryptography", None)

    assert list(findings()) == ["E006"]


def test_a_currency_that_cannot_be_paid_by_card(settings):
    settings.OSCAR_DEFAULT_CURRENCY = "JPY"

    assert findings() == {
        "W007": "OSCAR_DEFAULT_CURRENCY is 'JPY', which cannot be paid by card: "
        "payers will not be offered it for baskets in that currency."
    }


def test_o3_times_without_their_zone(settings):
    settings.USE_TZ = False

    assert list(findings()) == ["E010"]


def test_a_session_that_does_not_come_back_from_the_payment_page(settings):
    settings.SESSION_COOKIE_SAMESITE = "Strict"

    assert list(findings()) == ["W008"]


# Order statuses


def test_an_empty_pipeline(settings):
    settings.OSCAR_ORDER_STATUS_PIPELINE = {}

    (found,) = run_checks(tags=["pingpayments"])

    assert found.id == "pingpayments.E011"
    assert "ORDER_STATUS_PIPELINE as OSCAR_ORDER_STATUS_PIPELINE," in found.hint


def test_the_hint_for_an_empty_pipeline_can_be_typed_in(settings):
    settings.OSCAR_ORDER_STATUS_PIPELINE = {}
    (found,) = run_checks(tags=["pingpayments"])
    typed: dict[str, object] = {}

    exec("\n".join(line[4:] for line in found.hint.splitlines()[1:]), typed)

    settings.OSCAR_ORDER_STATUS_PIPELINE = typed["OSCAR_ORDER_STATUS_PIPELINE"]
    assert findings() == {}


@pytest.mark.parametrize("station", ["awaiting", "paid", "cancelled", "refunded"])
def test_a_word_that_the_pipeline_does_not_have(change, station):
    change(ORDER_STATUS={station: "Elsewhere"})

    assert findings() == {
        "E012": f"ORDER_STATUS['{station}'] is 'Elsewhere', which is not in OSCAR_ORDER_STATUS_PIPELINE: "
        f"no order can become {station}."
    }


@pytest.mark.parametrize(
    ("before", "after", "number"),
    [
        ("Pending", "Being processed", "E013"),
        ("Pending", "Cancelled", "E013"),
        ("Being processed", "Refunded", "W014"),
    ],
)
def test_a_way_that_the_pipeline_does_not_have(settings, before, after, number):
    pipeline = settings.OSCAR_ORDER_STATUS_PIPELINE
    ways = tuple(way for way in pipeline[before] if way != after)
    settings.OSCAR_ORDER_STATUS_PIPELINE = {**pipeline, before: ways}

    (found,) = run_checks(tags=["pingpayments"])

    assert found.id == f"pingpayments.{number}"
    assert f"no way from {before!r} to {after!r}" in found.msg
    assert found.hint == f"Add {after!r} to the tuple at OSCAR_ORDER_STATUS_PIPELINE[{before!r}]."


# The checkout


@pytest.fixture
def listed_first(monkeypatch):
    """List one of the apps before all others."""

    def listed_first(label: str) -> None:
        monkeypatch.setattr(apps, "app_configs", {label: apps.app_configs[label], **apps.app_configs})

    return listed_first


def test_our_app_before_oscars(listed_first):
    listed_first("pingpayments")

    assert list(findings()) == ["E021"]


def test_the_order_of_the_apps_is_the_shops_own_affair_where_it_wires_by_hand(listed_first, change):
    listed_first("pingpayments")

    change(AUTO_WIRE=False)

    assert findings() == {}


def test_a_shop_without_a_checkout(urls):
    urls(OURS)

    assert list(findings()) == ["E022"]


def test_a_checkout_that_does_not_know_us(urls):
    urls(OURS, checkout_with(PaymentDetailsView, ThankYouView))

    assert list(findings()) == ["E023", "W024"]


def test_a_checkout_of_plain_functions(urls):
    def preview(request):
        return HttpResponse()

    urls(
        OURS,
        path(
            "",
            include(
                ([path("p/", preview, name="preview"), path("t/", preview, name="thank-you")], "checkout")
            ),
        ),
    )

    assert list(findings()) == ["E023", "W024"]


def test_a_checkout_that_is_wired_by_hand(urls, change):
    class Details(checkout.PaymentDetailsMixin, PaymentDetailsView):
        pass

    class Thanks(checkout.ThankYouMixin, ThankYouView):
        pass

    change(AUTO_WIRE=False)
    urls(OURS, checkout_with(Details, Thanks))

    assert findings() == {}


# The dashboard


def test_our_dashboard_before_oscars(listed_first):
    listed_first("pingpayments_dashboard")

    assert list(findings()) == ["W025"]


@pytest.mark.parametrize("label", ["dashboard", "orders_dashboard"])
def test_our_dashboard_without_oscars(monkeypatch, label):
    others = {name: config for name, config in apps.app_configs.items() if name != label}
    monkeypatch.setattr(apps, "app_configs", others)

    assert list(findings()) == ["W026"]


def test_a_dashboard_whose_addresses_do_not_come_from_its_app(urls):
    shop = apps.get_app_config("dashboard")
    page = path("", shop.index_view.as_view(), name="index")
    urls(
        OURS,
        path("dashboard/", include(([page], "dashboard"))),
        path("checkout/", apps.get_app_config("checkout").urls),
    )

    assert list(findings()) == ["W027"]


def test_a_shop_without_our_dashboard_hears_nothing(monkeypatch):
    others = {name: config for name, config in apps.app_configs.items() if name != "pingpayments_dashboard"}
    monkeypatch.setattr(apps, "app_configs", others)

    assert findings() == {}


# Addresses


def shop() -> object:
    """Return the test shop's checkout, for URL configurations in which something else is wrong."""
    return path("", include(apps.get_app_config("oscar").urls[0]))


def test_the_url_line_is_missing(urls):
    urls(shop())

    (found,) = run_checks(tags=["pingpayments"])

    assert found.id == "pingpayments.E031"
    assert 'path("pingpayments/", include("oscar_pingpayments.urls"))' in found.hint


@pytest.mark.parametrize("prefix_default_language", [True, False])
def test_c13_the_url_line_is_inside_i18n_patterns(urls, prefix_default_language):
    urls(shop(), *i18n_patterns(OURS, prefix_default_language=prefix_default_language))

    assert list(findings()) == ["E032"]


def test_the_url_line_is_behind_a_page_that_catches_everything(urls):
    urls(path("<path:page>", View.as_view()), shop(), OURS)

    assert "E033" in findings()


def test_a_shop_below_a_path_of_its_own():
    set_script_prefix("/shop/")
    try:
        assert findings() == {}
    finally:
        clear_script_prefix()


@pytest.mark.parametrize(
    "public_url",
    [
        "http://shop.se",
        "https://localhost",
        "https://127.0.0.1:8000",
        "https://10.0.0.7",
        "https://192.168.1.20",
        "https://[fe80::1]",
        "https://shop",
        "https://shop.local",
        "https://example.com",
        "https://www.example.com",
    ],
)
def test_o5_an_address_that_ping_cannot_call_in_production(live, settings, public_url):
    settings.ALLOWED_HOSTS = ["*"]
    live(PUBLIC_URL=public_url)

    assert list(findings()) == ["E041"]


@pytest.mark.parametrize(
    "public_url", ["https://shop.se", "https://8.8.8.8", "https://[2001:4860:4860::8888]"]
)
def test_an_address_that_ping_can_call(live, settings, public_url):
    settings.ALLOWED_HOSTS = ["*"]
    live(PUBLIC_URL=public_url)

    assert findings() == {}


def test_an_address_that_pings_sandbox_cannot_call(change):
    change(BASE_URL=None, PUBLIC_URL="http://localhost")

    assert list(findings()) == ["W042"]


def test_a_tunnel_for_pings_sandbox(change, settings):
    settings.ALLOWED_HOSTS = [".tunnel.se"]
    change(BASE_URL=None, PUBLIC_URL="http://mine.tunnel.se")

    assert findings() == {}


def test_the_simulator_can_call_this_machine(change):
    change(PUBLIC_URL="http://localhost")

    assert findings() == {}


def test_a_live_shop_that_does_not_say_where_it_is(live):
    live(PUBLIC_URL=None)

    assert list(findings()) == ["W043"]


def test_c13_a_host_that_the_shop_itself_turns_away(live, settings):
    settings.ALLOWED_HOSTS = ["www.shop.se"]

    assert findings() == {
        "E044": "shop.se, the host of PUBLIC_URL, is not in ALLOWED_HOSTS: "
        "the shop would answer Ping's callbacks with 400."
    }


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "[::1]"])
def test_this_machine_is_allowed_while_debugging(change, settings, host):
    settings.DEBUG = True
    settings.ALLOWED_HOSTS = []
    change(PUBLIC_URL=f"http://{host}:8000")

    assert findings() == {}


def test_c13_callbacks_that_would_be_redirected_to_https(change, settings):
    settings.SECURE_SSL_REDIRECT = True
    change(PUBLIC_URL="http://localhost")

    assert list(findings()) == ["E045"]


def test_c13_callbacks_that_would_be_redirected_to_www(live, settings):
    settings.PREPEND_WWW = True

    (found,) = run_checks(tags=["pingpayments"])

    assert (found.id, found.hint) == ("pingpayments.E045", "Write www.shop.se in PUBLIC_URL.")


# The mail server


class TheirBackend(smtp.EmailBackend):
    """A shop's own backend, made from Django's."""


class PatientBackend(smtp.EmailBackend):
    """One that waits for so long and no longer, whatever the settings say."""

    def __init__(self, **facts):
        super().__init__(**{**facts, "timeout": 5})


@pytest.fixture
def mailer(settings):
    """Set what Django sends with, in the way that its version has."""

    def mailer(backend: str, timeout: int | None) -> None:
        if hasattr(mail, "mailers"):
            options: dict[str, object] = {} if "console" in backend else {"host": "localhost"}
            if timeout:
                options["timeout"] = timeout
            settings.MAILERS = {"default": {"BACKEND": backend, "OPTIONS": options}}
        else:
            settings.EMAIL_BACKEND, settings.EMAIL_TIMEOUT = backend, timeout

    return mailer


@pytest.mark.parametrize("backend", [SMTP, f"{__name__}.TheirBackend"])
def test_s10_a_mail_server_that_may_hang_for_ever(live, mailer, backend):
    mailer(backend, None)

    assert list(findings()) == ["W049"]


@pytest.mark.parametrize(
    ("backend", "timeout"),
    [
        (SMTP, 10),
        (f"{__name__}.PatientBackend", None),
        ("django.core.mail.backends.console.EmailBackend", None),
        ("no.such.MailServer", None),
    ],
)
def test_e_mails_that_hold_nobody_up_for_long(live, mailer, backend, timeout):
    mailer(backend, timeout)

    assert findings() == {}


def test_a_mail_server_may_hang_while_nothing_is_sold(change, mailer):
    mailer(SMTP, None)

    assert findings() == {}


@pytest.mark.parametrize(("timeout", "expected"), [(None, ["W049"]), (10, [])])
def test_s10_a_mail_server_that_is_named_as_django_6_1_has_it(live, monkeypatch, timeout, expected):
    mailer = smtp.EmailBackend(alias="default", host="localhost", timeout=timeout)
    monkeypatch.setattr(mail, "mailers", {"default": mailer}, raising=False)

    assert list(findings()) == expected


# The database


@pytest.fixture
def shop_on(monkeypatch):
    """Let the shop's database be another."""

    def shop_on(vendor: str, name: str = "/srv/shop.sqlite3", **options: str) -> None:
        database = SimpleNamespace(vendor=vendor, settings_dict={"NAME": name, "OPTIONS": options})
        monkeypatch.setattr("oscar_pingpayments.checks.database.connections", {"default": database})

    return shop_on


@pytest.mark.parametrize(
    "options", [{}, {"transaction_mode": "DEFERRED"}, {"transaction_mode": None}], ids=str
)
def test_c8_sqlite_that_refuses_who_comes_second(shop_on, options):
    shop_on("sqlite", **options)

    (found,) = run_checks(tags=["pingpayments"])

    assert found.id == "pingpayments.W050"
    assert '"OPTIONS": {"transaction_mode": "IMMEDIATE"} in DATABASES["default"]' in found.hint


@pytest.mark.parametrize(
    ("vendor", "name", "options"),
    [
        ("sqlite", "/srv/shop.sqlite3", {"transaction_mode": "IMMEDIATE"}),
        ("sqlite", "/srv/shop.sqlite3", {"transaction_mode": "exclusive"}),
        ("sqlite", ":memory:", {}),
        ("sqlite", "file:memorydb_default?mode=memory&cache=shared", {}),
        ("postgresql", "shop", {}),
        ("mysql", "shop", {}),
    ],
)
def test_databases_in_which_one_waits_for_the_other(shop_on, vendor, name, options):
    shop_on(vendor, name, **options)

    assert findings() == {}


def database_findings() -> list[str]:
    """Return the ids of what our checks say that look into a database."""
    found = run_checks(tags=[Tags.database], databases=["default"])
    return [message.id for message in found if message.id.startswith("pingpayments.")]


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("domain", "expected"),
    [
        ("example.com", ["pingpayments.W046"]),
        ("localhost:8000", ["pingpayments.W046"]),
        ("shop.se", []),
        ("shop.se:8443", []),
    ],
)
def test_o5_the_site_that_links_in_mails_lead_to(live, domain, expected):
    Site.objects.filter(pk=1).update(domain=domain)

    assert database_findings() == expected


@pytest.mark.django_db
def test_a_site_that_is_not_there(live):
    Site.objects.all().delete()

    assert database_findings() == []


@pytest.mark.django_db
def test_example_com_will_do_while_nothing_is_sold(change):
    Site.objects.filter(pk=1).update(domain="example.com")

    assert database_findings() == []


@pytest.mark.django_db
def test_a_setting_that_cannot_be_read_says_nothing_about_the_site(live):
    Site.objects.filter(pk=1).update(domain="example.com")
    live(TENANT_ID="mine")

    assert database_findings() == []


@pytest.mark.django_db
def test_before_the_first_migration_there_is_no_site(live, monkeypatch):
    monkeypatch.setattr(Site._meta, "db_table", "not_made_yet")

    assert database_findings() == []


@pytest.mark.parametrize("databases", [None, [], ["elsewhere"]])
def test_no_database_is_asked_unless_it_is_named(live, databases):
    assert check_site(databases=databases) == []


# The end of an order


@pytest.fixture
def settles(change):
    """A shop that settles what has shipped."""
    change(SETTLE={"when": "shipped", "upto": "settle"})


@pytest.mark.django_db
def test_a_shop_without_the_shipping_event_that_settling_waits_for(settles):
    assert database_findings() == ["pingpayments.W048"]


@pytest.mark.django_db
@pytest.mark.parametrize("event", ["Shipped", "shipped"])
def test_the_shipping_event_that_settling_waits_for_is_known_by_name_or_code(change, event):
    change(SETTLE={"when": "shipped", "shipping_event": event})
    get_model("order", "ShippingEventType").objects.create(name="Shipped")

    assert database_findings() == []


@pytest.mark.django_db
def test_a_shop_that_does_not_wait_for_shipping_needs_no_such_event(change):
    change(SETTLE={"when": "paid", "days": 14})

    assert database_findings() == []


@pytest.mark.parametrize("databases", [None, [], ["elsewhere"]])
def test_no_database_is_asked_for_shipping_events_unless_it_is_named(settles, databases):
    assert check_shipping_event(databases=databases) == []


@pytest.mark.django_db
def test_a_setting_that_cannot_be_read_says_nothing_about_shipping_events(change):
    change(SETTLE={"when": "shipped", "days": -1})

    assert database_findings() == []
