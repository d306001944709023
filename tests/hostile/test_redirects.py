"""Wherever Ping says that the card page is: a browser goes from here to a host that is listed, or stays."""

from __future__ import annotations

import ipaddress
import re
from urllib.parse import unquote
from uuid import uuid4

import pytest
from django.urls import reverse
from hypothesis import example, given, seed
from hypothesis import strategies as st

from oscar_pingpayments import conf, simulator
from oscar_pingpayments.models import Payment

from .campaign import SEED, campaign

KEYS = {
    "TENANT_ID": simulator.TENANT_ID,
    "API_SECRET": simulator.API_SECRET,
    "MERCHANT_ID": simulator.MERCHANT_ID,
    "PAY_HOSTS": [".pingpayments.com", "pay.example"],
}
LISTED = re.compile(r"(.+\.)?pingpayments\.com|pay\.example")

_GOOD = ["piq.pingpayments.com", "pingpayments.com", "pay.example"]
_EVIL = [
    *("evil.example", "pingpayments.com.evil.example", "evilpingpayments.com", "xn--pingpayments-1ib.com"),
    *(
        "piq.pingpayments.com.",
        "piq\u3002pingpayments\u3002com",
        "piq\uff0epingpayments.com",
        "p\u0131q.pingpayments.com",
    ),
    *("127.0.0.1", "0x7f.1", "2130706433", "[::1]", "[::ffff:127.0.0.1]", "localhost", "0", "a.localhost"),
    *("[::1].pingpayments.com", "[v1.x.pingpayments.com]", "evil.example%2f.pingpayments.com", ""),
    *("evil.example%00.pingpayments.com", "evil.example%23.pingpayments.com", "*.pingpayments.com"),
    *("PIQ.PINGPAYMENTS.COM", "piq.pingpayments.com%40evil.example"),
]
_BETWEEN = [
    *("", "/", "\\", "@", "?", "#", ":", ".", ";", "\t", "\n", "\r", " ", "%09"),
    *("\x00", "\u3002", "\u00ad", "\u2044"),
]
_JUNK = st.sampled_from(_BETWEEN)
_HOSTS = st.sampled_from(_GOOD + _EVIL)
_SCHEMES = ["https:", "https:", "HTTPS:", "http:", "javascript:", "data:", "", "h\tttps:", " https:"]
_SLASHES = ["//", "//", "//", "/", "\\\\", "/\\", "///", "", "//user@", "//user:pw@", "//%40"]
_PORTS = ["", "", ":443", ":8443", ":", ":0", ":99999", ":x", ":\uff14\uff14\uff13", ":443:80"]
_TAILS = ["", "/pay/1", "/pay?a=b#c", "?x", "#x", "\\x", "/\r\nSet-Cookie: a=b", "/" + "x" * 3000]
URLS = st.one_of(
    st.builds(
        "{}{}{}{}{}{}{}".format,
        st.sampled_from(_SCHEMES),
        st.sampled_from(_SLASHES),
        _HOSTS,
        st.builds("{}{}".format, _JUNK, st.just("") | _HOSTS),
        _JUNK,
        st.sampled_from(_PORTS),
        st.sampled_from(_TAILS),
    ),
    st.text(max_size=60),
    st.text(max_size=20).map("https://piq.pingpayments.com{}".format),
    st.text(max_size=20).map("https://{}.pingpayments.com/pay".format),
    st.text(max_size=20).map("https://{}piq.pingpayments.com/pay".format),
)


