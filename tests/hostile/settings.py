"""The test shop as gunicorn serves it to strangers."""

from __future__ import annotations

import os

from tests.settings import *  # noqa: F403
from tests.settings import PINGPAYMENTS

PINGPAYMENTS = {**PINGPAYMENTS, "BASE_URL": os.environ["HOSTILE_PING"]}

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "handlers": {"file": {"class": "logging.FileHandler", "filename": os.environ["HOSTILE_LOG"]}},
    "root": {"handlers": ["file"], "level": "INFO"},
}
