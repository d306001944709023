"""A Ping Payments of our own: its API, its callbacks and PaymentIQ's card page, as a local server.

For a shop's developer without credentials, for the sandbox store, for our tests and for a shop's own. It
runs as a process of its own, on Django alone, keeps everything in memory and answers what Ping is
documented to answer. ``python -m oscar_pingpayments.simulator --port 8001`` starts it; the credentials
that it accepts are these.
"""

from __future__ import annotations

TENANT_ID = "00000000-0000-4000-8000-000000000001"
API_SECRET = "simulated-secret"  # nosec B105  # noqa: S105  (it opens nothing)
MERCHANT_ID = "00000000-0000-4000-8000-000000000002"
