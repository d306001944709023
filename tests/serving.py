"""The test shop under gunicorn: started on a free port, waited for, and stopped."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def gunicorn(
    application: str, *arguments: str, workers: int, threads: int, environ: Mapping[str, str]
) -> Iterator[int]:
    """Serve a WSGI application until the block ends, and give the port; all workers have started by then.

    The application is loaded once, before the workers are forked. ``environ`` is added to this process's.
    """
    with tempfile.NamedTemporaryFile("r") as log:
        process = subprocess.Popen(
            [
                *(sys.executable, "-m", "gunicorn", application, "--bind", "127.0.0.1:0", "--preload"),
                *("--workers", str(workers), "--worker-class", "gthread", "--threads", str(threads)),
                *("--log-file", log.name, "--no-control-socket", *arguments),
            ],
            env={**os.environ, **environ},
        )
        try:
            yield _port(process, Path(log.name), workers)
        finally:
            process.terminate()
            process.wait(timeout=30)


def _port(process: subprocess.Popen[bytes], log: Path, workers: int) -> int:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and process.poll() is None:
        text = log.read_text()
        if text.count("Booting worker") == workers:
            found = re.search(r"Listening at: http://127\.0\.0\.1:(\d+)", text)
            assert found is not None, text
            return int(found[1])
        time.sleep(0.05)
    raise RuntimeError(f"gunicorn did not start: {log.read_text()}")
