"""What gunicorn serves while its workers are killed: the shop, marking its requests."""

from __future__ import annotations

import os

from django.core.wsgi import get_wsgi_application
from django.urls import get_resolver

from .marks import Marked

application = Marked(get_wsgi_application(), os.environ["KILLS_MARKS"])

# Read before the workers are forked: one that takes a killed one's place answers at once.
_ = get_resolver().url_patterns
