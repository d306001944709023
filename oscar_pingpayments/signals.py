"""What the shop's own code may listen to; each is sent after the commit, with robust receivers.

Where the process dies that was to send it, a later sync sends it: all but ``payment_started`` and
``payment_failed``, which are lost then. One that dies right after sending lets it be sent once more.
Every signal gives ``payment_order`` and ``order`` (Oscar's; None where it was deleted). A receiver that
raises is logged and harms nothing: the money is recorded before anyone hears of it.
"""

from __future__ import annotations

from django.dispatch import Signal

#: The payer has been given a page to pay on. Also gives ``payment``.
payment_started = Signal()

#: The order is paid in full. Sent once per order.
order_paid = Signal()

#: An attempt ended without money (declined, given up, expired, crashed, stopped). Also gives ``payment``.
payment_failed = Signal()

#: The unpaid order was cancelled or ran out of time, and gave back what it held. Also gives ``state``. Sent
#: once per order.
order_cancelled = Signal()

#: Money, a status or an answer of Ping's does not fit: a person must look. Also gives ``reason``.
attention_needed = Signal()

#: Money went back to the payer: asked for in the shop, or found at Ping. Also gives ``refund``. Sent once for
#: each; the whole order is refunded where ``payment_order.state`` says so.
refund_done = Signal()
