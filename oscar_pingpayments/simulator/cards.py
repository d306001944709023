"""The cards that the simulated page takes, and what becomes of each."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from .texts import Texts


class Outcome(Enum):
    """What happens when a card is submitted."""

    PAYS = "pays"
    NO_FUNDS = "no_funds"
    ASKS_3DS = "asks_3ds"
    CRASHES = "crashes"
    WAITS = "waits"


@dataclass(frozen=True, slots=True)
class Card:
    """A test card; ``documented`` ones are those of Ping's sandbox, the others are ours."""

    number: str
    outcome: Outcome
    documented: bool = False

    @property
    def grouped(self) -> str:
        """The number as it is printed on a card."""
        return " ".join(self.number[start : start + 4] for start in range(0, len(self.number), 4))


CARDS = (
    Card("5457210002001420", Outcome.PAYS, documented=True),
    Card("5457210002001461", Outcome.PAYS, documented=True),
    Card("5204740000001002", Outcome.PAYS, documented=True),
    Card("5186170070001140", Outcome.NO_FUNDS, documented=True),
    Card("5200000000000007", Outcome.ASKS_3DS),
    Card("5200000000000015", Outcome.CRASHES),
    Card("5200000000000023", Outcome.WAITS),
)


def find(number: str) -> Card | None:
    """Return the test card with this number."""
    return next((card for card in CARDS if card.number == number), None)


def is_card_number(number: str) -> bool:
    """Whether the digits could be a card: 12 to 19 of them, with the right check digit."""
    if not (number.isascii() and number.isdigit() and 12 <= len(number) <= 19):
        return False
    total = 0
    for place, digit in enumerate(reversed(number)):
        value = int(digit) * (1 + place % 2)
        total += value - 9 if value > 9 else value
    return total % 10 == 0


def describe(outcome: Outcome, texts: Texts) -> str:
    """Say in the payer's language what a test card does."""
    return texts[f"card_{outcome.value}"]
