"""What an inspection says: a line for each thing that was looked at."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

How = Literal["good", "note", "bad"]


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of the report: what was looked at, how it is and, where it is not well, what to do."""

    how: How
    what: str
    sentence: str
    hint: str = ""
