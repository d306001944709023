"""A page of the documentation as its reader types it: files, commands, and what the commands answer."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

TUTORIAL = "tutorial/index.md"
DOCS = Path(__file__).resolve().parents[3] / "docs"

_BLOCK = re.compile(
    r"^```(?:\{code-block\} \w+\n:caption: (?P<caption>[^\n]+)\n\n|console\n)(?P<text>.*?)^```$",
    re.MULTILINE | re.DOTALL,
)


@dataclass(frozen=True)
class Code:
    """Lines for a file: its name, and whether they are the whole of it or go to its end."""

    name: str
    where: str
    text: str


@dataclass(frozen=True)
class Command:
    """A line to type in a terminal, and the lines that are shown as its answer."""

    line: str
    answer: tuple[str, ...]


def read(name: str) -> str:
    """Return a page's source."""
    return (DOCS / name).read_text()


def sections(name: str) -> dict[str, list[Code | Command]]:
    """Return what is to be typed under each second-level heading of a page, in order."""
    _, *parts = re.split(r"^## (.+)$", read(name), flags=re.MULTILINE)
    return {title: steps(text) for title, text in zip(parts[::2], parts[1::2], strict=True)}


def steps(text: str) -> list[Code | Command]:
    """Return what is to be typed in a piece of a page."""
    found: list[Code | Command] = []
    for block in _BLOCK.finditer(text):
        if block["caption"]:
            name, _, where = block["caption"].partition(" ")
            found.append(Code(name, where, block["text"]))
            continue
        for command in re.split(r"^\$ ", block["text"], flags=re.MULTILINE)[1:]:
            line, *answer = command.splitlines()
            found.append(Command(line, tuple(answer)))
    return found
