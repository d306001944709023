"""What Ping refuses: required fields, types, enumerations, sums. Errors in the shape of Ping's own."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

Errors = list[dict[str, Any]]

CURRENCIES = {
    "payment_iq": ("SEK", "NOK", "DKK", "EUR", "GBP"),
    "dummy": ("SEK", "NOK", "DKK", "EUR", "GBP"),
}
LOCALES = ("sv-SE", "nb-NO", "en-US")
REFUND_REASONS = ("fraudulent", "requested_by_customer", "other")
DUMMY_STATUSES = ("INITIATED", "PENDING", "COMPLETED", "DECLINED", "CRASHED", "EXPIRED", "ABORTED")
INT64 = 2**63 - 1

_PAYER = ("name", "email", "phone_number", "ip_address")
_ADDRESS = ("street", "postal_code", "city", "county", "country")
_CASHIER_PARTS = ("amount", "header", "footer")
_BUTTON = ("color", "font_size", "font_weight", "height", "width", "line_height")


class Checker:
    """Collects what is wrong with a body; each method looks at one thing and says whether it is right."""

    def __init__(self) -> None:
        self.errors: Errors = []

    def wrong(self, error: str, path: str, description: str | None = None) -> bool:
        """Note an error; always False."""
        self.errors.append({"error": error, "description": description, "property": path})
        return False

    def required(self, body: Mapping[str, Any], key: str, path: str) -> bool:
        """Whether a key is there and not null."""
        return body.get(key) is not None or self.wrong("null_value", path)

    def text(self, value: Any, path: str, *, of: tuple[str, ...] | None = None) -> bool:
        """Whether a value is a string, and one of ``of``."""
        if not isinstance(value, str):
            return self.wrong("invalid_type", path, "expected a string")
        if of is not None and value not in of:
            return self.wrong("invalid_enum", path, f"expected one of {', '.join(of)}")
        return True

    def whole(self, value: Any, path: str, *, least: int = 0) -> bool:
        """Whether a value is an int64 of at least ``least``; true and 1.0 are not."""
        if not isinstance(value, int) or isinstance(value, bool):
            return self.wrong("invalid_type", path, "expected an integer")
        if not least <= value <= INT64:
            return self.wrong("invalid_value", path, f"expected {least} to {INT64}")
        return True

    def uuid(self, value: Any, path: str) -> bool:
        """Whether a value is a UUID."""
        return is_uuid(value) or self.wrong("invalid_format", path, "expected a UUID")

    def url(self, value: Any, path: str) -> bool:
        """Whether a value is an absolute http(s) address."""
        try:
            parts = urlsplit(value) if isinstance(value, str) else None
        except ValueError:
            parts = None
        if parts is None or parts.scheme not in ("http", "https") or not parts.netloc:
            return self.wrong("invalid_format", path, "expected an absolute URL")
        return True

    def mapping(self, value: Any, path: str) -> bool:
        """Whether a value is an object."""
        return isinstance(value, dict) or self.wrong("invalid_type", path, "expected an object")


def is_uuid(value: Any) -> bool:
    """Whether a value is a UUID in its usual form."""
    try:
        return isinstance(value, str) and str(UUID(value)) == value.lower()
    except ValueError:
        return False


def check_payment_order(body: Mapping[str, Any]) -> Errors:
    """Look at *create payment order*."""
    check = Checker()
    if check.required(body, "currency", "currency"):
        check.text(body["currency"], "currency", of=CURRENCIES["payment_iq"])
    _split(check, body)
    return check.errors


def check_split(body: Mapping[str, Any]) -> Errors:
    """Look at *update payment order*."""
    check = Checker()
    _split(check, body)
    return check.errors


def _split(check: Checker, body: Mapping[str, Any]) -> None:
    if body.get("split_tree_id") is not None:
        check.uuid(body["split_tree_id"], "split_tree_id")
    if body.get("split_parameters") is not None:
        check.mapping(body["split_parameters"], "split_parameters")


def check_payment(body: Mapping[str, Any], currency: str) -> Errors:
    """Look at *initiate payment* in a payment order of ``currency``."""
    check = Checker()
    required = ("currency", "total_amount", "provider", "method", "order_items", "provider_method_parameters")
    there = {key: check.required(body, key, key) for key in required}
    provider = body.get("provider")
    if there["provider"] and check.text(provider, "provider", of=tuple(CURRENCIES)) and there["method"]:
        check.text(body["method"], "method", of=("card",) if provider == "payment_iq" else ("dummy",))
    known = there["currency"] and check.text(body["currency"], "currency", of=CURRENCIES["payment_iq"])
    if known and body["currency"] != currency:
        check.wrong("invalid_value", "currency", "differs from the payment order's")
    total_is_right = there["total_amount"] and check.whole(body["total_amount"], "total_amount")
    if there["order_items"]:
        total = body["total_amount"] if total_is_right else None
        _items(check, body["order_items"], total)
    if there["provider_method_parameters"]:
        _parameters(check, provider, body["provider_method_parameters"])
    if body.get("payer") is not None:
        _payer(check, body["payer"])
    if body.get("metadata") is not None:
        check.mapping(body["metadata"], "metadata")
    if body.get("status_callback_url") is not None:
        check.url(body["status_callback_url"], "status_callback_url")
    return check.errors


def check_items(body: Mapping[str, Any], total: int) -> Errors:
    """Look at *update payment*: other items, the same sum."""
    check = Checker()
    if check.required(body, "order_items", "order_items"):
        _items(check, body["order_items"], total)
    return check.errors


def check_refund(body: Mapping[str, Any], currency: str, left: int) -> Errors:
    """Look at *refund* of a payment of which ``left`` has not been given back."""
    check = Checker()
    if check.required(body, "amount", "amount") and check.whole(body["amount"], "amount", least=1):
        amount, items = body["amount"], body.get("order_items") or []
        if amount > left:
            check.wrong("invalid_value", "amount", "more than is left of the payment")
        elif amount < left or items:
            _items(check, items, left - amount)
    if check.required(body, "currency", "currency") and body["currency"] != currency:
        check.wrong("invalid_value", "currency", "differs from the payment's")
    if check.required(body, "reason", "reason"):
        check.text(body["reason"], "reason", of=REFUND_REASONS)
    for key in ("description", "message"):
        if body.get(key) is not None:
            check.text(body[key], key)
    return check.errors


def _items(check: Checker, items: Any, total: int | None) -> None:
    if not isinstance(items, list):
        check.wrong("invalid_type", "order_items", "expected a list")
        return
    if not items:
        check.wrong("invalid_length", "order_items", "expected one or more")
        return
    countable = [_item(check, item, f"order_items.{index}") for index, item in enumerate(items)]
    if all(countable):
        given = sum(item["amount"] for item in items)
        if total is not None and given != total:
            check.wrong("invalid_value", "order_items", f"the sum is {given}, expected {total}")


def _item(check: Checker, item: Any, path: str) -> bool:
    """Look at one order item; return whether its amount can be counted."""
    if not check.mapping(item, path):
        return False
    if check.required(item, "name", f"{path}.name"):
        check.text(item["name"], f"{path}.name")
    rate = item.get("vat_rate")
    if check.required(item, "vat_rate", f"{path}.vat_rate"):
        if not isinstance(rate, (int, float)) or isinstance(rate, bool):
            check.wrong("invalid_type", f"{path}.vat_rate", "expected a number")
        elif not 0 <= rate <= 99:
            check.wrong("invalid_value", f"{path}.vat_rate", "expected 0 to 99")
    owners = [key for key in ("merchant_id", "liquidity_account_id") if item.get(key) is not None]
    if len(owners) != 1:
        check.wrong(
            "invalid_value", f"{path}.merchant_id", "exactly one of merchant_id, liquidity_account_id"
        )
    for key in owners:
        check.uuid(item[key], f"{path}.{key}")
    if item.get("metadata") is not None:
        check.mapping(item["metadata"], f"{path}.metadata")
    tags = item.get("tags")
    if tags is not None and not (isinstance(tags, list) and all(isinstance(tag, str) for tag in tags)):
        check.wrong("invalid_type", f"{path}.tags", "expected a list of strings")
    return check.required(item, "amount", f"{path}.amount") and check.whole(item["amount"], f"{path}.amount")


def _parameters(check: Checker, provider: Any, parameters: Any) -> None:
    if not check.mapping(parameters, "provider_method_parameters"):
        return
    if provider == "dummy":
        if check.required(parameters, "desired_payment_status", "dummy.desired_payment_status"):
            check.text(
                parameters["desired_payment_status"], "dummy.desired_payment_status", of=DUMMY_STATUSES
            )
        return
    for key in ("success_url", "error_url"):
        if check.required(parameters, key, f"payment_iq.{key}"):
            check.url(parameters[key], f"payment_iq.{key}")
    if parameters.get("locale") is not None:
        check.text(parameters["locale"], "payment_iq.locale", of=LOCALES)
    if parameters.get("cashier") is not None:
        _cashier(check, parameters["cashier"])


def _cashier(check: Checker, cashier: Any) -> None:
    path = "payment_iq.cashier"
    if not check.mapping(cashier, path):
        return
    shapes: dict[str, Callable[[Any, str], object]] = {
        **dict.fromkeys(_CASHIER_PARTS, lambda part, where: _shape(check, part, where, ("hidden",), bool)),
        "container": lambda part, where: _shape(check, part, where, ("padding",), str),
        "submit_button": lambda part, where: _shape(check, part, where, _BUTTON, str),
        "font_family": lambda part, where: check.text(part, where),
    }
    for key, part in cashier.items():
        if key not in shapes:
            check.wrong("unknown_field", f"{path}.{key}")
        else:
            shapes[key](part, f"{path}.{key}")


def _shape(check: Checker, part: Any, path: str, keys: tuple[str, ...], kind: type) -> None:
    if not check.mapping(part, path):
        return
    for key, value in part.items():
        if key not in keys:
            check.wrong("unknown_field", f"{path}.{key}")
        elif not isinstance(value, kind):
            check.wrong("invalid_type", f"{path}.{key}")


def _payer(check: Checker, payer: Any) -> None:
    if not check.mapping(payer, "payer"):
        return
    for key in _PAYER:
        if payer.get(key) is not None:
            check.text(payer[key], f"payer.{key}")
    address = payer.get("address")
    if address is not None and check.mapping(address, "payer.address"):
        for key in _ADDRESS:
            if address.get(key) is not None:
                check.text(address[key], f"payer.address.{key}")
