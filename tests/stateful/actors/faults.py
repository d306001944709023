"""What may go wrong with a call to Ping."""

from __future__ import annotations

from typing import Any

#: (the call that goes wrong, how, and what there is to say about it). Reads are tried three times.
FAULTS: list[tuple[str, str, dict[str, Any]]] = [
    ("create_payment_order", "drop_after", {}),
    ("create_payment_order", "status", {"status": 500}),
    ("create_payment_order", "status", {"status": 422, "body": {"errors": [{"error": "no"}]}}),
    ("initiate_payment", "refuse", {}),
    ("initiate_payment", "drop_after", {}),
    ("initiate_payment", "status", {"status": 500, "acts": True}),
    ("initiate_payment", "status", {"status": 429, "headers": {"Retry-After": "40"}}),
    ("initiate_payment", "status", {"status": 422, "body": {"errors": [{"error": "no"}]}}),
    ("initiate_payment", "malformed", {"kind": "truncated"}),
    ("initiate_payment", "malformed", {"kind": "foreign_host"}),
    ("get_payment", "refuse", {"times": 1}),
    ("get_payment", "refuse", {"times": 3}),
    ("get_payment", "status", {"status": 503, "headers": {"Retry-After": "3600"}}),
    ("get_payment", "status", {"status": 429}),
    ("get_payment", "status", {"status": 404, "body": {"errors": [{"error": "not_found"}]}}),
    ("get_payment", "malformed", {"kind": "truncated"}),
    ("get_payment", "malformed", {"kind": "missing_status"}),
    ("get_payment", "malformed", {"kind": "unknown_status"}),
    ("get_payment", "malformed", {"kind": "wrong_payment_id"}),
    ("get_payment", "malformed", {"kind": "wrong_payment_order_id"}),
    ("get_payment_order", "refuse", {"times": 3}),
    ("get_payment_order", "malformed", {"kind": "empty"}),
    ("stop_payment", "refuse", {}),
    ("stop_payment", "status", {"status": 500, "acts": True}),
    ("refund_payment", "refuse", {}),
    ("refund_payment", "drop_after", {}),
    ("refund_payment", "status", {"status": 429}),
    ("refund_payment", "status", {"status": 403, "body": {"errors": [{"error": "refund_window_closed"}]}}),
    ("refund_payment", "malformed", {"kind": "not_json"}),
    ("*", "status", {"status": 500}),
]

#: How an attempt begins of which no answer comes that can be used, and what there is to say about it:
#: Ping does not have it (yet), or has it, and nobody knows where it is paid.
NO_ANSWER: list[tuple[str, dict[str, Any]]] = [
    *[("drop_before", {})] * 3,
    ("status", {"status": 502}),
    ("drop_after", {}),
    ("status", {"status": 500, "acts": True}),
    ("malformed", {"kind": "truncated"}),
    ("malformed", {"kind": "not_json"}),
    ("malformed", {"kind": "missing_pay_url"}),
]
