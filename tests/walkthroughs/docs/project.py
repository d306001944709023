"""A shop's project in a folder of its own, made by typing what a page says."""

from __future__ import annotations

import os
import re
import shlex
import socket
import subprocess
import sys
import time
from pathlib import Path

from .page import Code, Command

ROOT = Path(__file__).resolve().parents[3]
#: The ports that the pages use; a project has free ones in their place.
SHOP, SIMULATOR = "8000", "8001"
_SERVERS = ("runserver", "pingpayments_simulator")


class Project:
    """The folder, and the servers that were started in it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._ports = {port: str(_free_port()) for port in (SHOP, SIMULATOR)}
        self._servers: list[subprocess.Popen[bytes]] = []

    def here(self, text: str) -> str:
        """Return a page's text with this project's ports."""
        for port, mine in self._ports.items():
            text = re.sub(rf"(?<=[: ]){port}\b", mine, text)
        return text

    def types(self, step: Code | Command) -> None:
        """Do one thing that a page says, and require the answer that it shows."""
        if isinstance(step, Code):
            self.writes(step)
        elif any(server in step.line for server in _SERVERS):
            self.serves(step.line)
        else:
            said = self.runs(step.line)
            for line in step.answer:
                assert self.here(line) in said.splitlines(), f"{step.line!r} said:\n{said}"

    def writes(self, code: Code) -> None:
        """Write lines into a file."""
        path = self.folder / code.name
        if code.where == "(the whole file)":
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(self.here(code.text))
        else:
            assert code.where == "(at the end)", f"What is to be done with {code.name} {code.where}?"
            with path.open("a") as file:
                file.write(self.here(code.text))

    def runs(self, line: str) -> str:
        """Run a command to its end, and return what it printed."""
        done = subprocess.run(
            self.here(line),
            shell=True,
            cwd=self.folder,
            env=_environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        assert done.returncode == 0, f"{line!r} ended with {done.returncode}:\n{done.stdout}"
        return done.stdout

    def serves(self, line: str) -> None:
        """Start a server and wait until it listens; what it prints goes to a file."""
        words = shlex.split(self.here(line))
        if "runserver" in words:
            words.append("--noreload")  # one process, which can be stopped
        with self.log.open("ab") as log:
            self._servers.append(
                subprocess.Popen(words, cwd=self.folder, env=_environment(), stdout=log, stderr=log)
            )
        port = next(int(word) for word in words if word in self._ports.values())
        deadline = time.monotonic() + 60
        while not _listens(port):
            assert time.monotonic() < deadline, f"{line!r} does not serve:\n{self.log.read_text()}"
            time.sleep(0.1)

    @property
    def log(self) -> Path:
        """What the servers have printed."""
        return self.folder / "servers.log"

    def prints(self, text: str) -> bool:
        """Whether the servers print this; whoever made the order paid may still be at it."""
        deadline = time.monotonic() + 30
        while text not in self.log.read_text():
            if time.monotonic() >= deadline:
                return False
            time.sleep(0.1)
        return True

    def stops(self) -> None:
        """Stop the servers."""
        for server in self._servers:
            server.terminate()
        for server in self._servers:
            server.wait(timeout=10)


def _listens(port: int) -> bool:
    with socket.socket() as caller:
        return caller.connect_ex(("127.0.0.1", port)) == 0


def _free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def _environment() -> dict[str, str]:
    """Return the environment with this Python and this package in it, and without the tests' own settings."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("PYTHON", "DJANGO", "COV", "PYTEST"))
    }
    return kept | {
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        "PYTHONPATH": str(ROOT),
        "PYTHONUNBUFFERED": "1",
        # For a shop's own tests: the tables as the models say, which is a few hundred migrations faster.
        "PYTEST_ADDOPTS": "--no-migrations -p no:cacheprovider",
    }
