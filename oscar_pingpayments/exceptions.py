"""What can go wrong, sorted by what the caller may do next."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


class PingPaymentsError(Exception):
    """Base of every error this package raises on purpose."""


class ConfigurationError(PingPaymentsError):
    """The ``PINGPAYMENTS`` setting cannot be used; the message names each key that is at fault."""


class MoneyError(PingPaymentsError, ValueError):
    """An amount or a currency that cannot be paid by card; nothing has been sent or rounded."""


class NotRefundableError(PingPaymentsError):
    """A refund cannot be made as it was asked for, for the reason that is said; nothing was sent to Ping."""


class RefundsChangedError(NotRefundableError):
    """Another refund was made since the caller looked; look again before you ask for one."""


class RefundExistsError(NotRefundableError):
    """This refund has been asked for already, under the same key: it is ``refund``, however it stands."""

    def __init__(self, message: str, refund: object) -> None:
        super().__init__(message)
        self.refund = refund


@dataclass(frozen=True, slots=True)
class ErrorDetail:
    """One entry of Ping's ``errors`` list, in Ping's words."""

    error: str
    description: str = ""
    property: str = ""

    def __str__(self) -> str:
        where = f"{self.property}: " if self.property else ""
        what = f" ({self.description})" if self.description else ""
        return f"{where}{self.error}{what}"


class GatewayError(PingPaymentsError):
    """A call to Ping did not end well. Catch the subclasses: they say what may be done next.

    ``status_code`` is the HTTP status (None where no answer came), ``details`` are Ping's own words,
    ``retry_after`` is in seconds where Ping named one.
    """

    def __init__(
        self,
        message: str,
        *,
        status_code: int | None = None,
        details: Sequence[ErrorDetail] = (),
        retry_after: float | None = None,
    ) -> None:
        super().__init__(message)
        self.status_code = status_code
        self.details = tuple(details)
        self.retry_after = retry_after

    @property
    def words(self) -> str:
        """Ping's own words where there are some, else ours; for staff, never for payers."""
        return "; ".join(str(detail) for detail in self.details) or str(self)


class NotSentError(GatewayError):
    """Ping has certainly not acted (no connection, or told to come back later): it may be repeated."""


class RejectedError(GatewayError):
    """Ping refused and nothing happened there: repeating the same call will not help."""


class AuthenticationError(RejectedError):
    """Ping does not accept the credentials (401), or says 403 without naming a business rule."""


class NotFoundError(RejectedError):
    """Ping does not know the id (404)."""


class OutcomeUnknownError(GatewayError):
    """Ping may have acted: read the state back; never send the same thing again.

    For a read (GET) it only means that there is no answer just now.
    """


class UnexpectedAnswerError(OutcomeUnknownError):
    """Ping answered with success, but the body is not JSON or lacks what it must have."""
