"""The only writer of money and of Oscar's rows: what Ping says becomes payments, sources, events, statuses.

Nothing here asks Ping, commits or sends anything: the facade does, and calls the ledger with
the rows locked (``lock``). What others must hear of is returned as ``News``.
"""

from __future__ import annotations

from . import letters, refunds, settlements
from .answers import apply_answer, has_unknown_status, is_missing, not_known
from .attempts import (
    begin,
    give_time,
    is_answer_to,
    is_to_be_paid,
    may_be_tried,
    never_arrived,
    no_answer,
    not_sent,
    note_refusal,
    opened,
    set_aside,
    started,
    taken_in,
)
from .attention import attend, resolve
from .baskets import refill_from
from .book import Book, News, lock
from .holding import is_still_there, used_up
from .orders import comes_to, full_name, is_cancelled, note, payable_statuses, payer_of, payers_name
from .payers import look_up_payers
from .placing import freeze, reopen, reopen_left, submit
from .remaining import Remaining, for_ping, items_of, paying, remaining
from .sources import CODE
from .trail import Person, acted
from .usage import end_unpaid, is_left_to_staff, let_go

__all__ = [
    "CODE",
    "Book",
    "News",
    "Person",
    "Remaining",
    "acted",
    "apply_answer",
    "attend",
    "begin",
    "comes_to",
    "end_unpaid",
    "for_ping",
    "freeze",
    "full_name",
    "give_time",
    "has_unknown_status",
    "is_answer_to",
    "is_cancelled",
    "is_left_to_staff",
    "is_missing",
    "is_still_there",
    "is_to_be_paid",
    "items_of",
    "let_go",
    "letters",
    "lock",
    "look_up_payers",
    "may_be_tried",
    "never_arrived",
    "no_answer",
    "not_known",
    "not_sent",
    "note",
    "note_refusal",
    "opened",
    "payable_statuses",
    "payer_of",
    "payers_name",
    "paying",
    "refill_from",
    "refunds",
    "remaining",
    "reopen",
    "reopen_left",
    "resolve",
    "set_aside",
    "settlements",
    "started",
    "submit",
    "taken_in",
    "used_up",
]
