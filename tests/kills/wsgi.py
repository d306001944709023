"""What gunicorn serves while its workers are killed: the shop, marking its requests."""

from __future__ import annotations

import os

from django.core.wsgi import get_wsgi_application
from django.db import connections
from django.test import Client
from django.urls import reverse

from .marks import Marked

application = Marked(get_wsgi_application(), os.environ["KILLS_MARKS"])

# One page before the workers are forked, so that one that takes a killed one's place has read addresses,
# templates and words, and answers at once. A connection is nothing that processes can share.
Client().get(reverse("basket:summary"), SERVER_NAME="localhost")
connections.close_all()
