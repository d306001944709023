"""One call to Ping: over one pool of connections, within one budget of time, and its failure sorted."""

from __future__ import annotations

import json
import logging
import math
import random
import ssl
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from http.cookiejar import DefaultCookiePolicy
from typing import Final

import requests
from urllib3 import Timeout as SocketTimeouts
from urllib3.exceptions import HTTPError, ReadTimeoutError
from urllib3.util.ssl_match_hostname import CertificateError

from ..exceptions import ConfigurationError, GatewayError, NotSentError, OutcomeUnknownError
from ..hosts import is_loopback, split_url
from ..privacy import HIDDEN, loggable
from .connections import Adapter, ConnectionNotOpenedError
from .redaction import Exchange, Recorder, redacted
from .verdicts import verdict

logger = logging.getLogger(__name__)

API: Final = "/api/v1"
#: How often one call is tried, all within its budget.
ATTEMPTS: Final = 3
#: Seconds: the pause before the next try is somewhere between nothing and this, doubled with every try.
FIRST_PAUSE: Final = 0.4
#: Seconds: with less left of the budget another try is not begun.
LEAST: Final = 0.5
#: The largest answer that is read, in bytes; a page of 200 payments is a tenth of it.
LARGEST_BODY: Final = 4 * 1024 * 1024
LARGEST_ERROR: Final = 64 * 1024
#: Connections kept for the threads of one process; more are opened when needed, and not kept.
POOL: Final = 16

_REQUEST_ID_HEADERS: Final = ("x-request-id", "x-correlation-id", "request-id")


class Concealed(str):
    """A header's value that does not show in a traceback's locals. It equals the string that it is."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "'**********'"


@dataclass(frozen=True, slots=True)
class Request:
    """What is to be asked. ``path`` is below ``/api/v1/`` and may have a query."""

    method: str
    path: str
    body: bytes | None = field(default=None, repr=False)

    def __str__(self) -> str:
        return f"{self.method} {API}/{self.path}"

    @property
    def is_read(self) -> bool:
        """Whether it may be asked any number of times."""
        return self.method == "GET"

    @classmethod
    def of(cls, method: str, path: str, body: Mapping[str, object] | None) -> Request:
        """Return the request with its body as JSON."""
        data = None if body is None else json.dumps(body, allow_nan=False).encode()
        return cls(method, path, data)


@dataclass(frozen=True, slots=True)
class _Outcome:
    """What came of asking once; ``status`` is None where no answer came, ``body`` where it was too large."""

    error: GatewayError | None
    may_repeat: bool
    status: int | None = None
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    body: bytes | None = field(default=b"", repr=False)


class Transport:
    """Speaks HTTP with one Ping, for any number of threads.

    A call takes at most ``connect_timeout + read_timeout`` seconds with its retries, its pauses and an
    answer that comes byte by byte. (Looking up the host's name is the system resolver's, and is bounded by
    its settings.) Reads are tried again; writes only where no connection was opened.

    The environment is not consulted: no proxies, no ``.netrc``, no ``REQUESTS_CA_BUNDLE``. Certificates are
    verified against certifi's roots, always. Cookies are not kept, redirects are not followed.
    """

    def __init__(
        self, *, base_url: str, headers: Mapping[str, str], connect_timeout: float, read_timeout: float
    ) -> None:
        self.base_url = _checked(base_url)
        self._connect_timeout = connect_timeout
        self._read_timeout = read_timeout
        self._session = _session(headers)
        secrets = (value for value in headers.values() if isinstance(value, Concealed))
        self._secrets = [json.dumps(secret)[1:-1].encode() for secret in secrets]

    def __repr__(self) -> str:
        return f"<Transport {self.base_url}>"

    def close(self) -> None:
        """Close the idle connections. A call after this opens new ones."""
        self._session.close()

    def call(self, request: Request, recorder: Recorder | None, *, within: float = math.inf) -> bytes:
        """Return the body of a success, ``within`` so many seconds where that is less than usual.

        Raises GatewayError for everything else; NotSentError where so little time is left that asking
        would only leave the outcome unknown.
        """
        usual = self._connect_timeout + self._read_timeout
        if within < min(LEAST, usual / 4):
            raise NotSentError(f"{request}: no time was left for it")
        deadline = time.monotonic() + min(usual, within)
        attempt = 1
        while True:
            began = time.monotonic()
            outcome = self._ask(request, deadline - began)
            if recorder is not None:
                _record(recorder, request, outcome, time.monotonic() - began)
            if outcome.error is None:
                return outcome.body or b""
            # It spreads load, and keeps no secret.
            pause = random.uniform(0, FIRST_PAUSE * 2 ** (attempt - 1))  # nosec B311  # noqa: S311
            left = deadline - time.monotonic() - pause
            if not outcome.may_repeat or attempt == ATTEMPTS or left < LEAST:
                raise outcome.error
            logger.info("Ping is asked again", extra={"call": str(request), "attempt": attempt})
            time.sleep(pause)
            attempt += 1

    def _ask(self, request: Request, budget: float) -> _Outcome:
        """Ask once; what the network does is returned and not raised.

        Its exceptions end here: their tracebacks hold the headers and the body of the request.
        """
        timeouts = SocketTimeouts(
            connect=min(self._connect_timeout, budget), read=min(self._read_timeout, budget), total=budget
        )
        try:
            with self._session.request(
                request.method,
                f"{self.base_url}{API}/{request.path}",
                data=request.body,
                timeout=timeouts,  # type: ignore[arg-type]  # requests takes urllib3's; its stubs do not know
                allow_redirects=False,
                stream=True,
            ) as response:
                is_error = response.status_code >= 300
                body = _read(response, LARGEST_ERROR if is_error else LARGEST_BODY)
                if is_error and body is not None:
                    body = self._without_secrets(body)
        except ConnectionNotOpenedError as error:
            cause = error.__cause__
            return _Outcome(
                NotSentError(f"{request}: no connection ({type(cause).__name__})"),
                may_repeat=not isinstance(cause, ssl.SSLCertVerificationError | CertificateError),
            )
        except (requests.RequestException, HTTPError) as error:
            late = isinstance(error, requests.Timeout) or any(
                isinstance(reason, ReadTimeoutError) for reason in error.args
            )
            why = "no whole answer in time" if late else "the connection was lost"
            return _Outcome(OutcomeUnknownError(f"{request}: {why}"), may_repeat=request.is_read)
        status, headers = response.status_code, response.headers
        return _Outcome(
            verdict(str(request), status, headers, body),
            may_repeat=request.is_read and status >= 500 and "Retry-After" not in headers,
            status=status,
            headers=headers,
            body=body,
        )

    def _without_secrets(self, body: bytes) -> bytes:
        """Return an error's body for people to read: one about the credentials may well quote them."""
        for secret in self._secrets:
            body = body.replace(secret, HIDDEN.encode())
        return body


