"""Every string has its translation: what payers see in all languages, what staff see in Swedish."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache
from io import StringIO
from pathlib import Path
from typing import NamedTuple

import pytest
from babel.messages.catalog import Catalog, Message
from babel.messages.mofile import read_mo, write_mo
from babel.messages.pofile import read_po
from django.utils import translation
from django.utils.translation.template import templatize

import oscar_pingpayments

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = Path(oscar_pingpayments.__file__).parent
LOCALE = PACKAGE / "locale"
STAFFS = ("sv",)
PAYERS = ("sv", "nb", "da", "fi", "de")

#: Where strings are written that payers see, and that staff see. A file in neither fails a test.
SEEN_BY_PAYERS = (
    "checkout/",
    "facade/letters.py",
    "ledger/letters.py",
    "payer.py",
    "standing.py",
    "views.py",
    "templates/oscar/communication/emails/",
    "templates/oscar_pingpayments/checkout/",
    "templates/oscar_pingpayments/payment/",
)
SEEN_BY_STAFF = (
    "admin.py",
    "apps.py",
    "dashboard/",
    "facade/",
    "ledger/",
    "models/",
    "templates/oscar_pingpayments/dashboard/",
    "templates/oscar_pingpayments/mail/",
)

#: What Oscar says with the same words: where both translate it, Django takes the one or the other. A word
#: whose translation there means something else needs a context of its own.
OSCARS_TOO = {"Billing address", "Change", "Continue", "Hello,", "Order", "Payment", "The %(name)s team"}

_GETTEXT = {"gettext", "gettext_lazy", "gettext_noop"}
_NGETTEXT = {"ngettext", "ngettext_lazy"}
_PGETTEXT = {"pgettext", "pgettext_lazy"}
_NPGETTEXT = {"npgettext", "npgettext_lazy"}
_LITERAL = r"""u?(?:'(?:\\.|[^'\\])*'|"(?:\\.|[^"\\])*")"""
_CALL = re.compile(
    rf"\b(?P<function>n?p?gettext|_)\(\s*(?P<words>{_LITERAL}(?:\s*,\s*{_LITERAL})*)", re.DOTALL
)
_PLACEHOLDER = re.compile(r"%\([a-z_]+\)[a-z]|%[a-z%]|\{[a-z_]*\}|<[^>]*>|https?://\S+")


class Said(NamedTuple):
    """A string of the source, as a catalogue knows it."""

    id: str | tuple[str, str]
    context: str | None = None


def said(function: str, words: list[str]) -> Said:
    """Return what a call of one of gettext's functions says."""
    if function in _NPGETTEXT:
        return Said((words[1], words[2]), words[0])
    if function in _PGETTEXT:
        return Said(words[1], words[0])
    return Said((words[0], words[1])) if function in _NGETTEXT else Said(words[0])


