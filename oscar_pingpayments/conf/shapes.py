"""The shapes that values of settings have, and the error that says what is wrong with one."""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import fields
from typing import Any, Final, Literal, TypeVar
from uuid import UUID

#: What an optional key may say for "not here"; the empty string is what environment variables say.
NOT_SET: Final = (None, "")

T = TypeVar("T")

_WORD = re.compile(r"[a-z][a-z0-9_]*")

Kind = Literal["missing", "unknown", "malformed", "contradictory"]


class UnusableError(ValueError):
    """The value of a key cannot be used; ``key`` names the place in it, as in ``[connect]``."""

    def __init__(self, sentence: str, hint: str, key: str = "", kind: Kind = "malformed") -> None:
        super().__init__(sentence)
        self.sentence = sentence
        self.hint = hint
        self.key = key
        self.kind = kind


def guess(word: object, known: Iterable[str]) -> str:
    """Return the hint for a key that does not exist: the one that was meant, or all there are."""
    names = {name.upper(): name for name in known}
    near = difflib.get_close_matches(str(word).upper(), names, n=1)
    if near:
        return f"Did you mean {names[near[0]]}?"
    return f"Take it out. The keys are: {', '.join(names.values())}."


def uuid(value: object) -> UUID:
    """Take a UUID."""
    try:
        return value if isinstance(value, UUID) else UUID(str(value))
    except ValueError:
        raise UnusableError(
            "is not a UUID, so Ping would refuse every call.",
            'Copy it from Ping\'s portal; it looks like "fe2c8b1e-5f0c-4a3c-8b0a-6a3c1f2d4e5f".',
        ) from None


def optional_uuid(value: object) -> UUID | None:
    """Take a UUID, or nothing."""
    return None if value in NOT_SET else uuid(value)


def word(value: object) -> str:
    """Take a word of Ping's."""
    if not isinstance(value, str) or not _WORD.fullmatch(value):
        raise UnusableError(
            "is not a word of Ping's (lower-case letters, digits, underscores).",
            "Take it out: the default is right for PaymentIQ cards.",
        )
    return value


def option_dict(value: object, known: Iterable[str], example: str) -> dict[str, Any]:
    """Return a dict that has some of the known keys and no others."""
    if not isinstance(value, Mapping):
        raise UnusableError("is not a dict.", f"Write {example}.")
    for key in value:
        if key not in known:
            raise UnusableError(
                "is a key that does not exist, so it does nothing.", guess(key, known), f"[{key}]", "unknown"
            )
    return dict(value)


def names(of: type) -> list[str]:
    """Return the names of a dataclass's fields."""
    return [field.name for field in fields(of)]


def flag(value: object) -> bool:
    """Take yes or no."""
    if not isinstance(value, bool):
        raise UnusableError("is neither True nor False.", "Write True or False, without quotation marks.")
    return value


def whole_number(least: int, most: int, example: str) -> Callable[[object], int]:
    """Return what takes whole numbers between two bounds, both included."""

    def parse(value: object) -> int:
        if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
            raise UnusableError(f"is not a whole number from {least} to {most}.", f"Write {example}.")
        return value

    return parse


def whole_numbers(of: type[T], most: int, example: str) -> Callable[[object], T]:
    """Return what takes a dict of whole numbers from 1 on, one for each field of a dataclass."""
    return each_in(of, whole_number(1, most, example), example)


def each_in(of: type[T], take: Callable[[object], object], example: str) -> Callable[[object], T]:
    """Return what takes a dict with a value of one kind for each field of a dataclass."""

    def parse(value: object) -> T:
        options = option_dict(value, names(of), example)
        for key, each in options.items():
            try:
                take(each)
            except UnusableError as error:
                raise UnusableError(error.sentence, error.hint, f"[{key}]") from None
        return of(**options)

    return parse
