"""The actions, in the order of their buttons. One that is added here has an address, a button and a trail."""

from __future__ import annotations

from .attempts import Refresh, Stop
from .base import Action
from .letters import SendConfirmation, SendLink
from .order import Cancel, Resolve
from .refunds import GiveBack, SetAside
from .settlement import Close, Settle, Split

ACTIONS: tuple[type[Action], ...] = (
    *(Resolve, Refresh, GiveBack, SetAside, SendLink, SendConfirmation),
    *(Stop, Cancel, Close, Split, Settle),
)

__all__ = ["ACTIONS", "Action"]
