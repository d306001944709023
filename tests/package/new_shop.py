"""A shop made from nothing: an empty environment, Django's ``startproject``, Oscar, the wheel, our lines."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from textwrap import dedent

APP_LINE = 'INSTALLED_APPS += ["oscar_pingpayments"]'
URL_LINE = 'path("pingpayments/", include("oscar_pingpayments.urls")),'
PIPELINES = """
from oscar_pingpayments.conf import INITIAL_LINE_STATUS as OSCAR_INITIAL_LINE_STATUS
from oscar_pingpayments.conf import INITIAL_ORDER_STATUS as OSCAR_INITIAL_ORDER_STATUS
from oscar_pingpayments.conf import LINE_STATUS_PIPELINE as OSCAR_LINE_STATUS_PIPELINE
from oscar_pingpayments.conf import ORDER_STATUS_CASCADE as OSCAR_ORDER_STATUS_CASCADE
from oscar_pingpayments.conf import ORDER_STATUS_PIPELINE as OSCAR_ORDER_STATUS_PIPELINE
"""
# The payer and Ping write at the same time, and SQLite lets the second wait if it is told to.
SQLITE = """
DATABASES["default"]["OPTIONS"] = {"transaction_mode": "IMMEDIATE"}
"""

# What Oscar's own documentation tells a new shop to write.
OSCAR = """
from oscar.defaults import *

INSTALLED_APPS += [
    "django.contrib.sites",
    "django.contrib.flatpages",
    "oscar.config.Shop",
    "oscar.apps.analytics.apps.AnalyticsConfig",
    "oscar.apps.checkout.apps.CheckoutConfig",
    "oscar.apps.address.apps.AddressConfig",
    "oscar.apps.shipping.apps.ShippingConfig",
    "oscar.apps.catalogue.apps.CatalogueConfig",
    "oscar.apps.catalogue.reviews.apps.CatalogueReviewsConfig",
    "oscar.apps.communication.apps.CommunicationConfig",
    "oscar.apps.partner.apps.PartnerConfig",
    "oscar.apps.basket.apps.BasketConfig",
    "oscar.apps.payment.apps.PaymentConfig",
    "oscar.apps.offer.apps.OfferConfig",
    "oscar.apps.order.apps.OrderConfig",
    "oscar.apps.customer.apps.CustomerConfig",
    "oscar.apps.search.apps.SearchConfig",
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
]
SITE_ID = 1
MIDDLEWARE += [
    "oscar.apps.basket.middleware.BasketMiddleware",
    "django.contrib.flatpages.middleware.FlatpageFallbackMiddleware",
]
TEMPLATES[0]["OPTIONS"]["context_processors"] += [
    "oscar.apps.search.context_processors.search_form",
    "oscar.apps.checkout.context_processors.checkout",
    "oscar.apps.communication.notifications.context_processors.notifications",
    "oscar.core.context_processors.metadata",
]
AUTHENTICATION_BACKENDS = (
    "oscar.apps.customer.auth_backends.EmailBackend",
    "django.contrib.auth.backends.ModelBackend",
)
HAYSTACK_CONNECTIONS = {"default": {"ENGINE": "haystack.backends.simple_backend.SimpleEngine"}}
MEDIA_ROOT = BASE_DIR / "media"
EMAIL_BACKEND = "django.core.mail.backends.dummy.EmailBackend"
OSCAR_DEFAULT_CURRENCY = "SEK"
OSCAR_ALLOW_ANON_CHECKOUT = True
"""

URLS = f"""
from django.apps import apps
from django.contrib import admin
from django.urls import include, path

urlpatterns = [
    {URL_LINE}
    path("admin/", admin.site.urls),
    path("", include(apps.get_app_config("oscar").urls[0])),
]
"""

SELL_A_LANTERN = """
from decimal import Decimal
from oscar.core.loading import get_model

get_model("address", "Country").objects.create(
    iso_3166_1_a2="SE", printable_name="Sweden", is_shipping_country=True
)
Product = get_model("catalogue", "Product")
things = get_model("catalogue", "ProductClass").objects.create(name="Things")
lantern = Product.objects.create(title="Lantern", product_class=things)
partner = get_model("partner", "Partner").objects.create(name="Norrlykta")
lantern.stockrecords.create(partner=partner, partner_sku="1", price=Decimal("299.00"), num_in_stock=5)
print(lantern.get_absolute_url())
"""

TELL_THE_ORDERS = """
from oscar.core.loading import get_model

for order in get_model("order", "Order").objects.all():
    source = order.sources.get()
    print(f"{order.status}: {source.amount_debited} {source.currency} by {source.source_type.code}")
"""


class NewShop:
    """The shop on disk, in an environment of its own; nothing of this checkout is importable there."""

    def __init__(self, folder: Path, wheel: Path) -> None:
        self.folder = folder / "shop"
        self.folder.mkdir()
        self.python = folder / "environment" / "bin" / "python"
        self.run(sys.executable, "-m", "venv", str(self.python.parent.parent))
        # Oscar leaves the choice of its thumbnailer to the shop.
        self.run(self.python, "-m", "pip", "install", "--quiet", str(wheel), "sorl-thumbnail")

    def make(self, pingpayments: dict[str, object]) -> None:
        """Write the project, with the lines that the README tells to add, and its database."""
        self.run(self.python, "-m", "django", "startproject", "shop", ".")
        self._add("shop/settings.py", OSCAR)
        self._add("shop/settings.py", f"{APP_LINE}\nPINGPAYMENTS = {pingpayments!r}\n{PIPELINES}{SQLITE}")
        (self.folder / "shop" / "urls.py").write_text(URLS)
        self.manage("check", "--fail-level", "WARNING", "--tag", "pingpayments")
        self.manage("migrate", "--verbosity", "0")

    def sell_a_lantern(self) -> str:
        """Put a lantern for 299 SEK on sale, and return the path of its page."""
        return self.manage("shell", "--verbosity", "0", "--command", SELL_A_LANTERN).strip()

    def orders(self) -> list[str]:
        """Return how each order stands, in a line."""
        return self.manage("shell", "--verbosity", "0", "--command", TELL_THE_ORDERS).splitlines()

    def manage(self, *words: str) -> str:
        """Run a management command and return what it prints."""
        return self.run(self.python, "manage.py", *words)

    def serve(self, *words: str) -> subprocess.Popen[bytes]:
        """Start a Python process that goes on."""
        return subprocess.Popen([self.python, *words], cwd=self.folder, env=_environment())

    def _add(self, name: str, text: str) -> None:
        with (self.folder / name).open("a") as file:
            file.write(dedent(text))

    def run(self, *words: str | Path) -> str:
        """Run a program in the shop's folder and return what it prints."""
        done = subprocess.run(
            words, cwd=self.folder, env=_environment(), capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, f"{words} ended with {done.returncode}:\n{done.stdout}\n{done.stderr}"
        return done.stdout


def _environment() -> dict[str, str]:
    """Return the environment without what leads back into this checkout."""
    return {
        name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "DJANGO", "COV_"))
    }
