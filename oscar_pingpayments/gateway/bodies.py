"""What bodies of requests and answers have in common: JSON that hides itself, members that may be missing."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import TypeVar

from ..exceptions import UnexpectedAnswerError
from .answers import Json

T = TypeVar("T")


class Body(dict[str, object]):
    """The JSON of a request. It does not show itself, because tracebacks are kept and it names the payer."""

    def __repr__(self) -> str:
        return f"<Body: {', '.join(self)}>"


def filled(**members: object) -> Body:
    """Return those of the members that are not empty."""
    return Body({key: value for key, value in members.items() if value})


def members(json: Json, key: str) -> Mapping[str, object]:
    """Return the members of an object, none where it is missing or null."""
    found = json.get(key)
    return found.members() if found else {}


def elements(json: Json, key: str) -> list[Json]:
    """Return the elements of an array, none where it is missing or null."""
    found = json.get(key)
    return found.elements() if found else []


def if_it_makes_sense(json: Json, key: str, read: Callable[[Json], T]) -> T | None:
    """Read a member that is not documented, or None where it is missing or something else."""
    found = json.get(key)
    try:
        return read(found) if found else None
    except UnexpectedAnswerError:
        return None


def moment(json: Json, key: str) -> datetime | None:
    """Return a point in time, or None where it is missing or null."""
    found = json.get(key)
    return found.moment() if found else None
