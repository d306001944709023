"""How much is tried: a little in the default suite, the same each time; much and something new in a campaign.

``make hostile`` sets ``HOSTILE_EXAMPLES``; ``HOSTILE_SEED`` repeats an earlier one.
"""

from __future__ import annotations

import os
import random
from typing import Any

from hypothesis import HealthCheck, Phase, settings

IS_CAMPAIGN = "HOSTILE_EXAMPLES" in os.environ
EXAMPLES = int(os.environ.get("HOSTILE_EXAMPLES", "12"))
SEED = int(os.environ.get("HOSTILE_SEED", random.randrange(10**9) if IS_CAMPAIGN else 0))


def campaign(*, share: float = 1.0) -> Any:
    """Return the settings of a property, which gets this share of the examples."""
    return settings(
        max_examples=max(int(EXAMPLES * share), 10),
        # The rows of one example would be there in the next.
        phases=(Phase.explicit, Phase.generate, Phase.shrink),
        database=None,
        deadline=None,
        suppress_health_check=list(HealthCheck),
        print_blob=True,
    )
