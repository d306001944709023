"""What the shop logs while its workers are killed: one line for each record, with the order it is about."""

from __future__ import annotations

import logging


class Line(logging.Formatter):
    """Time, process, order, what happened and, where something was raised, all of that on one line."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line."""
        about = getattr(record, "order_number", None) or getattr(record, "payment_order", "-")
        raised = f" | {self.formatException(record.exc_info)!r}" if record.exc_info else ""
        time = self.formatTime(record, "%H:%M:%S")
        return (
            f"{time}.{record.msecs:03.0f} [{record.process}] #{about} {record.levelname} "
            f"{record.getMessage()}{raised}"
        )
