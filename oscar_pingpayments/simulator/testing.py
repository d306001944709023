"""The simulator from a test: start it, be Ping, be the payer, and look at what the shop has asked."""

from __future__ import annotations

import re
import subprocess  # nosec B404  # (for our own simulator)
import sys
from types import TracebackType
from typing import Any, Self
from uuid import UUID

import requests

from . import API_SECRET, MERCHANT_ID, TENANT_ID

#: Ping's documented test cards.
GOOD_CARD = "5457210002001420"
DECLINED_CARD = "5186170070001140"


class SimulatorError(Exception):
    """The simulator did not start, or does not understand a command."""


class PingSimulator:
    """A simulator in a process of its own, on a free port of this machine.

    ``with PingSimulator() as ping:`` starts and stops it. Callbacks are held until ``deliver()``, since
    most tests have no server that they could reach; ``send_callbacks()`` lets them go by themselves.
    """

    def __init__(self) -> None:
        self.url = ""
        self._process: subprocess.Popen[str] | None = None
        self._session = requests.Session()
        self._session.trust_env = False

    def start(self) -> None:
        """Start the process and wait until it listens."""
        self._process = subprocess.Popen(  # nosec B603  # (our own module, no words of others)
            [sys.executable, "-m", "oscar_pingpayments.simulator", "--port", "0", "--callbacks", "hold"],
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self._process.stdout is not None  # nosec B101  # noqa: S101  (it is a pipe)
        line = self._process.stdout.readline()
        found = re.search(r"http://\S+", line)
        if found is None:
            self.stop()
            raise SimulatorError(f"the simulator did not start: {line!r}")
        self.url = found[0]

    def stop(self) -> None:
        """Stop the process."""
        self._session.close()
        if self._process is not None:
            self._process.terminate()
            self._process.communicate(timeout=10)
            self._process = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def settings(self) -> dict[str, Any]:
        """Return what a shop's ``PINGPAYMENTS`` needs to talk to this simulator."""
        return {
            "TENANT_ID": TENANT_ID,
            "API_SECRET": API_SECRET,
            "MERCHANT_ID": MERCHANT_ID,
            "BASE_URL": f"{self.url}/payments",
        }

    # Looking

    def payments(self) -> list[dict[str, Any]]:
        """Return every payment, oldest first, as Ping's GET shows it."""
        return list(self._do("payments"))

    def orders(self) -> list[dict[str, Any]]:
        """Return every payment order, oldest first."""
        return list(self._do("orders"))

    def calls(self, since: int = 0) -> list[dict[str, Any]]:
        """Return the calls that the shop has made, but so many of the first.

        Each has operation, method, path, connection, headers, body and status, and with
        ``manners(keep_answers=True)`` Ping's answer.
        """
        return list(self._do("calls", since=since))

    # Being Ping

    def reset(self) -> None:
        """Forget everything, and behave."""
        self._do("reset")

    def remember(self) -> int:
        """Keep all that Ping knows now, for ``recall``; return its number."""
        return int(self._do("remember"))

    def recall(self, memory: int) -> None:
        """Let Ping know what it knew then, as if it had all happened just now.

        A shop's tests that begin alike can have the beginning once.
        """
        self._do("recall", memory=memory)

    def says(self, payment_id: str | UUID, status: str, then: str | list[str] | None = None) -> None:
        """Let Ping say ``status`` of a payment; the GETs after the next one find ``then``."""
        self._do("says", payment_id=str(payment_id), status=status, then=then)

    def fill(
        self, count: int, status: str = "COMPLETED", *, amount: int = 29900, currency: str = "SEK"
    ) -> list[tuple[UUID, UUID]]:
        """Have so many payment orders with one payment each; return their ids. For measurements.

        ``amount`` is in the smallest unit. The payments have no callback address.
        """
        made = self._do("fill", count=count, status=status, amount=amount, currency=currency)
        return [(UUID(order), UUID(payment)) for order, payment in made]

    def expire(self, payment_id: str | UUID) -> None:
        """Let the page of a payment have been open for too long."""
        self.says(payment_id, "EXPIRED")

    def edit(self, payment_id: str | UUID, **changes: Any) -> None:
        """Change what Ping's GET says of a payment, whatever sense it makes."""
        self._do("edit", payment_id=str(payment_id), **changes)

    def misbehave(self, operation: str, mode: str, times: int | None = 1, **parameters: Any) -> None:
        """Make the next ``times`` calls of an operation ("*": of any; None: all) go wrong.

        ``mode`` is latency (``seconds``; ``acts`` before them), refuse or drop_before (the connection drops,
        nothing happened), drop_after (it drops, and it happened), silent (``seconds``, ``acts``), status
        (``status``, ``body``, ``headers``, ``acts``) or malformed (``kind``).
        """
        self._do("misbehave", operation=operation, mode=mode, times=times, **parameters)

    def clear_faults(self) -> None:
        """Behave again; what has happened stays."""
        self._do("clear-faults")

    def manners(self, **changes: Any) -> None:
        """Change how the simulator behaves: see ``oscar_pingpayments.simulator.world.Manners``."""
        self._do("manners", **changes)

    def refund_in_portal(self, payment_id: str | UUID, amount: int) -> None:
        """Give money back as the tenant's staff do in Ping's own portal; ``amount`` in the smallest unit."""
        self._do("refund-in-portal", payment_id=str(payment_id), amount=amount)

    def finish_refunds(self) -> int:
        """Carry out refunds that wait (``manners(refunds="wait")``); return how many."""
        return int(self._do("finish-refunds"))

    def fail_refunds(self, *, listed: bool = False) -> int:
        """Let refunds that wait fail; return how many. They vanish, or are ``listed`` as failed."""
        return int(self._do("fail-refunds", listed=listed))

    # Being the payer at PaymentIQ's page

    def pay(self, pay_url: str, card: str = GOOD_CARD) -> str:
        """Pay with a card, and return the address that the payer's browser is sent to."""
        return str(self._do("act", pay_url=pay_url, does="card", card=card))

    def decline(self, pay_url: str) -> str:
        """Pay with a card that has no funds, and return where the browser is sent."""
        return self.pay(pay_url, DECLINED_CARD)

    def abort(self, pay_url: str) -> str:
        """Give up on the page, and return where the browser is sent."""
        return str(self._do("act", pay_url=pay_url, does="cancel"))

    # Callbacks

    def hold_callbacks(self) -> None:
        """Keep callbacks until they are delivered (as it is after ``reset``)."""
        self.manners(callbacks="hold")

    def send_callbacks(self, *, copies: int = 1, delay: float = 0.0) -> None:
        """Make callbacks by themselves, so often and so late."""
        self.manners(callbacks="send", copies=copies, delay=delay)

    def lose_callbacks(self) -> None:
        """Make no callbacks at all."""
        self.manners(callbacks="drop")

    def callbacks(self) -> list[dict[str, Any]]:
        """Return the callbacks that are held, oldest first: number, url, body."""
        return list(self._do("callbacks"))

    def deliver(self, *numbers: int) -> list[int | str]:
        """Make the held callbacks, or these in this order; return what the shop answered."""
        return list(self._do("deliver", numbers=list(numbers) or None))

    def made_callbacks(self) -> list[dict[str, Any]]:
        """Return the callbacks that were made, oldest first: number, url, body, and the shop's answers.

        Its answers are "attempts": status codes, or why there was none; empty while it is still to come.
        """
        return list(self._do("made-callbacks"))

    def drop_callbacks(self) -> None:
        """Lose the callbacks that are held."""
        self._do("drop-callbacks")

    def forge(self, payment_id: str | UUID, body: Any = None) -> int | str:
        """Call the shop with a body that is not true; return its answer."""
        answer: int | str = self._do("forge", payment_id=str(payment_id), body=body)
        return answer

    def _do(self, command: str, **arguments: Any) -> Any:
        response = self._session.post(f"{self.url}/_control/{command}", json=arguments, timeout=30)
        answer = response.json()
        if response.status_code != requests.codes.ok:
            raise SimulatorError(answer["error"])
        return answer["result"]
