"""Who did what about a payment order: a row for each thing that a person did."""

from __future__ import annotations

from dataclasses import dataclass

from ..models import PaymentOrder, StaffAction

_NAME_LENGTH = 150


@dataclass(frozen=True, slots=True)
class Person:
    """A person who acts: a member of staff with an account, or whoever is logged in at the shell."""

    name: str
    user_id: int | None = None


def acted(
    payment_order: PaymentOrder, name: StaffAction.Name, person: Person, detail: object = ""
) -> StaffAction:
    """Write down what a person did, in the transaction that does it, and return it."""
    return StaffAction.objects.create(
        payment_order=payment_order,
        name=name,
        by=person.name[:_NAME_LENGTH],
        user_id=person.user_id,
        detail=str(detail),
    )
