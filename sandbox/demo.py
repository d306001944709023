"""``make demo``: sets the store up, serves it together with the Ping simulator, and says how to try it.

Run again, it goes on from what is there. Ctrl-C stops everything that it started.
"""

from __future__ import annotations

import email.policy
import http.client
import os
import signal
import socket
import subprocess  # nosec B404  # (for our own programs)
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType
from typing import Final, TextIO

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

SANDBOX: Final = Path(__file__).resolve().parent
MANAGE: Final = str(SANDBOX / "manage.py")
HOST: Final = "127.0.0.1"
#: How long a server may take to answer, and to stop, in seconds.
STARTS_WITHIN: Final = 60.0
STOPS_WITHIN: Final = 10.0
#: How often the store asks Ping by itself how payments went, in seconds.
SYNC_EVERY: Final = 20


class DemoError(Exception):
    """The demo cannot go on; the message says why, and what to do."""


class StoppedError(Exception):
    """Somebody has pressed Ctrl-C, or the terminal is gone."""


@dataclass
class Program:
    """One process of ours: what it is called, how it is started, the port it answers on, where it logs."""

    name: str
    arguments: list[str]
    log: Path
    port: int | None = None
    process: subprocess.Popen[bytes] | None = field(default=None, init=False)

    def start(self) -> None:
        """Start it; Ctrl-C in the terminal is for us to pass on, so that all stop in order."""
        self.log.parent.mkdir(parents=True, exist_ok=True)
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(  # nosec B603  # noqa: S603 -- our own programs
                [sys.executable, *self.arguments],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                preexec_fn=_ignore_interrupts,
            )

    def require_running(self) -> None:
        """Raise DemoError, with the end of its log, when it has ended."""
        if self.process is not None and self.process.poll() is not None:
            end = "\n".join(self.log.read_text(errors="replace").splitlines()[-20:])
            raise DemoError(f"{self.name} has ended by itself. The end of {self.log}:\n\n{end}")

    def answers(self) -> bool:
        """Whether something answers HTTP on its port."""
        connection = http.client.HTTPConnection(HOST, self.port, timeout=10)
        try:
            connection.request("HEAD", "/")
            connection.getresponse()
        except (OSError, http.client.HTTPException):
            return False
        finally:
            connection.close()
        return True

    def stop(self) -> None:
        """End it, kindly first."""
        if self.process is None or self.process.poll() is not None:
            return
        self.process.terminate()
        try:
            self.process.wait(STOPS_WITHIN)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


