"""The control interface: what a test, or a curious developer, may make the simulator do."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse

from . import API_SECRET, MERCHANT_ID, TENANT_ID, api, callbacks, cards, faults, operations, pages
from .world import WORLD, Fault, Json, Payment, now


class BadCommand(ValueError):  # noqa: N818
    """A command that makes no sense; the message says why."""


def control(request: HttpRequest, command: str) -> HttpResponse:
    """Carry out a command: its arguments are the JSON body, its result is the JSON answer."""
    act = COMMANDS.get(command)
    if act is None:
        return JsonResponse({"error": f"there is no command {command!r}"}, status=404)
    try:
        arguments = json.loads(request.body or b"{}")
        result = act(**arguments)
    except (BadCommand, TypeError, ValueError) as error:
        return JsonResponse({"error": str(error)}, status=400)
    return JsonResponse({"result": result}, status=200)


def reset() -> None:
    """Forget everything, and behave."""
    WORLD.reset()


def remember() -> int:
    """Keep what is known now, and return the number to recall it by."""
    return WORLD.remember()


def recall(memory: int) -> None:
    """Know what was known then, as if it had happened just now."""
    if not 0 <= memory < len(WORLD.memories):
        raise BadCommand(f"there is no memory {memory}")
    WORLD.recall(memory)


def settings() -> Json:
    """Return the credentials that are accepted."""
    return {"TENANT_ID": TENANT_ID, "API_SECRET": API_SECRET, "MERCHANT_ID": MERCHANT_ID}


def payments() -> list[Json]:
    """Return every payment, as Ping's GET shows it."""
    with WORLD.lock:
        return [json.loads(json.dumps(payment.answer)) for payment in WORLD.payments.values()]


def orders() -> list[Json]:
    """Return every payment order."""
    with WORLD.lock:
        return [
            {
                "id": order.id,
                "status": order.status,
                "currency": order.currency,
                "payments": [payment.id for payment in order.payments],
            }
            for order in WORLD.orders.values()
        ]


def calls(since: int = 0) -> list[Json]:
    """Return the calls that the API has had, but so many of the first."""
    with WORLD.lock:
        return [dataclasses.asdict(call) for call in WORLD.calls[since:]]


def says(payment_id: str, status: str, then: str | list[str] | None = None) -> None:
    """Let Ping say ``status`` of a payment, and to the GETs after the next one ``then``."""
    payment = _payment(payment_id)
    payment.coming = [then] if isinstance(then, str) else list(then or [])
    WORLD.set_status(payment, status)


def fill(
    count: int, status: str = "COMPLETED", amount: int = 29900, currency: str = "SEK"
) -> list[list[str]]:
    """Have payment orders with one payment each, as if made long ago; return the ids of each pair.

    For measurements: nobody is called back, and no call is noted.
    """
    body = {
        "currency": currency,
        "total_amount": amount,
        "provider": "payment_iq",
        "method": "card",
        "order_items": [
            {"name": "Lantern", "amount": amount, "vat_rate": 25, "merchant_id": MERCHANT_ID, "metadata": {}}
        ],
        "provider_method_parameters": {},
    }
    with WORLD.lock:
        made = [WORLD.add_payment(WORLD.add_order(currency, None, {}), body) for _ in range(count)]
        for payment in made:
            WORLD.note_status(payment, status)
    return [[str(payment.answer["payment_order_id"]), payment.id] for payment in made]


def act(pay_url: str, does: str, card: str = "") -> str:
    """Be the payer at a page: "card", "cancel" or "expire"; return where the browser is sent."""
    code = pay_url.partition("/pay/")[2].partition("?")[0]
    payment = WORLD.by_code(code)
    if payment is None:
        raise BadCommand(f"no payment has the page {pay_url}")
    if does == "expire":
        payment.expires = datetime.now(UTC)
        WORLD.set_status(payment, "EXPIRED")
    elif not payment.is_waiting:
        raise BadCommand(f"the payment is {payment.status} already")
    elif does == "cancel":
        WORLD.set_status(payment, "ABORTED")
    elif does == "card":
        found = cards.find(card)
        if found is None:
            raise BadCommand(f"{card} is not a test card")
        if payment.status == "INITIATED":
            WORLD.set_status(payment, "PENDING")
        pages.settle(
            payment, cards.Outcome.PAYS if found.outcome is cards.Outcome.ASKS_3DS else found.outcome
        )
    else:
        raise BadCommand(f"a payer does not {does}")
    return pages.return_url(payment)


