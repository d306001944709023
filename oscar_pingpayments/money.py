"""Amounts on their way to Ping and back: ``Decimal`` with a currency, and ``int`` in its smallest unit."""

from __future__ import annotations

from decimal import Context, Decimal, Inexact, InvalidOperation
from types import MappingProxyType
from typing import Final

from .exceptions import MoneyError

#: The currencies that PaymentIQ's cards take (documented by Ping) and their decimals (ISO 4217). Closed:
#: a currency that is not here is an error, never a guess.
CURRENCIES: Final = MappingProxyType({"SEK": 2, "NOK": 2, "DKK": 2, "EUR": 2, "GBP": 2})

#: Ping's amounts are int64 (documented).
LARGEST: Final = 2**63 - 1

# Traps what the shop's own decimal context may do in silence: nothing here is ever rounded.
_EXACT: Final = Context(prec=40, traps=[Inexact, InvalidOperation])


def to_minor(amount: Decimal, currency: str) -> int:
    """Return an amount in the smallest unit of its currency: 299.00 SEK is 29900.

    Trailing zeros do not count as decimals. Raises MoneyError for an unknown currency, an amount that is
    not a finite ``Decimal`` of zero or more, one that would have to be rounded, and one above int64.
    """
    places = _places(currency)
    if not isinstance(amount, Decimal):
        raise MoneyError(f"An amount is a Decimal, not {type(amount).__name__}")
    if not amount.is_finite():
        raise MoneyError("The amount is not a finite number")
    if amount < 0:
        raise MoneyError("The amount is negative")
    exact = _EXACT.copy()
    try:
        minor = int(amount.quantize(Decimal(1).scaleb(-places, exact), context=exact).scaleb(places, exact))
    except Inexact as error:
        raise MoneyError(f"The amount has more decimals than the {places} of {currency}") from error
    except InvalidOperation as error:
        raise MoneyError("The amount is larger than Ping can take") from error
    return _within_int64(minor)


def from_minor(minor: int, currency: str) -> Decimal:
    """Return an amount with the decimals of its currency: 29900 is 299.00 SEK.

    Raises MoneyError for an unknown currency, and for anything but an int from zero to int64's largest.
    """
    places = _places(currency)
    if not isinstance(minor, int) or isinstance(minor, bool):
        raise MoneyError(f"An amount in the smallest unit is an int, not {type(minor).__name__}")
    if minor < 0:
        raise MoneyError("The amount is negative")
    return Decimal(_within_int64(minor)).scaleb(-places, _EXACT.copy())


def _places(currency: str) -> int:
    try:
        return CURRENCIES[currency]
    except KeyError:
        raise MoneyError(f"Cards are not taken in the currency {currency!r}") from None


def _within_int64(minor: int) -> int:
    if minor > LARGEST:
        raise MoneyError("The amount is larger than Ping can take")
    return minor
