"""The test shop as gunicorn serves it while it is measured: on PostgreSQL, with connections that are kept."""

from __future__ import annotations

import os

import dj_database_url

from tests.settings import *  # noqa: F403
from tests.settings import DATABASES, PINGPAYMENTS

ROOT_URLCONF = "tests.benchmarks.urls"

# Without kept connections both sides would spend most of their time on opening one.
DATABASES["default"]["CONN_MAX_AGE"] = None
# Commits wait for the disk, as a shop's do.
DATABASES["default"].pop("OPTIONS", None)
if "BENCH_LARGE_URL" in os.environ:
    DATABASES["large"] = dj_database_url.parse(os.environ["BENCH_LARGE_URL"])

# Every e-mail leaves a mark that can be counted; none is delivered.
EMAIL_BACKEND = "tests.benchmarks.mail.Counted"
BENCH_MAILS = os.environ.get("BENCH_MAILS", os.devnull)

PINGPAYMENTS = {**PINGPAYMENTS, "BASE_URL": os.environ.get("BENCH_PING", PINGPAYMENTS["BASE_URL"])}
