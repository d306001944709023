"""Who may not be named anywhere, and what looks for it: in logs, in error reports, in pages, in rows."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pprint import pformat
from types import TracebackType
from typing import Any

from django.core import mail
from django.views.debug import ExceptionReporter, SafeExceptionReporterFilter

from oscar_pingpayments import simulator
from oscar_pingpayments.facade import refund_token
from oscar_pingpayments.models import Payment, PaymentOrder

EMAIL = "zq.kanariefagel@kanari.example"
ADDRESS = {
    "first_name": "Zacharias",
    "last_name": "Quuxberg",
    "line1": "Hemlighetsgatan 77",
    "line4": "Tystnadsby",
    "postcode": "598 37",
    "country": "SE",
    "phone_number": "+46701740651",
}
IP_ADDRESS = "93.184.216.77"
CARD = "5457210002001420"
PERSONAL = [
    *(EMAIL, IP_ADDRESS, CARD, "5457 2100 0200 1420"),
    *(ADDRESS["first_name"], ADDRESS["last_name"], ADDRESS["line1"], ADDRESS["line4"]),
    *(ADDRESS["phone_number"], "70 174 06 51", "070-174 06 51", "701740651"),
]
#: An error in somebody else's words, of the kind that names everybody.
INDISCREET = (
    f"{{'{EMAIL}': (550, b'no such user')}} for card {CARD} of {ADDRESS['phone_number']}\n"
    f"DETAIL:  Failing row contains ({ADDRESS['first_name']} {ADDRESS['last_name']}, {ADDRESS['line1']})."
)


def found_in(text: str, wanted: list[str]) -> list[str]:
    """Return which of these a text names, with what stands around it."""
    plain = re.sub(r"&#x27;|&quot;", "'", text)
    return [
        f"{each} in …{plain[max(place - 150, 0) : place + 100]}…"
        for each in wanted
        if (place := plain.find(each)) >= 0
    ]


@dataclass
class Witness(logging.Handler):
    """Keeps all that is logged, as a formatter, a collector of ``extra`` and an error report show it."""

    heard: list[tuple[str, str]] = field(default_factory=list)
    #: Loggers of Django's that tell, in its own way, of errors in the shop's code and settings.
    not_ours: set[str] = field(default_factory=set)
    #: Where Ping tells of refunds, as long as the settings are right.
    refund_token: str = field(default_factory=refund_token)

    def __post_init__(self) -> None:
        super().__init__(logging.DEBUG)

    def __hash__(self) -> int:
        return id(self)

    def keys(self) -> list[str]:
        """What opens something, as it stands in our rows, and before all the secret."""
        tokens = [*PaymentOrder.objects.values_list("token", flat=True)]
        tokens += Payment.objects.values_list("token", flat=True)
        pages = [url.partition("?")[0] for url in Payment.objects.values_list("pay_url", flat=True) if url]
        codes = [page.rpartition("/")[2] for page in pages]
        return [simulator.API_SECRET, self.refund_token, *tokens, *pages, *codes]

    def emit(self, record: logging.LogRecord) -> None:
        if record.name in self.not_ours:
            return
        self.hear(record.name, self.format(record), *(f"{k}={v!r}" for k, v in vars(record).items()))
        if record.exc_info:
            report = ExceptionReporter(None, *record.exc_info, is_email=True).get_traceback_data()
            self.hear(record.name, str(report.get("exception_value")), str(report["settings"]))
            self.hear(record.name, *(str(frame["vars"]) for frame in report["frames"]))

    def hear(self, where: str, *texts: str) -> None:
        self.heard += [(where, text) for text in texts]

    def raised(self, error: BaseException) -> None:
        """Hear what a report shows of our own functions on the way of an error that nobody has caught.

        The address of a request is in each of Django's reports, so what is in it is not looked for here.
        """
        reports = SafeExceptionReporterFilter()
        addresses = self.keys()[1:]
        for frame in _frames(error):
            if "/oscar_pingpayments/" in frame.tb_frame.f_code.co_filename:
                shown = dict(reports.get_traceback_frame_variables(None, frame.tb_frame))
                text = pformat(shown)
                for each in addresses:
                    text = text.replace(each, "")
                self.hear(f"{frame.tb_frame.f_code.co_qualname} raised", text)

    def complaints(self, wanted: list[str]) -> list[str]:
        """Return every place in which one of these was named."""
        return sorted({f"{where}: {each}" for where, text in self.heard for each in found_in(text, wanted)})


@contextmanager
def listening() -> Iterator[Witness]:
    """Listen to every logger at every level until the block ends."""
    witness = Witness()
    names = ["", "django", "django.request", "django.security", "oscar_pingpayments", "oscar", "urllib3"]
    loggers = [logging.getLogger(name) for name in names]
    before = [logger.level for logger in loggers]
    loggers[0].addHandler(witness)
    for logger in loggers:
        logger.setLevel(logging.DEBUG)
    # At that level it tells of every variable that a template does without.
    templates = logging.getLogger("django.template")
    templates.setLevel(logging.INFO)
    try:
        yield witness
    finally:
        loggers[0].removeHandler(witness)
        templates.setLevel(logging.NOTSET)
        for logger, level in zip(loggers, before, strict=True):
            logger.setLevel(level)


def letters(*, of_djangos: bool = True) -> list[Any]:
    """The letters that went to others than the payer, those in which Django tells of errors among them."""
    sent = [letter for letter in mail.outbox if EMAIL not in letter.to]
    return [letter for letter in sent if of_djangos or not letter.subject.startswith("[Django] ERROR")]


def _frames(error: BaseException) -> Iterator[TracebackType]:
    trace = error.__traceback__
    while trace is not None:
        yield trace
        trace = trace.tb_next
