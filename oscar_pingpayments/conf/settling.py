"""The ``SETTLE`` key: when a paid order's payment order is closed, split or settled by itself."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, get_args, get_type_hints

from .shapes import UnusableError, flag, names, option_dict, whole_number
from .values import SettleRule

_EXAMPLE: Final = '"SETTLE": {"when": "shipped", "days": 14, "upto": "settle"}'
_CHOICES: Final = {
    name: get_args(hint) for name, hint in get_type_hints(SettleRule).items() if name in ("when", "upto")
}


def settle_rule(value: object) -> SettleRule:
    """Take the rule, whose parts may each be left out."""
    options = option_dict(value, names(SettleRule), _EXAMPLE)
    readers: dict[str, Callable[[object], object]] = {
        "when": lambda word: _one_of("when", word),
        "upto": lambda word: _one_of("upto", word),
        "days": whole_number(0, 365, '"days": 14'),
        "fast_forward": flag,
        "shipping_event": _name,
    }
    for key, each in options.items():
        try:
            readers[key](each)
        except UnusableError as error:
            raise UnusableError(error.sentence, error.hint, f"[{key}]") from None
    rule = SettleRule(**options)
    if rule.fast_forward and rule.upto == "close":
        raise UnusableError(
            "is set, but closing cannot be fast-forwarded: it is for splitting and settling.",
            'Take it out, or write "upto": "split" or "upto": "settle".',
            "[fast_forward]",
            "contradictory",
        )
    if rule.when == "paid" and rule.upto != "close" and not rule.days:
        raise UnusableError(
            f"would {rule.upto} each order in the moment in which it is paid: nothing could be refunded.",
            'Write how many days after the payment, "days": 14, or "when": "shipped".',
            "[days]",
            "contradictory",
        )
    return rule


def _one_of(key: str, word: object) -> None:
    if word not in _CHOICES[key]:
        words = ", ".join(f'"{each}"' for each in _CHOICES[key])
        raise UnusableError(f"is not one of {words}.", f'Write "{key}": "{_CHOICES[key][-1]}".')


def _name(value: object) -> None:
    if not isinstance(value, str) or not value:
        raise UnusableError("is not the name of a shipping event type.", 'Write "shipping_event": "Shipped".')
