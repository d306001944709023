"""The test shop as it is served while its workers are killed, and as the sync afterwards sees it."""

from __future__ import annotations

import os

from tests.settings import *  # noqa: F403
from tests.settings import DATABASES, PINGPAYMENTS

DATABASES["default"]["CONN_MAX_AGE"] = None

# Every e-mail is written down with the request that sent it; none is delivered.
EMAIL_BACKEND = "tests.kills.mail.WrittenDown"
KILLS_LETTERS = os.environ["KILLS_LETTERS"]

PINGPAYMENTS = {
    **PINGPAYMENTS,
    "BASE_URL": os.environ["KILLS_PING"],
    # Short, since Ping is silent often and the campaign is not to wait for it.
    "TIMEOUT": (1, 2),
    "SYNC": {"concurrency": 4, "per_second": 100},
}

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"()": "tests.kills.log.Line"}},
    "handlers": {
        "file": {
            "class": "logging.FileHandler",
            "filename": os.environ["KILLS_LOG"],
            "formatter": "line",
            "delay": True,
        }
    },
    "root": {"handlers": ["file"], "level": "INFO"},
}
