"""What a named address of the shop leads to."""

from __future__ import annotations

from django.urls import ResolverMatch, get_script_prefix, resolve, reverse


def lookup(name: str, *args: str) -> ResolverMatch:
    """Return what answers at a named address. Raises NoReverseMatch or Resolver404.

    A shop below a path of its own (``FORCE_SCRIPT_NAME``) has that path in its addresses, but not in
    what its URL configuration is asked for.
    """
    return resolve("/" + reverse(name, args=args).removeprefix(get_script_prefix()))