class _Session(requests.Session):
    def get_redirect_target(self, resp: requests.Response) -> None:
        """Never look where a redirect leads: not following one, requests would still read all of its body."""


def _session(headers: Mapping[str, str]) -> requests.Session:
    session = _Session()
    session.trust_env = False
    session.verify = True
    session.headers.update(headers)
    session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=()))
    adapter = Adapter(max_retries=0, pool_connections=1, pool_maxsize=POOL)
    session.mount("https://", adapter)
    session.mount("http://", adapter)
    return session


def _checked(base_url: str) -> str:
    """Return the base URL without its last slash. Raises ConfigurationError where it cannot be trusted."""
    parts = split_url(base_url)
    if parts is None or "?" in base_url or "#" in base_url:
        raise ConfigurationError("BASE_URL is a scheme, a host and a path, and nothing more")
    scheme, host = parts
    if scheme != "https" and not is_loopback(host):
        raise ConfigurationError("BASE_URL begins with https:// (http:// is for this machine alone)")
    return base_url.rstrip("/")


def _read(response: requests.Response, limit: int) -> bytes | None:
    """Return the body, or None where it is larger than ``limit``; the rest of it is then left unread."""
    body = bytearray()
    for chunk in response.iter_content(64 * 1024):
        body += chunk
        if len(body) > limit:
            return None
    return bytes(body)


def _record(recorder: Recorder, request: Request, outcome: _Outcome, seconds: float) -> None:
    """Hand the exchange to the recorder; what that raises is logged, and changes nothing about the call."""
    try:
        recorder(
            Exchange(
                method=request.method,
                path=f"{API}/{request.path}",
                status_code=outcome.status,
                milliseconds=round(seconds * 1000),
                request_id=_request_id(outcome.headers),
                request_body=redacted(request.body or b"", "application/json"),
                response_body=redacted(outcome.body, outcome.headers.get("Content-Type", "")),
                error=str(outcome.error or ""),
            )
        )
    except Exception as error:
        logger.exception(
            "An exchange with Ping could not be recorded",
            exc_info=loggable(error),
            extra={"call": str(request)},
        )


def _request_id(headers: Mapping[str, str]) -> str:
    """Return the id by which Ping can find the request, if it says one (not documented)."""
    found = next((headers[name] for name in _REQUEST_ID_HEADERS if name in headers), "")
    return "".join(char for char in found[:128] if char.isprintable())
