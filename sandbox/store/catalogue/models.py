"""Oscar's models; a product's title is looked up in the store's translations."""

from __future__ import annotations

from django.utils.translation import gettext
from oscar.apps.catalogue.abstract_models import AbstractProduct


class Product(AbstractProduct):
    """A product whose title is shown in the payer's language, in the catalogue, the basket and the order."""

    def get_title(self) -> str:
        """Return the translated title, or the title itself where nobody has translated it."""
        title = super().get_title()
        return gettext(title) if title else ""

    def __str__(self) -> str:
        return self.get_title()


from oscar.apps.catalogue.models import *  # noqa: E402, F403
