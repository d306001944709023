"""What needs a person, and how often staff must have been told: worked out from what happened alone."""

from __future__ import annotations

from collections import Counter, defaultdict

MONEY = frozenset({"amount", "duplicate", "late", "refund"})
PASSES_WITH_PAYMENT = frozenset({"unknown_status", "refused", "too_many"})

#: Why, and about what: an attempt, a refund, or nothing in particular.
Reason = tuple[str, str]


class Owed:
    """The reasons for attention of each order that nobody has looked at, and what staff were told of."""

    def __init__(self) -> None:
        self._open: defaultdict[int, set[Reason]] = defaultdict(set)
        self._told: defaultdict[int, set[Reason]] = defaultdict(set)
        #: How often staff must hear of it, by order and reason.
        self.tellings: Counter[tuple[int, str]] = Counter()

    def arises(self, order: int, reason: str, about: str = "") -> None:
        """Something needs a person; staff are told once."""
        self._open[order].add((reason, about))
        if (reason, about) not in self._told[order]:
            self._told[order].add((reason, about))
            self.tellings[order, reason] += 1

    def passes(self, order: int, reason: str, about: str | None = None) -> None:
        """Something has settled itself; ``about`` None means all of that reason."""
        self._open[order] = {
            each for each in self._open[order] if each[0] != reason or about not in (None, each[1])
        }

    def is_looked_at(self, order: int) -> None:
        """A person has looked at all there is. Should the same happen again, they hear of it again."""
        self._open[order].clear()
        self._told[order].clear()

    def reasons(self, order: int) -> set[str]:
        """Return why a person must look at an order now."""
        return {reason for reason, _ in self._open[order]}
