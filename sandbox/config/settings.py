"""The sandbox store's settings: an Oscar shop as a shop owner would have it, with ours in it.

Everything that may differ comes from the environment, and every default works:

``DATABASE_URL``       SQLite in ``sandbox/var``; for instance ``postgres://shop@127.0.0.1:5432/shop``
``PINGPAYMENTS_<KEY>`` each key of the ``PINGPAYMENTS`` setting, those that are not text in JSON;
                       without ``PINGPAYMENTS_TENANT_ID`` the simulator takes Ping's place
``PORT``               8000, the shop's
``SIMULATOR_PORT``     8001
``SECRET_KEY``         must be given where ``DEBUG`` is off
``DEBUG``              1
``ALLOWED_HOSTS``      this machine's names, and the host of ``PINGPAYMENTS_PUBLIC_URL``
``SANDBOX_VAR``        ``sandbox/var``: the database, pictures and sent e-mails
"""

from __future__ import annotations

import os
from pathlib import Path
from urllib.parse import urlsplit

import dj_database_url
from django.core.exceptions import ImproperlyConfigured
from django.urls import reverse_lazy
from django.utils.translation import gettext_lazy as _
from oscar.defaults import *  # noqa: F403

from oscar_pingpayments.conf import (
    INITIAL_LINE_STATUS,
    INITIAL_ORDER_STATUS,
    LINE_STATUS_PIPELINE,
    ORDER_STATUS_CASCADE,
    ORDER_STATUS_PIPELINE,
)

from . import environment

SANDBOX = Path(__file__).resolve().parent.parent
VAR = Path(os.environ.get("SANDBOX_VAR") or SANDBOX / "var")
VAR.mkdir(parents=True, exist_ok=True)

PORT = int(os.environ.get("PORT") or 8000)
SIMULATOR_PORT = int(os.environ.get("SIMULATOR_PORT") or 8001)

DEBUG = environment.flag("DEBUG", default=True)
SECRET_KEY = os.environ.get("SECRET_KEY") or ("only-for-the-sandbox-store" if DEBUG else "")
if not SECRET_KEY:
    raise ImproperlyConfigured("DEBUG is off, so SECRET_KEY must be set.")
ALLOWED_HOSTS = environment.words("ALLOWED_HOSTS", "localhost,127.0.0.1,[::1]")

# --- card payment -----------------------------------------------------------------------------------
PINGPAYMENTS = environment.pingpayments(SIMULATOR_PORT)
OWN_SIMULATOR = environment.uses_our_simulator(PINGPAYMENTS, SIMULATOR_PORT)

OSCAR_INITIAL_ORDER_STATUS = INITIAL_ORDER_STATUS
OSCAR_INITIAL_LINE_STATUS = INITIAL_LINE_STATUS
OSCAR_ORDER_STATUS_PIPELINE = ORDER_STATUS_PIPELINE
OSCAR_LINE_STATUS_PIPELINE = LINE_STATUS_PIPELINE
OSCAR_ORDER_STATUS_CASCADE = ORDER_STATUS_CASCADE

if PUBLIC_URL := PINGPAYMENTS.get("PUBLIC_URL"):
    # The shop stands behind a tunnel or a proxy, which tells it the scheme that payers see.
    ALLOWED_HOSTS.append(urlsplit(PUBLIC_URL).hostname or "")
    CSRF_TRUSTED_ORIGINS = [PUBLIC_URL.rstrip("/")]
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")

# --- the shop ---------------------------------------------------------------------------------------
OSCAR_SHOP_NAME = "Norrlykta"
OSCAR_SHOP_TAGLINE = _("Nordic things for home and trail")
OSCAR_HOMEPAGE = reverse_lazy("home")
OSCAR_FROM_EMAIL = "Norrlykta <orders@norrlykta.example>"
OSCAR_DEFAULT_CURRENCY = "SEK"
OSCAR_CURRENCY_FORMAT = {"SEK": {"format": "#,##0.00\xa0kr"}}
OSCAR_OFFERS_INCL_TAX = True
OSCAR_ALLOW_ANON_CHECKOUT = True
OSCAR_HIDDEN_FEATURES = ["reviews", "wishlists"]

