"""Ready order and line statuses, for shops that have not defined any.

Import them in the settings file::

    from oscar_pingpayments.conf import (
        INITIAL_LINE_STATUS as OSCAR_INITIAL_LINE_STATUS,
        INITIAL_ORDER_STATUS as OSCAR_INITIAL_ORDER_STATUS,
        LINE_STATUS_PIPELINE as OSCAR_LINE_STATUS_PIPELINE,
        ORDER_STATUS_CASCADE as OSCAR_ORDER_STATUS_CASCADE,
        ORDER_STATUS_PIPELINE as OSCAR_ORDER_STATUS_PIPELINE,
    )

The words are those of Oscar's own sandbox shop, and "Refunded".
"""

from __future__ import annotations

from typing import Final

INITIAL_ORDER_STATUS: Final = "Pending"
INITIAL_LINE_STATUS: Final = "Pending"

#: Each order status and what it may become.
ORDER_STATUS_PIPELINE: Final[dict[str, tuple[str, ...]]] = {
    "Pending": ("Being processed", "Cancelled"),
    "Being processed": ("Complete", "Cancelled", "Refunded"),
    "Complete": ("Refunded",),
    "Cancelled": (),
    "Refunded": (),
}

#: Each line status and what it may become.
LINE_STATUS_PIPELINE: Final[dict[str, tuple[str, ...]]] = {
    "Pending": ("Being processed", "Cancelled"),
    "Being processed": ("Shipped", "Cancelled", "Refunded"),
    "Shipped": ("Refunded",),
    "Cancelled": (),
    "Refunded": (),
}

#: What the lines become together with their order.
ORDER_STATUS_CASCADE: Final[dict[str, str]] = {
    "Being processed": "Being processed",
    "Complete": "Shipped",
    "Cancelled": "Cancelled",
    "Refunded": "Refunded",
}
