"""A test call of Ping's to the shop: whether callbacks arrive and, where they do not, why."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from ..gateway import PingClient, doorstep
from ..gateway.doorstep import Found
from .callbacks import expect_poke, poke_arrived
from .connection import client_for

_READINGS = {
    Found.OURS: _(
        "The address can be reached from this machine, so what is in the way is between Ping and it: "
        "a firewall, a list of allowed addresses, or a name that only resolves here."
    ),
    Found.BAD_CERTIFICATE: _(
        "The certificate at PUBLIC_URL is not valid for that host, so Ping will not call it."
    ),
    Found.NOTHING: _(
        "This machine cannot reach it either: check the name, the port, and that the shop is served."
    ),
    Found.REDIRECT: _("The address redirects to %(location)s, which callbacks do not follow."),
    Found.CLOSED_DOOR: _(
        "The address answers %(code)d: a password, a firewall or a middleware turns away who is not known."
    ),
    Found.FAULT: _(
        "The address answers %(code)d: a maintenance page, or an error that the shop's log tells of."
    ),
    Found.SOMEBODY_ELSE: _(
        "The address answers %(code)d, and it is not ours that answers: check that the proxy passes it on."
    ),
}


@dataclass(frozen=True, slots=True)
class Poke:
    """One test call: to which address, and the token in it by which it is recognised."""

    origin: str
    token: str

    @classmethod
    def at(cls, public_url: str) -> Self:
        """Return a test call to a shop. Raises NoReverseMatch where it has no callback address."""
        poke = cls(public_url.rstrip("/"), expect_poke())
        poke._address(poke.token)
        return poke

    @property
    def shown(self) -> str:
        """Its address, without the token."""
        return f"{self._address('nobody').removesuffix('nobody/')}…/"

    def ask(self, client: PingClient | None = None) -> None:
        """Ask Ping to make it. Raises GatewayError."""
        (client or client_for(None)).poke(self._address(self.token))

    def has_arrived(self) -> bool:
        """Whether it has come, in whichever of the shop's processes."""
        return poke_arrived(self.token)

    def what_answers(self) -> str:
        """Say what this machine itself finds at the shop's callback address."""
        there = doorstep.look(self._address("nobody"))
        return str(_READINGS[there.found] % {"code": there.code, "location": there.location})

    def _address(self, token: str) -> str:
        return self.origin + reverse("pingpayments:callback", args=[token])
