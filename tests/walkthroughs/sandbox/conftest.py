"""The sandbox store as its own processes: it has settings of its own, and is set up once for all tests."""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

SANDBOX = Path(__file__).resolve().parents[3] / "sandbox"
#: What a developer's own shell may have set must not decide about the tests.
FOREIGN = (
    "PINGPAYMENTS_",
    "DJANGO_SETTINGS_MODULE",
    "DATABASE_URL",
    "DEBUG",
    "ALLOWED_HOSTS",
    "SECRET_KEY",
    "PORT",
    "SIMULATOR_PORT",
)


@dataclass(frozen=True)
class Store:
    """A store with files of its own."""

    var: Path

    def runs(self, program: str, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
        """Run one of the sandbox's programs, with more environment variables where they matter."""
        return subprocess.run(
            [sys.executable, SANDBOX / program, *arguments],
            env=self._environment(variables),
            capture_output=True,
            text=True,
            timeout=120,
        )

    def starts(self, program: str, **variables: str) -> subprocess.Popen[str]:
        """Start a program in a process group of its own, as a terminal does."""
        return subprocess.Popen(
            [sys.executable, SANDBOX / program],
            env=self._environment(variables),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )

    def _environment(self, variables: dict[str, str]) -> dict[str, str]:
        ours = {name: value for name, value in os.environ.items() if not name.startswith(FOREIGN)}
        return {**ours, "SANDBOX_VAR": str(self.var), **variables}

    def manages(self, *arguments: str) -> str:
        """Run a management command that succeeds, and return what it printed."""
        done = self.runs("manage.py", *arguments)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def answers(self, code: str, **variables: str) -> Any:
        """Run Python in the store and return its ``answer``, by way of JSON."""
        code = f"{code}\nimport json; print('ANSWER', json.dumps(answer, default=str))"
        done = self.runs("manage.py", "shell", "--no-imports", "-c", code, **variables)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout.partition("ANSWER")[2])


@pytest.fixture(scope="session")
def store(tmp_path_factory, worker_id) -> Store:
    """The store as it is after its first set-up; tests look at it and leave it as it is."""
    root = tmp_path_factory.getbasetemp()
    shared = Store((root if worker_id == "master" else root.parent) / "sandbox-store")
    with shared.var.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # the workers of one run share it: it takes some seconds to make
        if not shared.var.exists():
            shared.manages("sandbox_setup")
    return shared


@pytest.fixture
def own_store(store, tmp_path) -> Store:
    """A copy to change."""
    return Store(Path(shutil.copytree(store.var, tmp_path / "store")))
