"""Who has an account in the store. The passwords are no secrets: they are printed for whoever tries it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Person:
    """An account of the store, made when the store is set up."""

    email: str
    password: str
    first_name: str
    last_name: str
    is_staff: bool = False


CUSTOMER: Final = Person("customer@example.com", "lantern-customer", "Astrid", "Lindqvist")
STAFF: Final = Person("staff@example.com", "lantern-staff", "Sixten", "Norberg", is_staff=True)
