"""What somebody may send to our addresses who does not mean well, or whose software does not."""

from __future__ import annotations

import io
import json
from dataclasses import dataclass, field, replace
from typing import Any

from hypothesis import strategies as st

PAGES = {
    "callback": "callback/{}/",
    "refunds": "refunds/{}/",
    "return": "return/{}/",
    "payment": "payment/{}/",
    "state": "payment/{}/state/",
    "pay": "payment/{}/pay/",
    "change": "payment/{}/change/",
}
OF_ATTEMPT = ("callback", "return")
#: Where machines call: the body is read, up to a length.
CALLED = ("callback", "refunds")
#: Stands for the token that a test knows.
KNOWN = "KNOWN"


@dataclass(frozen=True)
class Body:
    """So many bytes that begin with these, and where reading them breaks off, if it does."""

    begins: bytes = b""
    length: int = 0
    breaks_at: int | None = None

    def __repr__(self) -> str:
        return f"Body({self.begins[:60]!r}, {self.size} bytes, breaks_at={self.breaks_at})"

    @property
    def size(self) -> int:
        return max(self.length, len(self.begins))


class Wire(io.RawIOBase):
    """A body as it arrives; counts what is read of it, so that one can see that it is not all kept."""

    def __init__(self, body: Body) -> None:
        self._body = body
        self.taken = 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        body = self._body
        if body.breaks_at is not None and self.taken >= body.breaks_at:
            raise OSError("the connection was lost, or a chunk has no length")
        ends = body.size if body.breaks_at is None else min(body.size, body.breaks_at)
        piece = body.begins[self.taken : min(self.taken + len(buffer), ends)]
        if not piece:
            piece = b"x" * min(len(buffer), ends - self.taken)
        buffer[: len(piece)] = piece
        self.taken += len(piece)
        return len(piece)


@dataclass(frozen=True)
class Visit:
    """One request. ``path`` is as it stands in the request line, ``{}`` for the token in it."""

    page: str
    token: str
    method: str = "POST"
    query: str = ""
    body: Body = field(default_factory=Body)
    content_type: str | None = "application/json"
    content_length: str | None = None
    headers: tuple[tuple[str, str], ...] = ()


def _percent(text: str) -> str:
    return "".join(f"%{byte:02x}" for byte in text.encode(errors="surrogatepass"))


_TOKEN_CHARS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-"

#: Changes to the right token that leave it nearly right; some databases would find it all the same.
NEARLY = [
    lambda token: token.swapcase(),
    lambda token: token.lower(),
    lambda token: token[:-1],
    lambda token: token + "A",
    lambda token: token + "%20",
    lambda token: token + "%00",
    lambda token: "%20" + token,
    lambda token: token + "%0a",
    lambda token: token + "%c2%ad",  # a soft hyphen, which some collations skip
    lambda token: token[:-1] + _percent(chr(ord(token[-1]) + 0xFEE0)),  # its fullwidth twin
    lambda token: token[::-1],
    lambda token: token + "/../" + token,
    lambda token: "%2e%2e/" + token,
    lambda token: token + "%2f",
    lambda token: token + ";a=b",
    lambda token: token + "' OR '1'='1",
]

TOKENS = st.one_of(
    st.just(KNOWN),
    st.just(KNOWN),
    st.just(KNOWN),
    st.sampled_from(range(len(NEARLY))).map(lambda index: f"{KNOWN}~{index}"),
    st.text(_TOKEN_CHARS, min_size=43, max_size=43),
    st.text(_TOKEN_CHARS, min_size=1, max_size=70),
    st.text(min_size=1, max_size=40).map(_percent),
    st.binary(min_size=1, max_size=40).map(lambda raw: "".join(f"%{byte:02x}" for byte in raw)),
    st.sampled_from(
        [
            *("%", "%zz", "%00", "%ff%fe", "%ed%a0%80", "%f0%9f%92%b8", "..", "%2e%2e%2f%2e%2e", "%5c", "~"),
            *("nobody", "null", "0", "-1", "*", "a:b:c", "x" * 2000, "%25" * 300, "%2500", "{}", "${7*7}"),
            "0123456789abcdef:1tXyZ1:" + "a" * 43,
            "0123456789abcdef:1tXyZ1:" + "%00" * 43,
            *("%F0%9D%92%9C" * 20, "é" * 43, "AAAA%27%3B--", "<script>alert(1)</script>", "%0d%0aX:%20y"),
        ]
    ),
)

METHODS = st.one_of(
    st.sampled_from(["POST", "GET", "HEAD"]),
    st.sampled_from(["PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT", "PROPFIND", "post", "A" * 100]),
)

_JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**30), 10**30)
    | st.floats()
    | st.text(max_size=20)
    | st.sampled_from(["COMPLETED", "PENDING", "", "\x00", "\ud800", "9" * 400]),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=10), inner, max_size=4),
    max_leaves=12,
)
_STRANGE = [
    *(b"", b"null", b"[]", b"{", b'{"status": "COMPLETED"', b"\xff\xfe{\x00}\x00", b"\xef\xbb\xbf{}"),
    b'{"status": "COMPLETED", "status": "PENDING", "status": 1}',
    b'{"status": ' + b"9" * 5000 + b"}",
    b'{"status": 1e999999}',
    b'{"status": NaN, "a": Infinity}',
    b'{"status": "\\ud800"}',
    b'{"status": "\\u0000"}',
    b'{"status": "\x00"}',
    b'{"status": ["' + b"[" * 200 + b'"]}',
    b'{"status": {"__proto__": {"isAdmin": true}}}',
    b"[" * 60_000,
    b'{"a":' * 12_000,
    b'{"status": "' + "å".encode("latin-1") + b'"}',
    "{“status”: “COMPLETED”}".encode(),
    b"status=COMPLETED&csrfmiddlewaretoken=" + b"a" * 64,
    b"&".join([b"a=b"] * 2000),
    b'--b\r\nContent-Disposition: form-data; name="next"; filename="x"\r\n\r\nmethod\r\n--b--\r\n',
    b'--b\r\nContent-Disposition: form-data; name="\xff"\r\n\r\n',
    b"--b" * 1000,
    b'<!DOCTYPE x [<!ENTITY a "aaaa">]><x>&a;&a;</x>',
]
BODIES = st.one_of(
    st.sampled_from(_STRANGE).map(Body),
    _JSON.map(lambda value: Body(json.dumps(value).encode())),
    st.dictionaries(st.sampled_from(["status", "payment_id", "id"]), _JSON, max_size=3).map(
        lambda value: Body(json.dumps(value, ensure_ascii=False).encode(errors="surrogatepass"))
    ),
    st.binary(max_size=200).map(Body),
    st.builds(Body, st.sampled_from(_STRANGE), st.sampled_from([65_536, 65_537, 3_000_000, 12_000_000])),
    st.builds(Body, st.sampled_from(_STRANGE), st.just(70_000), st.integers(0, 70_000)),
)

# Not a charset that is no text's, such as "hex" or "idna": on that Django gives up, for any address of any
# site, before there is a request.
CONTENT_TYPES = st.one_of(
    st.sampled_from(
        [
            *(None, "", "application/json", "text/plain", "application/xml", "multipart/form-data"),
            *("application/x-www-form-urlencoded", "application/x-www-form-urlencoded; charset=utf-7"),
            *("multipart/form-data; boundary=b", "multipart/form-data; boundary=", "application/json;" * 200),
            *("multipart/form-data; boundary=" + "b" * 300, "application/json; charset=utf-16"),
            *("/", ";", "application/json; charset=\xff", "a/b; c*=utf-8''%ff"),
        ]
    ),
    st.text(st.characters(min_codepoint=0x20, max_codepoint=0xFF), max_size=60),
)
CONTENT_LENGTHS = st.sampled_from([None] * 3 + ["", "0", "1", "-1", "x", "1e3", "99999999999", "10", "+5"])

_VALUES = st.one_of(
    st.text(st.characters(min_codepoint=0x20, max_codepoint=0xFF), max_size=200),
    st.sampled_from(["", "x" * 8000, "\xff" * 50, "%00", "gzip, chunked", "null", "https://evil.example/"]),
)
_NAMES = [
    *("Cookie", "Accept-Language", "Accept", "Origin", "Referer", "User-Agent", "X-Signature", "Range"),
    *("X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto", "X-Requested-With", "Forwarded", "Host"),
    *("Authorization", "Content-Encoding", "Transfer-Encoding", "If-Modified-Since", "If-None-Match"),
    *("X-CSRFToken", "X-HTTP-Method-Override", "Upgrade", "Expect"),
]
HEADERS = st.lists(
    st.tuples(st.sampled_from(_NAMES) | st.text("ABCabc-_09", min_size=1, max_size=40), _VALUES), max_size=6
).map(tuple)

QUERIES = st.one_of(
    st.just(""),
    st.sampled_from(["next=https://evil.example/", "status=PAID&status=", "a" * 5000, "%ff%00=%", "&" * 900]),
    st.text(max_size=60).map(_percent),
)

VISITS = st.builds(
    Visit,
    page=st.sampled_from(list(PAGES)),
    token=TOKENS,
    method=METHODS,
    query=QUERIES,
    body=BODIES,
    content_type=CONTENT_TYPES,
    content_length=CONTENT_LENGTHS,
    headers=HEADERS,
)


def path_of(visit: Visit, known: str) -> str:
    """Return the path of a visit's request line; ``known`` is the token that is right for its page."""
    token = visit.token
    if token.startswith(KNOWN):
        which = token.partition("~")[2]
        token = NEARLY[int(which)](known) if which else known
    return "/pingpayments/" + PAGES[visit.page].format(token.replace("?", "%3f").replace("#", "%23"))


def is_known(visit: Visit, known: str) -> bool:
    """Whether a visit names the right token; one of hexadecimal digits is the same in small letters."""
    return path_of(visit, known) == path_of(replace(visit, token=KNOWN), known)