def host_in_browser(url: str) -> tuple[str, str] | None:
    """Return scheme and host that a browser goes to, or None where it goes nowhere or stays on the site.

    As the WHATWG's URL standard has it, as far as it matters here; written apart from our own reading.
    """
    url = re.sub(r"[\t\n\r]", "", url.strip("".join(map(chr, range(0x21)))))
    scheme, colon, rest = url.partition(":")
    scheme = scheme.lower()
    if not colon or scheme not in ("http", "https"):
        return None if not url.startswith(("//", "\\\\", "/\\", "\\/")) else ("https", url.lstrip("/\\"))
    authority = re.split(r"[/\\?#]", rest.lstrip("/\\"))[0]
    place = authority.rpartition("@")[2]
    if place.startswith("["):
        inside, bracket, after = place[1:].partition("]")
        if not bracket or (after and not re.fullmatch(r":[0-9]*", after)):
            return None
        try:
            return scheme, f"[{ipaddress.ip_address(inside)}]"
        except ValueError:
            return None
    host, _, port = place.partition(":")
    if (port and not re.fullmatch(r"[0-9]+", port)) or (port and int(port) > 65535):
        return None
    host = unquote(host, errors="replace")
    host = host.replace("\u3002", ".").replace("\uff0e", ".").replace("\uff61", ".").replace("\u00ad", "")
    if not host or re.search(r"[\x00-\x20#/:<>?@\[\\\]^|%\x7f]", host):
        return None
    return scheme, host.lower()


@seed(SEED)
@campaign(share=20)
@given(url=URLS)
@example(url="https://evil.example%2f.pingpayments.com/")
@example(url="https://[v1.x.pingpayments.com]/")
@example(url="https://.pingpayments.com/")
@example(url="https://piq.pingpayments.com/" + "x" * 3000)
def test_an_address_that_is_allowed_is_one_of_the_listed_hosts_to_a_browser(url):
    settings, problems = conf.parsing.parse(KEYS)
    assert settings is not None, problems
    if not settings.may_send_payer_to(url):
        return

    assert url.isascii()
    assert len(url) < 2048
    scheme, host = host_in_browser(url)
    assert scheme == "https"
    assert LISTED.fullmatch(host), host


@pytest.mark.parametrize("host", _GOOD)
@pytest.mark.parametrize("tail", ["", "/", "/pay/EdDAb27i?locale=en", ":8443/pay", "?x=@y", "/a@b", "/a:b"])
def test_an_address_on_a_listed_host_is_allowed(host, tail):
    settings, _ = conf.parsing.parse(KEYS)

    assert settings.may_send_payer_to(f"https://{host}{tail}")


def test_whatever_ping_names_as_its_page_a_payer_stays_here_or_goes_to_a_listed_host(started, ping, change):
    change(ATTEMPTS={"per_order": 1000}, PAY_HOSTS=KEYS["PAY_HOSTS"])
    token = started.payment_order.token
    ours = reverse("pingpayments:payment", args=[token])
    gone = []

    @seed(SEED)
    @campaign(share=0.5)
    @given(url=URLS)
    @example(url="https://piq.pingpayments.com/pay/1")
    @example(url="https://piq.pingpayments.com/" + "x" * 3000)
    def pays(url: str) -> None:
        Payment.objects.update(live=None)
        answer = {"id": str(uuid4()), "provider_method_response": {"pay_url": url}}
        ping.misbehave("initiate_payment", "status", status=200, body=answer)

        response = started.client.post(reverse("pingpayments:pay", args=[token]))

        assert response.status_code == 303
        goes_to = response["Location"]
        if goes_to != ours:
            gone.append(goes_to)
            scheme, host = host_in_browser(goes_to)
            assert (scheme, bool(LISTED.fullmatch(host))) == ("https", True)

    pays()
    assert "https://piq.pingpayments.com/pay/1" in gone  # so that it is not for want of going


def test_a_host_that_is_no_longer_listed_is_not_gone_to_any_more(started, change):
    change(BASE_URL="https://sandbox.pingpayments.com/payments")
    Payment.objects.update(pay_url="https://piq.pingpayments.com/pay/1")
    url = reverse("pingpayments:pay", args=[started.payment_order.token])
    assert started.client.post(url)["Location"] == "https://piq.pingpayments.com/pay/1"

    change(PAY_HOSTS=["pay.example"])

    assert started.client.post(url)["Location"] == reverse(
        "pingpayments:payment", args=[started.payment_order.token]
    )
