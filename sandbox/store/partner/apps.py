"""The forked app's place in Oscar."""

from __future__ import annotations

from oscar.apps.partner import apps


class PartnerConfig(apps.PartnerConfig):
    name = "store.partner"
