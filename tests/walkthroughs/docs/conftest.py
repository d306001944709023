"""A project for what the documentation tells one to type."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from .project import Project


@pytest.fixture
def project(tmp_path: Path) -> Iterator[Project]:
    """An empty folder; the servers that are started in it are stopped."""
    project = Project(tmp_path)
    yield project
    project.stops()
