"""What the shop takes besides goods and delivery."""

from __future__ import annotations

from typing import Any

from oscar.apps.checkout import applicator


class SurchargeApplicator(applicator.SurchargeApplicator):
    surcharges: tuple[Any, ...] = ()

    def get_surcharges(self, basket, **kwargs):
        return self.surcharges
