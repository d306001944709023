"""A payer with a browser that knows links, forms and cookies, and no script."""

from __future__ import annotations

from html.parser import HTMLParser
from urllib.parse import urljoin

import requests

# Fields that are sent only where the payer has chosen them.
_CHOSEN = ("radio", "checkbox", "submit", "image", "button")


class Form:
    """A form of a page: where it goes, the names of its fields, and what they hold before anyone types."""

    def __init__(self, action: str, method: str) -> None:
        self.action = action
        self.method = method
        self.names: set[str] = set()
        self.held: dict[str, str] = {}


class _Forms(HTMLParser):
    """Collects the forms of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.forms: list[Form] = []
        self._open = False
        self._select = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        attributes = {name: value or "" for name, value in attrs}
        if tag == "form":
            self.forms.append(Form(attributes.get("action", ""), attributes.get("method", "get").lower()))
            self._open = True
        elif self._open:
            self._takes(self.forms[-1], tag, attributes)

    def _takes(self, form: Form, tag: str, attributes: dict[str, str]) -> None:
        name, value = attributes.get("name", ""), attributes.get("value", "")
        if name:
            form.names.add(name)
        if tag == "select":
            self._select = name
        elif tag == "option" and ("selected" in attributes or self._select not in form.held):
            form.held[self._select] = value
        elif tag == "input" and (attributes.get("type") not in _CHOSEN or "checked" in attributes):
            form.held[name] = value

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._open = False
        elif tag == "select":
            self._select = ""


class Payer:
    """Goes to pages and fills in forms; ``page`` is the answer that is in front of the payer now."""

    def __init__(self) -> None:
        self._session = requests.Session()
        self.page = requests.Response()

    @property
    def address(self) -> str:
        """Where the payer is."""
        return self.page.url

    def goes_to(self, address: str) -> Payer:
        """Open a page."""
        return self._sees(self._session.get(address, timeout=30))

    def fills_in(self, **values: str) -> Payer:
        """Fill in and send the form that has these fields; what it holds already stays."""
        parser = _Forms()
        parser.feed(self.page.text)
        form = next((form for form in parser.forms if values.keys() <= form.names), None)
        assert form is not None, f"{self.address} has no form with {', '.join(values)}:\n{self.page.text}"
        answer = self._session.request(
            form.method,
            urljoin(self.address, form.action),
            data={**form.held, **values},
            headers={"Referer": self.address},
            timeout=30,
        )
        return self._sees(answer)

    def _sees(self, answer: requests.Response) -> Payer:
        assert answer.ok, f"{answer.url} answers {answer.status_code}:\n{answer.text}"
        self.page = answer
        return self
