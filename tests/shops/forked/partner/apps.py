"""The shop's fork of one of Oscar's apps."""

from __future__ import annotations

from oscar.apps.partner import apps


class PartnerConfig(apps.PartnerConfig):
    name = "tests.shops.forked.partner"