def said_by_python(source: str) -> Iterator[Said]:
    tree = ast.parse(source)
    names = {
        alias.asname or alias.name: alias.name
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and node.module == "django.utils.translation"
        for alias in node.names
        if alias.name in _GETTEXT | _NGETTEXT | _PGETTEXT | _NPGETTEXT
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in names:
            function = names[node.func.id]
            wanted = 1 + (function in _NGETTEXT | _PGETTEXT) + 2 * (function in _NPGETTEXT)
            yield said(function, [ast.literal_eval(word) for word in node.args[:wanted]])


def said_by_template(source: str) -> Iterator[Said]:
    for call in _CALL.finditer(templatize(source)):
        words = [ast.literal_eval(word) for word in re.findall(_LITERAL, call["words"])]
        yield said("gettext" if call["function"] == "_" else call["function"], words)


@cache
def source() -> dict[Said, set[str]]:
    """Return every string that is marked for translation, and the files that say it."""
    found: dict[Said, set[str]] = {}
    for path in sorted(PACKAGE.rglob("*")):
        name = path.relative_to(PACKAGE).as_posix()
        strings: Iterator[Said] = iter(())
        if path.suffix == ".py":
            strings = said_by_python(path.read_text())
        elif name.startswith("templates/"):
            strings = said_by_template(path.read_text()) if path.is_file() else strings
        for string in strings:
            found.setdefault(string, set()).add(name)
    return found


def seen_by_payers(name: str) -> bool:
    """Whether payers see what a file says; where a file is in both lists, this one counts."""
    return name.startswith(SEEN_BY_PAYERS)


def wanted(language: str) -> set[Said]:
    """Return the strings that a language must have: all of them, or those that payers see."""
    return {
        string for string, names in source().items() if language in STAFFS or any(map(seen_by_payers, names))
    }


@cache
def catalogue(language: str, suffix: str = "po") -> Catalog:
    with (LOCALE / language / "LC_MESSAGES" / f"django.{suffix}").open("rb") as file:
        return read_po(file, locale=language) if suffix == "po" else read_mo(file)


def messages(language: str, suffix: str = "po") -> dict[Said, Message]:
    there = {}
    for message in catalogue(language, suffix):
        id_, context = message.id, message.context
        if id_:  # the first says what the catalogue is
            context = context.decode() if isinstance(context, bytes) else context
            there[Said(id_ if isinstance(id_, str) else tuple(id_), context)] = message
    return there


def forms(message: Message) -> list[str]:
    return [message.string] if isinstance(message.string, str) else list(message.string)


def placeholders(text: str) -> list[str]:
    return sorted(_PLACEHOLDER.findall(text))


def test_the_languages_are_those_that_are_promised():
    assert {path.name for path in LOCALE.iterdir()} == {*PAYERS, *STAFFS}


def test_strings_are_found_in_code_and_in_templates():
    python = (
        "from django.utils.translation import gettext as _, ngettext, pgettext_lazy as p, npgettext\n"
        "_('one ' 'two'), ngettext('%(n)d day', '%(n)d days', 2), p('button', 'Split'), other('No')\n"
        "npgettext('of time', 'second', 'seconds', 3)\n"
    )
    template = (
        "{% load i18n %}{% trans \"It's so\" %}{% translate 'Amount' context 'money' %}{{ _('Yes') }}\n"
        "{% blocktrans with a=b %}{{ a }} of 5 %{% endblocktrans %}{# No #}"
        "{% blocktranslate count a=b context 'money' %}one{% plural %}{{ a }} all{% endblocktranslate %}"
    )

    assert set(said_by_python(python)) == {
        Said("one two"),
        Said(("%(n)d day", "%(n)d days")),
        Said("Split", "button"),
        Said(("second", "seconds"), "of time"),
    }
    assert set(said_by_template(template)) == {
        Said("It's so"),
        Said("Amount", "money"),
        Said("Yes"),
        Said("%(a)s of 5 %%"),
        Said(("one", "%(a)s all"), "money"),
    }


def test_each_file_that_says_something_says_it_to_payers_or_to_staff():
    files = set().union(*source().values())

    assert [name for name in sorted(files) if not name.startswith(SEEN_BY_PAYERS + SEEN_BY_STAFF)] == []


@pytest.mark.parametrize("language", PAYERS)
def test_no_string_is_without_its_translation(language):
    there = messages(language)

    assert wanted(language) - set(there) == set()
    assert [message.id for message in there.values() if not all(forms(message))] == []


@pytest.mark.parametrize("language", PAYERS)
def test_no_translation_is_left_of_a_string_that_is_gone(language):
    assert set(messages(language)) - wanted(language) == set()
    assert list(catalogue(language).obsolete) == []


@pytest.mark.parametrize("language", PAYERS)
def test_no_translation_is_a_guess(language):
    assert [message.id for message in catalogue(language) if message.fuzzy] == []


@pytest.mark.parametrize("language", PAYERS)
def test_translations_keep_what_is_put_in(language):
    there = messages(language)

    for (id_, _), message in there.items():
        inserted = placeholders(id_ if isinstance(id_, str) else id_[1])
        assert [placeholders(form) for form in forms(message)] == [inserted] * len(forms(message)), id_


@pytest.mark.parametrize("language", PAYERS)
def test_plurals_have_as_many_forms_as_the_language(language):
    count = catalogue(language).num_plurals

    assert all(
        len(forms(message)) == count for message in messages(language).values() if message.pluralizable
    )


@pytest.mark.parametrize("language", PAYERS)
def test_what_is_compiled_is_what_is_written(language):
    written, compiled = messages(language), messages(language, "mo")

    assert {string: forms(message) for string, message in written.items()} == {
        string: forms(message) for string, message in compiled.items()
    }


@pytest.mark.parametrize("language", PAYERS)
def test_payers_read_our_words_and_oscars_only_where_they_mean_the_same(language):
    payers = {
        string: messages(language)[string]
        for string, names in source().items()
        if isinstance(string.id, str) and any(map(seen_by_payers, names))
    }

    with translation.override(language):
        others = {
            id_
            for (id_, context), message in payers.items()
            if (translation.pgettext(context, id_) if context else translation.gettext(id_)) != message.string
        }

    assert others <= OSCARS_TOO


@pytest.mark.parametrize(
    ("language", "word"),
    [("en", "Amount"), ("sv", "Belopp"), ("nb", "Beløp"), ("da", "Beløb"), ("fi", "Summa"), ("de", "Betrag")],
)
def test_an_amount_of_money_is_not_a_number_of_pieces(language, word):
    """Oscar's Danish “Amount” is how many there are of something."""
    with translation.override(language):
        assert translation.pgettext("money", "Amount") == word


@pytest.mark.parametrize("language", ["sv", "nl"])
def test_a_shops_own_words_come_before_ours(tmp_path, settings, language):
    """As the how-to writes them, for a language that is here and for one that is not."""
    page = (ROOT / "docs" / "howto" / "translating.md").read_text()
    (block,) = re.findall(
        r"^```\{code-block\} po\n:caption: [^\n]*\n\n(.*?)^```$", page, re.MULTILINE | re.DOTALL
    )
    directory = tmp_path / language / "LC_MESSAGES"
    directory.mkdir(parents=True)
    with (directory / "django.mo").open("wb") as file:
        write_mo(file, read_po(StringIO(block), locale=language))

    settings.LOCALE_PATHS = [tmp_path]

    with translation.override(language):
        assert translation.gettext("Pay now") == "Till kassan"
        assert translation.pgettext("money", "Amount") == "Att betala"
        assert translation.gettext("Look again") == {"sv": "Titta igen", "nl": "Look again"}[language]