INSTALLED_APPS = [
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "django.contrib.sites",
    "django.contrib.flatpages",
    "store.apps.StoreConfig",
    "oscar.config.Shop",
    "oscar.apps.analytics.apps.AnalyticsConfig",
    "oscar.apps.checkout.apps.CheckoutConfig",
    "oscar.apps.address.apps.AddressConfig",
    "store.shipping.apps.ShippingConfig",
    "store.catalogue.apps.CatalogueConfig",
    "oscar.apps.catalogue.reviews.apps.CatalogueReviewsConfig",
    "oscar.apps.communication.apps.CommunicationConfig",
    "store.partner.apps.PartnerConfig",
    "oscar.apps.basket.apps.BasketConfig",
    "oscar.apps.payment.apps.PaymentConfig",
    "oscar.apps.offer.apps.OfferConfig",
    "oscar.apps.order.apps.OrderConfig",
    "oscar.apps.customer.apps.CustomerConfig",
    "store.search.apps.SearchConfig",
    "oscar.apps.voucher.apps.VoucherConfig",
    "oscar.apps.wishlists.apps.WishlistsConfig",
    "oscar.apps.dashboard.apps.DashboardConfig",
    "oscar.apps.dashboard.reports.apps.ReportsDashboardConfig",
    "oscar.apps.dashboard.users.apps.UsersDashboardConfig",
    "oscar.apps.dashboard.orders.apps.OrdersDashboardConfig",
    "oscar.apps.dashboard.catalogue.apps.CatalogueDashboardConfig",
    "oscar.apps.dashboard.offers.apps.OffersDashboardConfig",
    "oscar.apps.dashboard.partners.apps.PartnersDashboardConfig",
    "oscar.apps.dashboard.pages.apps.PagesDashboardConfig",
    "oscar.apps.dashboard.ranges.apps.RangesDashboardConfig",
    "oscar.apps.dashboard.reviews.apps.ReviewsDashboardConfig",
    "oscar.apps.dashboard.vouchers.apps.VouchersDashboardConfig",
    "oscar.apps.dashboard.communications.apps.CommunicationsDashboardConfig",
    "oscar.apps.dashboard.shipping.apps.ShippingDashboardConfig",
    "widget_tweaks",
    "haystack",
    "treebeard",
    "sorl.thumbnail",
    "django_tables2",
    "oscar_pingpayments",
    "oscar_pingpayments.dashboard",
]

# The forked apps change no model, so Oscar's own migrations are theirs.
MIGRATION_MODULES = {
    "catalogue": "oscar.apps.catalogue.migrations",
    "partner": "oscar.apps.partner.migrations",
    "shipping": "oscar.apps.shipping.migrations",
}

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django.contrib.flatpages.middleware.FlatpageFallbackMiddleware",
    "oscar.apps.basket.middleware.BasketMiddleware",
]

ROOT_URLCONF = "config.urls"
WSGI_APPLICATION = "config.wsgi.application"
SITE_ID = 1

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.debug",
                "django.template.context_processors.request",
                "django.template.context_processors.i18n",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "oscar.apps.search.context_processors.search_form",
                "oscar.apps.checkout.context_processors.checkout",
                "oscar.apps.communication.notifications.context_processors.notifications",
                "oscar.core.context_processors.metadata",
            ],
        },
    }
]

# --- rows, people, mail -----------------------------------------------------------------------------
DATABASES = {
    "default": dj_database_url.parse(
        os.environ.get("DATABASE_URL") or f"sqlite:///{VAR / 'store.sqlite3'}", conn_health_checks=True
    )
}
if DATABASES["default"]["ENGINE"].endswith("sqlite3"):
    # A callback and the payer's page write at the same time: readers do not wait for a writer, and a
    # writer takes its turn when its transaction begins, so that it need not fail half-way.
    DATABASES["default"]["OPTIONS"] = {
        "timeout": 20,
        "transaction_mode": "IMMEDIATE",
        "init_command": "PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL",
    }
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

AUTHENTICATION_BACKENDS = [
    "oscar.apps.customer.auth_backends.EmailBackend",
    "django.contrib.auth.backends.ModelBackend",
]
LOGIN_REDIRECT_URL = reverse_lazy("home")

# The simulator is on the same host, and cookies do not know of ports.
SESSION_COOKIE_NAME = "norrlykta_session"
CSRF_COOKIE_NAME = "norrlykta_csrf"
LANGUAGE_COOKIE_NAME = "norrlykta_language"

EMAIL_BACKEND = "django.core.mail.backends.filebased.EmailBackend"
EMAIL_FILE_PATH = VAR / "mail"

HAYSTACK_CONNECTIONS = {"default": {"ENGINE": "haystack.backends.simple_backend.SimpleEngine"}}
HAYSTACK_SIGNAL_PROCESSOR = "haystack.signals.BaseSignalProcessor"  # the store searches without it

# --- languages, time --------------------------------------------------------------------------------
USE_I18N = True
USE_TZ = True
TIME_ZONE = "Europe/Stockholm"
LANGUAGE_CODE = "en"
LANGUAGES = [("en", _("English")), ("sv", _("Swedish"))]
PHONENUMBER_DEFAULT_REGION = "SE"

# --- files ------------------------------------------------------------------------------------------
STATIC_URL = "/static/"
WHITENOISE_USE_FINDERS = True  # there is nothing to collect before the store can be served
MEDIA_URL = "/media/"
MEDIA_ROOT = VAR / "media"
THUMBNAIL_FORMAT = "WEBP"
THUMBNAIL_QUALITY = 88

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "%(asctime)s %(levelname)s %(name)s: %(message)s"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line"}},
    "loggers": {
        "oscar": {"handlers": ["console"], "level": "WARNING"},
        "oscar_pingpayments": {"handlers": ["console"], "level": "INFO"},
    },
}
