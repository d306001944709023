"""Oscar's models, as a fork must have them."""

from __future__ import annotations

from oscar.apps.partner.models import *  # noqa: F403
