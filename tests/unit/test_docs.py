"""The documentation is true: what it lists is what there is, and what it links to exists."""

from __future__ import annotations

import ast
import importlib
import inspect
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.core.management import load_command_class
from django.dispatch import Signal

import oscar_pingpayments
from oscar_pingpayments import conf, facade, models, money, signals, statuses, urls, views
from oscar_pingpayments.checkout.wiring import WIRING
from oscar_pingpayments.conf.keys import PARSERS, REQUIRED
from oscar_pingpayments.dashboard import wiring
from oscar_pingpayments.dashboard.access import Right
from oscar_pingpayments.dashboard.routes import ROUTES
from oscar_pingpayments.facade import callbacks
from oscar_pingpayments.simulator import api, cards, faults
from oscar_pingpayments.simulator.testing import PingSimulator

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
PACKAGE = Path(oscar_pingpayments.__file__).parent
PAGES = sorted([*ROOT.glob("*.md"), *DOCS.rglob("*.md")])

_FENCE = re.compile(r"^```(?P<kind>.*?)\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL)
_LINK = re.compile(r"\]\((?P<address>[^)\s]+)\)|(?:src=\"|\{image\} )(?P<image>[^\"\s]+)")


def read(name: str) -> str:
    return (DOCS / name).read_text()


def sections(text: str, level: int = 2) -> dict[str, str]:
    """Return the text under each heading of a level, without what is in fences."""
    _, *parts = re.split(rf"^{'#' * level} (.+)$", _FENCE.sub("", text), flags=re.MULTILINE)
    return {title.strip("`"): body for title, body in zip(parts[::2], parts[1::2], strict=True)}


def table(text: str) -> list[list[str]]:
    """Return the cells of a piece of a page's tables, without their headings."""
    rows = [line.strip("| ").split(" | ") for line in text.splitlines() if line.startswith("|")]
    return [row for row in rows if row[0].startswith("`") or row[0].isdigit()]


def words(text: str) -> list[str]:
    """Return the first cells of a piece's tables, without their quotes."""
    return [row[0].strip("`") for row in table(text)]


def code_blocks(page: Path) -> Iterator[str]:
    for block in _FENCE.finditer(page.read_text()):
        if block["kind"] in ("python", "{code-block} python"):
            yield re.sub(r"\A:caption:.*\n", "", block["text"])


def plain(name: str) -> str:
    """Return a page's text in one line."""
    return " ".join(read(name).split())


# What the reference lists


def test_every_setting_is_documented_and_every_documented_setting_exists():
    documented = list(sections(read("reference/settings.md"), level=3))

    assert sorted(documented) == sorted(PARSERS)
    assert {key.lower() for key in documented} == set(conf.Settings.__dataclass_fields__)


@pytest.mark.parametrize("key", sorted(PARSERS))
def test_the_documented_default_of_a_setting_is_its_default(settings, key):
    text = sections(read("reference/settings.md"), level=3)[key]
    default = re.match(r"\s*(?:Default:\s`(?P<value>[^`]+)`|Required\.)", text)
    assert default is not None, f"{key} has no default in the documentation"
    assert (default["value"] is None) == (key in REQUIRED)
    required = dict.fromkeys(REQUIRED, "0b9ef1b0-62a5-4a4a-9f43-8f6c5e3b2d11")
    settings.PINGPAYMENTS = required
    expected = conf.get_settings()

    if default["value"] is not None:
        settings.PINGPAYMENTS = required | {key: ast.literal_eval(default["value"])}

    assert conf.get_settings() == expected


def test_every_check_is_documented_and_every_documented_check_exists():
    assert sorted(words(read("reference/checks.md"))) == sorted(f"pingpayments.{id_}" for id_ in check_ids())


def check_ids() -> set[str]:
    """Return the ids in the source of the checks."""
    found = set()
    for source in (PACKAGE / "checks").glob("*.py"):
        for node in ast.walk(ast.parse(source.read_text())):
            match node:
                case ast.Call(
                    func=ast.Name(id="error" | "warning" as kind), args=[ast.Constant(int(number)), *_]
                ):
                    found.add(f"{kind[0].upper()}{number:03}")
                case ast.Tuple(
                    elts=[ast.Name(id="error" | "warning" as kind), ast.Constant(int(number)), *_]
                ):
                    found.add(f"{kind[0].upper()}{number:03}")
                case ast.AnnAssign(target=ast.Name(id="_NUMBERS"), value=ast.Dict(values=numbers)):
                    found |= {f"E{ast.literal_eval(number):03}" for number in numbers}
    return found


def test_every_signal_is_documented_and_every_documented_signal_exists():
    documented = [title for title in sections(read("reference/signals.md")) if title != "Oscar's own signals"]

    assert sorted(documented) == sorted(
        name for name, value in vars(signals).items() if isinstance(value, Signal)
    )


def test_every_address_is_documented_with_its_path():
    documented = {
        (row[0].strip("`"), row[1].strip("`")) for row in table(sections_before(read("reference/urls.md")))
    }

    assert documented == {
        (f"pingpayments:{pattern.name}", str(pattern.pattern).replace("<str:", "<"))
        for pattern in urls.urlpatterns
    }


def test_every_address_in_the_dashboard_is_documented_with_its_permission():
    rows = table(sections(read("reference/urls.md"))["In the dashboard"])

    assert {
        tuple(cell.strip("` |") for cell in (row[0], row[1], row[-1] if len(row) == 4 else ""))
        for row in rows
    } == {
        (
            f"dashboard:{route.name}",
            wiring.PREFIX + route.path.replace("<int:", "<"),
            "" if route.right is Right.VIEW else route.right.value,
        )
        for route in ROUTES
    }


def sections_before(text: str) -> str:
    """Return a page up to its first second-level heading."""
    return text.partition("\n## ")[0]


def test_every_answer_to_a_callback_is_documented():
    documented = {
        int(word) for word in words(sections(read("reference/urls.md"))["What a callback is answered"])
    }

    assert documented == {*views._STATUS_CODES.values(), views._TOO_LARGE, 405}


def test_every_template_that_a_shop_may_change_is_named():
    text = sections(read("reference/urls.md"))["Templates"]
    parts = {"ways_out.html", "field.html", "state.html", "side.html", "period.html"}  # pieces of others

    assert (
        set(re.findall(r"(\w+\.html)`", text)) - {"layout.html"}
        == {path.name for path in (PACKAGE / "templates" / "oscar_pingpayments").rglob("*.html")} - parts
    )


def test_every_command_and_option_is_documented_and_exists():
    documented = sections(read("reference/commands.md"))
    names = [path.stem for path in (PACKAGE / "management" / "commands").glob("pingpayments_*.py")]

    assert sorted(documented) == sorted(names)
    for name, text in documented.items():
        assert set(re.findall(r"^`(--[\w-]+)[^`]*`\n: ", text, re.MULTILINE)) == own_options(name)


def own_options(name: str) -> set[str]:
    """Return a command's options, without those that every command has."""
    command: Any = load_command_class("oscar_pingpayments", name)
    given: list[str] = []
    parser = type("Parser", (), {"add_argument": lambda self, *names, **_: given.extend(names)})()
    command.add_arguments(parser)
    return {name for name in given if name.startswith("--")}


def test_every_word_of_a_payment_is_documented_with_its_meaning():
    rows = table(sections(read("reference/statuses.md"))["Ping's words for a payment"])

    assert {row[0].strip("`"): row[1] for row in rows} == {
        status.value: meaning.value for status, meaning in statuses.MEANINGS.items()
    }


@pytest.mark.parametrize(
    ("title", "known"),
    [
        ("Ping's words for a payment order", models.PaymentOrder.PingStatus.values),
        ("Whether an order is paid", [state.value for state in statuses.State]),
        ("How a refund stands", [state.value for state in statuses.RefundState]),
        ("Why a payment order needs attention", [reason.value for reason in statuses.Attention]),
        ("What came of a callback", models.Callback.Outcome.values),
    ],
)
def test_every_word_of_a_vocabulary_is_documented_and_exists(title, known):
    assert sorted(words(sections(read("reference/statuses.md"))[title])) == sorted(known)


def test_the_mixins_are_documented_where_they_are_composed():
    rows = table(sections(read("howto/forked-checkout.md"))["What happens by itself"])
    documented = {
        (row[0].strip("`"), attribute, re.findall(r"`(\w+)`", row[2])[0])
        for row in rows
        for attribute in re.findall(r"`(\w+)`", row[1])
    }

    assert documented == {(label, attribute, mixin.__name__) for label, attribute, mixin in WIRING} | {
        ("checkout", "payment_method_view", "PaymentMethodMixin")
    }


def test_every_function_of_the_facades_page_is_there_with_its_signature():
    documented = {
        title: " ".join(re.findall(r"`([^`]+)`", text)[0].split())
        for title, text in sections(read("reference/facade.md"), level=3).items()
    }

    assert documented == {name: f"{name}({parameters(getattr(facade, name))})" for name in documented}
    assert documented.keys() <= set(facade.__all__)


def parameters(function: Any) -> str:
    """Return a function's parameters as a page shows them."""
    shown = []
    for name, each in inspect.signature(function).parameters.items():
        if each.kind is each.KEYWORD_ONLY and "*" not in shown:
            shown.append("*")
        default = "" if each.default is each.empty else f"={written(each.default)}"
        shown.append(f"{name}{default}")
    return ", ".join(shown)


def written(default: object) -> str:
    if callable(default):
        return "…"
    return f'"{default}"' if isinstance(default, str) else repr(default)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_the_errors_of_the_facade_that_a_page_names_exist(page):
    named = set(re.findall(r"`facade\.(\w+)`", page.read_text()))

    assert named <= set(facade.__all__)


# What the simulator's page lists


def test_the_cards_modes_and_operations_of_the_simulator_are_documented():
    page = read("howto/test-your-shop.md")
    modes = re.search(r"^Modes of misbehaviour: (.*?)\n\n", page, re.MULTILINE | re.DOTALL)
    operations = re.search(r"^Operations: (.*?)\n\n", page, re.MULTILINE | re.DOTALL)

    assert set(re.findall(r"`(\d{16})`", page)) == {card.number for card in cards.CARDS}
    assert modes is not None
    assert operations is not None
    assert set(re.findall(r"`(\w+)`", modes[1])) >= set(faults.MODES)
    assert set(re.findall(r"`(\w+)`", operations[1])) == {name for _, _, name, _ in api.ROUTES}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_what_a_page_lets_the_simulator_do_it_can(page):
    named = set(re.findall(r"\bping\.(\w+)\(", page.read_text()))

    assert [name for name in named if not hasattr(PingSimulator, name)] == []


# Numbers in prose


def test_the_numbers_in_the_prose_are_those_of_the_code():
    flood = f"{callbacks.FLOOD} calls for one payment within {callbacks.FLOOD_WINDOW.seconds} seconds"
    assert f"more than {flood}" in plain("reference/urls.md")
    assert f"larger than {facade.MAX_BODY // 1024} KiB" in plain("reference/urls.md")
    assert f"up to {callbacks.KEPT_BODY // 1024} KiB each" in plain("howto/go-live.md")
    *first, last = money.CURRENCIES
    currencies = f"{', '.join(first)} and {last}"
    assert f"Currencies other than {currencies}" in plain("howto/several-payment-methods.md")
    assert currencies in (ROOT / "README.md").read_text()


# Code and links on every page


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_the_python_on_a_page_is_python_and_imports_what_exists(page):
    for block in code_blocks(page):
        tree = ast.parse(block)
        compile(tree, str(page), "exec")
        for node in ast.walk(tree):
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("oscar_pingpayments"):
                module = importlib.import_module(str(node.module))
                assert [name.name for name in node.names if not hasattr(module, name.name)] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_the_settings_on_a_page_exist(page):
    for block in code_blocks(page):
        for node in ast.walk(ast.parse(block)):
            match node:
                case ast.Assign(targets=[ast.Name(id="PINGPAYMENTS")], value=ast.Dict(keys=keys)):
                    assert {ast.literal_eval(key) for key in keys if key is not None} <= set(PARSERS)
                case ast.Subscript(value=ast.Name(id="PINGPAYMENTS"), slice=key):
                    assert ast.literal_eval(key) in PARSERS


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_the_links_on_a_page_lead_somewhere(page):
    for link in _LINK.finditer(page.read_text()):
        address = link["address"] or link["image"]
        if address.startswith(("http://", "https://")):
            continue
        name, _, anchor = address.partition("#")
        target = (page.parent / name).resolve() if name else page
        assert target.exists(), f"{page.name} links to {address}"
        assert not anchor or anchor in anchors(target), f"{page.name} links to {address}"


def anchors(page: Path) -> set[str]:
    """Return the anchors that a page's headings have, as GitHub and MyST make them."""
    headings = re.findall(r"^#+ (.+)$", _FENCE.sub("", page.read_text()), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_the_commands_on_a_page_exist(page):
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    text = page.read_text()
    named = {
        word for line in re.findall(r"(?:`|\$ )make ([a-z ]+)", text) for word in line.split("  ")[0].split()
    }
    ours = set(re.findall(r"\bpingpayments_(?:check|sync|simulator|\w+)\b", text))
    commands = {path.stem for path in (PACKAGE / "management" / "commands").glob("pingpayments_*.py")}

    assert named <= targets
    assert ours <= commands
