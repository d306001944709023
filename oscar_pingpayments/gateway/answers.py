"""Reading Ping's JSON: every value knows where it stands, so that what is missing or wrong can be named."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import NoReturn
from uuid import UUID

from ..exceptions import UnexpectedAnswerError
from ..money import LARGEST


class Json:
    """A value in an answer of Ping's, and its path there: ``payments[0].status``.

    Fields that we do not ask for are not looked at. Every method raises UnexpectedAnswerError with the
    path where the value is not what is asked for. The value itself does not show in a repr or a message:
    an answer carries its payer's name and address.
    """

    __slots__ = ("_path", "_value")

    def __init__(self, value: object, path: str = "") -> None:
        self._value = value
        self._path = path

    def __repr__(self) -> str:
        return f"<Json {self._path or 'answer'}: {type(self._value).__name__}>"

    def __getitem__(self, key: str) -> Json:
        """Return a member that must be there."""
        members = self.members()
        if key not in members:
            raise UnexpectedAnswerError(f"In Ping's answer {self._below(key)} is missing")
        return Json(members[key], self._below(key))

    def get(self, key: str) -> Json | None:
        """Return a member, or None where it is missing or null."""
        value = self.members().get(key)
        return None if value is None else Json(value, self._below(key))

    def members(self) -> Mapping[str, object]:
        """Return the members of an object, as they came."""
        if not isinstance(self._value, dict):
            self._refuse("an object")
        return self._value

    def elements(self) -> list[Json]:
        """Return the elements of an array."""
        if not isinstance(self._value, list):
            self._refuse("an array")
        return [Json(value, f"{self._path}[{index}]") for index, value in enumerate(self._value)]

    def text(self) -> str:
        """Return a string; one that no database could keep (NUL, half a surrogate pair) is refused."""
        if not isinstance(self._value, str):
            self._refuse("a string")
        if any(char == "\x00" or "\ud800" <= char <= "\udfff" for char in self._value):
            self._refuse("readable text")
        return self._value

    def amount(self) -> int:
        """Return an amount in the smallest unit of its currency, from zero to int64's largest."""
        if not isinstance(self._value, int) or isinstance(self._value, bool):
            self._refuse("an integer")
        if not 0 <= self._value <= LARGEST:
            self._refuse("an amount of zero or more")
        return self._value

    def number(self) -> Decimal:
        """Return a number exactly as it was written."""
        if isinstance(self._value, bool) or not isinstance(self._value, int | Decimal):
            self._refuse("a number")
        return Decimal(self._value)

    def uuid(self) -> UUID:
        """Return an id."""
        try:
            return UUID(self.text())
        except ValueError:
            self._refuse("a UUID")

    def moment(self) -> datetime:
        """Return a point in time, aware.

        Ping writes both ``2024-01-16T14:24:29.105356Z`` and ``2025-06-27 08:43:01.367125Z`` (documented);
        one without an offset is taken for UTC.
        """
        try:
            moment = datetime.fromisoformat(self.text())
            return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
        except (ValueError, OverflowError):
            self._refuse("a date and time")

    def _below(self, key: str) -> str:
        return f"{self._path}.{key}" if self._path else key

    def _refuse(self, wanted: str) -> NoReturn:
        raise UnexpectedAnswerError(f"In Ping's answer {self._path or 'the body'} is not {wanted}")


def parse_json(body: bytes) -> object:
    """Return what a body says: dict, list, str, int, Decimal, bool or None. Raises ValueError otherwise.

    Numbers with a fraction become ``Decimal``; NaN and Infinity, numbers beyond reason and nesting beyond
    Python's recursion limit are not JSON to us.
    """
    try:
        value: object = json.loads(body, parse_float=Decimal, parse_constant=_not_a_number)
    except (RecursionError, ArithmeticError) as error:
        raise ValueError("beyond what can be read") from error
    return value


def _not_a_number(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is not JSON")


def read_json(body: bytes) -> Json:
    """Return the root of an answer. Raises UnexpectedAnswerError where it is not JSON."""
    try:
        return Json(parse_json(body))
    except ValueError:
        del body
    # Raised here, without its cause and the body: both may name the payer, and tracebacks are kept.
    raise UnexpectedAnswerError("Ping's answer is not JSON")
