"""System checks: what is wrong with a shop's set-up is said at start-up, not by the first payer.

Nothing here talks to Ping; ``manage.py pingpayments_check`` does.
"""

from __future__ import annotations

from .addresses import check_public_url, check_site, check_urls
from .credentials import check_settings, check_surroundings
from .dashboard import check_dashboard
from .database import check_sqlite
from .mail import check_mail
from .messages import TAG
from .running import check_sync
from .settling import check_shipping_event
from .statuses import check_order_statuses
from .wiring import check_app_order, check_checkout

__all__ = [
    "TAG",
    "check_app_order",
    "check_checkout",
    "check_dashboard",
    "check_mail",
    "check_order_statuses",
    "check_public_url",
    "check_settings",
    "check_shipping_event",
    "check_site",
    "check_sqlite",
    "check_surroundings",
    "check_sync",
    "check_urls",
]