class Mailbox:
    """The folder that the store's e-mails are written to."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.known = set(self._files())

    def news(self) -> Iterator[tuple[Path, str]]:
        """Return the files that have come since the last time, with their subjects."""
        for path in self._files():
            if path not in self.known:
                self.known.add(path)
                message = email.message_from_bytes(path.read_bytes(), policy=email.policy.default)
                yield path, str(message["subject"])

    def _files(self) -> list[Path]:
        return sorted(self.folder.glob("*.log"))


def main() -> int:
    """Run the demo until it is stopped, and return the exit code."""
    stopped = threading.Event()

    def stop(number: int, frame: FrameType | None) -> None:
        stopped.set()

    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, stop)
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    try:
        with ExitStack() as stack:
            _run(stack, stopped)
    except StoppedError:
        _say("\nStopped. Run it again, and everything is as you left it.")
        return 0
    except (DemoError, ImproperlyConfigured) as error:
        _say(f"\n{error}", to=sys.stderr)
        return 1
    return 0


def _run(stack: ExitStack, stopped: threading.Event) -> None:
    logs = settings.VAR / "log"
    servers = [
        Program(
            "The shop",
            [MANAGE, "runserver", "--noreload", f"{HOST}:{settings.PORT}"],
            logs / "shop.log",
            settings.PORT,
        )
    ]
    if settings.OWN_SIMULATOR:
        servers.insert(
            0,
            Program(
                "The simulator",
                ["-m", "oscar_pingpayments.simulator", "--port", str(settings.SIMULATOR_PORT)],
                logs / "simulator.log",
                settings.SIMULATOR_PORT,
            ),
        )
    sync = Program("The sync", [MANAGE, "pingpayments_sync", "--every", str(SYNC_EVERY)], logs / "sync.log")
    for server in servers:
        _require_free(server)
    _set_up(stopped)
    mailbox = Mailbox(Path(settings.EMAIL_FILE_PATH))
    programs = [*servers, sync]
    for program in programs:
        stack.callback(program.stop)
        program.start()
    for server in servers:
        _wait_for(server, stopped)
    _say(_welcome())
    while not stopped.wait(1):
        for program in programs:
            program.require_running()
        for path, subject in mailbox.news():
            _say(f'  E-mail: "{subject}" in {_short(path)}')
    raise StoppedError


def _require_free(server: Program) -> None:
    variable = "PORT" if server.port == settings.PORT else "SIMULATOR_PORT"
    with socket.socket() as found:
        found.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            found.bind((HOST, server.port))
        except OSError as error:
            raise DemoError(
                f"Port {server.port} is taken, so {server.name.lower()} cannot be served there.\n"
                f"Is the demo running already? Otherwise choose another: make demo {variable}=8123"
            ) from error


def _set_up(stopped: threading.Event) -> None:
    _say(f"Setting up the store in {_short(settings.VAR)}")
    setup = subprocess.Popen(  # nosec B603  # noqa: S603 -- our own program
        [sys.executable, MANAGE, "sandbox_setup"], preexec_fn=_ignore_interrupts
    )
    while (code := setup.poll()) is None:
        if stopped.wait(0.1):
            setup.terminate()
            setup.wait()
            raise StoppedError
    if code:
        raise DemoError("The store could not be set up; the reason stands above.")


def _wait_for(server: Program, stopped: threading.Event) -> None:
    deadline = time.monotonic() + STARTS_WITHIN
    while not server.answers():
        server.require_running()
        if stopped.wait(0.2):
            raise StoppedError
        if time.monotonic() > deadline:
            raise DemoError(f"{server.name} does not answer on port {server.port}. Look into {server.log}")
    _say(f"{server.name} answers on port {server.port}")


def _welcome() -> str:
    from store.goods import VOUCHER_CODE, VOUCHER_PERCENT
    from store.people import CUSTOMER, STAFF

    shop = f"http://{HOST}:{settings.PORT}/"
    facts = {
        "Card": "5457 2100 0200 1420 is accepted, 5186 1700 7000 1140 declined; any future expiry, any CVC",
        "Customer": f"{CUSTOMER.email}   {CUSTOMER.password}   (or order as a guest)",
        "Staff": f"{STAFF.email}   {STAFF.password}   {shop}en/dashboard/",
        "Voucher": f"{VOUCHER_CODE}, {VOUCHER_PERCENT} % off",
        "E-mails": f"announced here, kept in {_short(Path(settings.EMAIL_FILE_PATH))}",
        "Logs": _short(settings.VAR / "log"),
    }
    lines = [f"  {name:<10}{fact}" for name, fact in facts.items()]
    if not {"BASE_URL", "PUBLIC_URL"} & settings.PINGPAYMENTS.keys():
        lines.append(
            "\n  Ping cannot call this machine: payments are noticed when the payer comes back,\n"
            f"  or within {SYNC_EVERY} seconds. PINGPAYMENTS_PUBLIC_URL is for the address of a tunnel."
        )
    rows = "\n".join(lines)
    return f"\n  The store is open:  {shop}\n\n{rows}\n\n  Ctrl-C stops everything.\n"


def _short(path: Path) -> str:
    """Return a path as one would type it here."""
    here = Path.cwd()
    return str(path.relative_to(here) if path.is_relative_to(here) else path)


def _ignore_interrupts() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def _say(text: str, *, to: TextIO | None = None) -> None:
    stream = to or sys.stdout
    stream.write(f"{text}\n")
    stream.flush()


if __name__ == "__main__":
    sys.exit(main())