def misbehave(operation: str, mode: str, times: int | None = 1, **parameters: Any) -> None:
    """Make the next calls of an operation go wrong ("*": of any)."""
    known = {name for _, _, name, _ in api.ROUTES} | {"*"}
    if operation not in known:
        raise BadCommand(f"there is no operation {operation!r}: {', '.join(sorted(known))}")
    if mode not in faults.MODES:
        raise BadCommand(f"there is no mode {mode!r}: {', '.join(faults.MODES)}")
    with WORLD.lock:
        WORLD.faults.append(Fault(operation, mode, times, parameters))


def clear_faults() -> None:
    """Behave again; what has happened stays."""
    with WORLD.lock:
        WORLD.faults.clear()
        waiting, WORLD.released = WORLD.released, type(WORLD.released)()
        waiting.set()


def manners(**changes: Any) -> None:
    """Change how the simulator behaves; see ``world.Manners``."""
    known = {field.name for field in dataclasses.fields(WORLD.manners)}
    if unknown := set(changes) - known:
        raise BadCommand(f"no such manners: {', '.join(sorted(unknown))}")
    with WORLD.lock:
        for name, value in changes.items():
            setattr(WORLD.manners, name, value)


def held_callbacks() -> list[Json]:
    """Return the callbacks that are kept back."""
    with WORLD.lock:
        return [dataclasses.asdict(callback) for callback in WORLD.callbacks]


def deliver(numbers: list[int] | None = None) -> list[int | str]:
    """Make callbacks that are kept back, all or these in this order; return the shop's answers."""
    with WORLD.lock:
        held = {callback.number: callback for callback in WORLD.callbacks}
        chosen = [held[number] for number in (list(held) if numbers is None else numbers) if number in held]
        WORLD.callbacks = [callback for callback in WORLD.callbacks if callback not in chosen]
        WORLD.made_callbacks += chosen
    return [callbacks.attempt(callback) for callback in chosen]


def made_callbacks() -> list[Json]:
    """Return the callbacks that were made, with the shop's answers; "attempts" is empty for one to come."""
    with WORLD.lock:
        return [dataclasses.asdict(callback) for callback in WORLD.made_callbacks]


def drop_callbacks() -> None:
    """Lose the callbacks that are kept back."""
    with WORLD.lock:
        WORLD.callbacks.clear()


def forge(payment_id: str, body: Any = None) -> int | str:
    """Call the shop with a body that is not true, and return its answer."""
    payment = _payment(payment_id)
    if payment.callback_url is None:
        raise BadCommand("the payment has no callback address")
    said = {"payment_id": payment_id, "status": "COMPLETED", "occurred_at": now()} if body is None else body
    return callbacks.post(payment.callback_url, said)


def refund_in_portal(payment_id: str, amount: int) -> None:
    """Give money back as the tenant's staff do in Ping's own portal."""
    payment = _payment(payment_id)
    entry = {"amount": amount, "refunded_at": now()}
    with WORLD.lock:
        if amount > payment.answer["total_amount"] - payment.refunded:
            raise BadCommand("more than is left of the payment")
        payment.answer["refund"] = entry
        payment.answer["refunds"] = [*(payment.answer["refunds"] or []), entry]
    WORLD.changed(payment)


def finish_refunds() -> int:
    """Carry out the refunds that wait, and return how many there were."""
    done = 0
    for payment in list(WORLD.payments.values()):
        for refund in list(payment.pending_refunds):
            operations.finish_refund(payment, refund)
            done += 1
    return done


def fail_refunds(listed: bool = False) -> int:
    """Let the refunds that wait fail, and return how many there were.

    How Ping shows that is not documented: they vanish, or are ``listed`` as failed.
    """
    failed = 0
    for payment in list(WORLD.payments.values()):
        for refund in list(payment.pending_refunds):
            operations.fail_refund(payment, refund, listed=listed)
            failed += 1
    return failed


def edit(payment_id: str, **changes: Any) -> None:
    """Change what Ping's GET says of a payment, whatever sense it makes."""
    with WORLD.lock:
        _payment(payment_id).answer.update(changes)


def _payment(payment_id: str) -> Payment:
    payment = WORLD.payments.get(payment_id)
    if payment is None:
        raise BadCommand(f"there is no payment {payment_id}")
    return payment


COMMANDS: dict[str, Callable[..., Any]] = {
    "reset": reset,
    "remember": remember,
    "recall": recall,
    "settings": settings,
    "payments": payments,
    "orders": orders,
    "calls": calls,
    "says": says,
    "fill": fill,
    "act": act,
    "misbehave": misbehave,
    "clear-faults": clear_faults,
    "manners": manners,
    "callbacks": held_callbacks,
    "deliver": deliver,
    "made-callbacks": made_callbacks,
    "drop-callbacks": drop_callbacks,
    "forge": forge,
    "refund-in-portal": refund_in_portal,
    "finish-refunds": finish_refunds,
    "fail-refunds": fail_refunds,
    "edit": edit,
}
