"""What the invariants are worth: with one behaviour of the product taken out at a time, what notices?

``python -m tests.stateful.mutations`` runs the campaign for each on a copy that lacks it, until something is
noticed or the time is up, and prints a table. ``MINUTES`` is how long each may take (3), ``SEED`` where each
begins (1); words choose those mutations that have one of them in their name.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
PRODUCT = "oscar_pingpayments"

_NOTICED = re.compile(r"(\w+) noticed in step (\d+) of run (\d+)")


@dataclass(frozen=True)
class Mutation:
    """A text of the product that is replaced, in one file, everywhere in it."""

    name: str
    path: str
    old: str
    new: str

    def carry_out(self, root: Path) -> None:
        """Take the behaviour out of a copy. Raises ValueError where the product reads differently by now."""
        source = root / PRODUCT / self.path
        text = source.read_text()
        if self.old not in text:
            raise ValueError(f"{self.path} has nothing to replace for “{self.name}”")
        source.write_text(text.replace(self.old, self.new))


MUTATIONS = [
    Mutation(
        "what was read before Ping was asked is written, not what is true under the lock",
        "facade/refreshing.py",
        "        current = book.payment(payment.pk)\n        was_live",
        "        current = payment\n        was_live",
    ),
    Mutation(
        "money is received again each time that Ping repeats itself",
        "ledger/answers.py",
        "if step is Move.REPEAT:",
        "if step is Move.REPEAT and payment.meaning is not Meaning.PAID:",
    ),
    Mutation(
        "any amount pays the order",
        "ledger/receipts.py",
        "fits = (received, answer.currency) == (payment.amount, payment.currency)",
        "fits = answer.currency == payment.currency",
    ),
    Mutation(
        "money that comes after the end pays the order, which takes nothing again",
        "ledger/receipts.py",
        "pays = fits and (",
        "pays = fits and (not payment_order.is_paid or ",
    ),
    Mutation(
        "an earlier word of Ping's undoes a later one",
        "statuses.py",
        "return Move.FORWARD if to in TRANSITIONS[since] else Move.BACKWARD",
        "return Move.FORWARD",
    ),
    Mutation(
        "nobody is told of an order that was paid twice",
        "ledger/receipts.py",
        "_keep(book, Attention.DUPLICATE, detail, payment)",
        "pass",
    ),
    Mutation(
        "an order's stock is not given back",
        "ledger/usage.py",
        "handler.cancel_stock_allocations(order, lines, [line.num_allocated for line in lines])",
        "pass",
    ),
    Mutation(
        "an order's vouchers are not given back",
        "ledger/usage.py",
        '"vouchers": _release_vouchers(order, discounts),',
        '"vouchers": [],',
    ),
    Mutation(
        "an order's time runs out without Ping being asked",
        "facade/ending.py",
        "asked = refreshing.ask_about_all(payment_order, by=by, deadline=deadline)",
        "asked = set(payment_order.payments.values_list('pk', flat=True))\n"
        "        if state is not State.EXPIRED:\n"
        "            asked = refreshing.ask_about_all(payment_order, by=by, deadline=deadline)",
    ),
    Mutation(
        "an open attempt is not stopped when its order ends",
        "facade/refreshing.py",
        "                stop(client, payment_order, payment)\n        elif",
        "        elif",
    ),
    Mutation(
        "a callback's body is believed",
        "facade/callbacks.py",
        'refreshing.ask(payment, by="callback", within=PATIENCE)',
        "from dataclasses import replace\n\n"
        "        client = refreshing.client_for(payment.payment_order)\n"
        "        answer = refreshing._answer(client, payment)\n"
        '        said = json.loads(text).get("status")\n'
        "        if answer and isinstance(said, str):\n"
        "            answer = replace(answer, status=said)\n"
        '        refreshing._write(payment, answer, by="callback", asked_at=timezone.now())',
    ),
    Mutation(
        "an attempt whose answer made no sense is not looked up",
        "ledger/attempts.py",
        "timezone.now() + _FIRST_ASK if isinstance(error, OutcomeUnknownError) else None",
        "None",
    ),
    Mutation(
        "an attempt whose answer was lost is given up at once",
        "facade/refreshing.py",
        "elif current.live and current.outcome_unknown and age >= max(NEVER_ARRIVED, 2 * _longest_call()):",
        "elif current.live:",
    ),
    Mutation(
        "another attempt is begun while one is open",
        "facade/starting.py",
        "if book.live is not None and book.live.sent_at is not None:\n            return book.live",
        "if book.live is not None:\n            ledger.set_aside(book.live)",
    ),
    Mutation(
        "the confirmation is sent twice",
        "facade/outbox.py",
        "    letters.confirmation(effect.payment_order)",
        "    letters.confirmation(effect.payment_order)\n    letters.confirmation(effect.payment_order)",
    ),
    Mutation(
        "what could not leave the shop is not tried again",
        "facade/outbox.py",
        "def carry_out_due(stopped: Callable[[], bool] = never_stopped) -> int:",
        "def carry_out_due(stopped=never_stopped):\n    return 0\n\n\ndef _carry_out_due(stopped):",
    ),
    Mutation(
        "a refund is recorded each time that Ping lists it",
        "ledger/listed.py",
        "if refund is None or refund.state is not RefundState.DONE:",
        "if True:",
    ),
    # No more goes back without this: what an amount takes of the items is never more than is left of them.
    Mutation(
        "of more than is left, what is left is refunded",
        "ledger/refunds.py",
        "if amount > left.left:",
        "if False:",
    ),
    Mutation(
        "what is on its way back can be refunded again",
        "ledger/remaining.py",
        "in TAKING",
        "is RefundState.DONE",
    ),
    Mutation(
        "what went back in the portal can be refunded again",
        "facade/refunding.py",
        "    _look(payment)\n",
        "",
    ),
    Mutation(
        "money that goes back by itself is not asked for",
        "ledger/refunds.py",
        "book.cause_later(Effect.Name.REFUND, about=str(payment.number))",
        "pass",
    ),
    Mutation(
        "what Ping does not name as ours is believed",
        "ledger/answers.py",
        "if answer.id != payment.ping_id or answer.payment_order_id != payment_order.ping_id:",
        "if False:",
    ),
    Mutation(
        "baskets that a process left stay frozen",
        "ledger/placing.py",
        "given += sum(reopen(placing.basket) for placing in bite)",
        "left.delete()",
    ),
    Mutation(
        "what has ended is never asked about again",
        "statuses.py",
        "_FINAL = (timedelta(days=1), timedelta(days=7), timedelta(days=30))",
        "_FINAL: tuple[timedelta, ...] = ()",
    ),
    Mutation(
        "a stranger may end the order",
        "payer.py",
        "    if payment_order.order_id is None:\n        return False\n    if request",
        "    if payment_order.order_id is not None:\n        return True\n    if request",
    ),
]


def noticed(mutation: Mutation, seed: str, minutes: str) -> tuple[str, str, str]:
    """Return what notices that a behaviour is not there, in which run, in which of its steps; "" for none."""
    with tempfile.TemporaryDirectory() as copy:
        for name in (PRODUCT, "tests", "sandbox"):
            shutil.copytree(
                ROOT / name, Path(copy) / name, ignore=shutil.ignore_patterns("__pycache__", "var")
            )
        shutil.copy(ROOT / "pyproject.toml", copy)
        mutation.carry_out(Path(copy))
        campaign = {"STATEFUL_SEED": seed, "STATEFUL_MINUTES": minutes, "STATEFUL_STEPS": "40"}
        run = subprocess.run(
            [
                sys.executable,
                "-m",
                "pytest",
                "-n",
                "0",
                "-p",
                "no:cacheprovider",
                "--create-db",
                "tests/stateful",
            ],
            cwd=copy,
            env={**os.environ, "PYTHONPATH": copy, "PYTHONDONTWRITEBYTECODE": "1", **campaign},
            capture_output=True,
            text=True,
            check=False,
        )
    found = _NOTICED.search(run.stdout)
    if found is None and run.returncode:
        raise RuntimeError(run.stdout + run.stderr)
    return (found[1], found[3], found[2]) if found else ("", "", "")


def main(words: list[str]) -> int:
    """Print the table; return how many behaviours nobody missed."""
    seed, minutes = os.environ.get("SEED") or "1", os.environ.get("MINUTES") or "3"
    unnoticed = 0
    print("| taken out | noticed by | run | step |\n|---|---|---|---|")  # noqa: T201
    for mutation in MUTATIONS:
        if not words or any(word in mutation.name for word in words):
            by, run, step = noticed(mutation, seed, minutes)
            unnoticed += not by
            print(f"| {mutation.name} | {by or 'nobody'} | {run} | {step} |", flush=True)  # noqa: T201
    return unnoticed


if __name__ == "__main__":
    sys.exit(bool(main(sys.argv[1:])))
