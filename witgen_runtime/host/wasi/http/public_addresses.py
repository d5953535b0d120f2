"""Which addresses are public: those that any machine on the internet can reach."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator
from typing import Final, TypeAlias

__all__ = ["Address", "is_public"]

Address: TypeAlias = ipaddress.IPv4Address | ipaddress.IPv6Address

_EMBEDDING: Final = (ipaddress.IPv6Network("::/96"), ipaddress.IPv6Network("64:ff9b::/96"))
"""Addresses that end with an IPv4 address: IPv4-compatible ones (RFC 4291, 2.5.5.1), and those of NAT64 (RFC 6052)."""


def is_public(address: Address) -> bool:
    """Return whether an address is public, and every IPv4 address that is embedded in it."""
    return all(
        each.is_global and not each.is_multicast and not (each.version == 4 and each.is_reserved)
        for each in _meant(address)
    )


def _meant(address: Address) -> Iterator[Address]:
    """Yield the addresses at which a connection may arrive."""
    if isinstance(address, ipaddress.IPv4Address):
        yield address
        return
    if address.ipv4_mapped is not None:
        yield address.ipv4_mapped
        return
    yield address
    if address.sixtofour is not None:
        yield address.sixtofour
    if address.teredo is not None:
        yield from address.teredo
    if any(address in network for network in _EMBEDDING):
        yield ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
