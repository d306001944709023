"""Which ways of delivery there are, the most usual first."""

from __future__ import annotations

from oscar.apps.shipping import repository

from .methods import Express, HomeDelivery, PickUpInStore


class Repository(repository.Repository):
    """Three for goods; what is downloaded needs none, which Oscar sees to."""

    methods = (HomeDelivery(), PickUpInStore(), Express())
