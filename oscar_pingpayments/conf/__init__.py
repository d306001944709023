"""The ``PINGPAYMENTS`` setting: one dict, read when used, safe by default.

May be imported from a settings file: nothing here touches Django's settings before it is asked.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping

from ..exceptions import ConfigurationError
from .parsing import Problem, parse
from .pipelines import (
    INITIAL_LINE_STATUS,
    INITIAL_ORDER_STATUS,
    LINE_STATUS_PIPELINE,
    ORDER_STATUS_CASCADE,
    ORDER_STATUS_PIPELINE,
)
from .values import (
    CallbackSignature,
    Environment,
    OrderStatuses,
    Secret,
    Settings,
    SettleRule,
    Timeout,
)

__all__ = [
    "INITIAL_LINE_STATUS",
    "INITIAL_ORDER_STATUS",
    "LINE_STATUS_PIPELINE",
    "ORDER_STATUS_CASCADE",
    "ORDER_STATUS_PIPELINE",
    "CallbackSignature",
    "Environment",
    "OrderStatuses",
    "Problem",
    "Secret",
    "Settings",
    "SettleRule",
    "Timeout",
    "get_settings",
    "problems",
    "wants_wiring",
]


#: The dict that was read last, a copy of it, and what it said: every callback asks more than once.
_last: tuple[object, object, Settings] | None = None


def get_settings() -> Settings:
    """Return the shop's settings as they are now.

    Raises ConfigurationError, which names every key that is at fault.
    """
    settings, found = _read()
    if settings is None:
        raise ConfigurationError(" ".join(problem.sentence for problem in found))
    return settings


def _read() -> tuple[Settings | None, list[Problem]]:
    """Read the dict, which has the secret in it: no error is raised here, for tracebacks show locals."""
    global _last
    raw, last = _raw(), _last
    if last is not None and last[0] is raw and last[1] == raw:
        return last[2], []
    settings, found = parse(raw)
    if settings is not None:
        _last = raw, copy.deepcopy(raw), settings
    return settings, found


def problems() -> list[Problem]:
    """Return what is wrong with the ``PINGPAYMENTS`` setting; empty when it can be used."""
    return parse(_raw())[1]


def wants_wiring() -> bool:
    """Whether our views are to be put into the shop's checkout: yes, unless ``AUTO_WIRE`` is False.

    Asked before the system checks have run, so it puts up with settings that are wrong.
    """
    raw = _raw()
    return not (isinstance(raw, Mapping) and raw.get("AUTO_WIRE") is False)


def _raw() -> object:
    from django.conf import settings

    return getattr(settings, "PINGPAYMENTS", None)
