"""What a component's HTTP requests may do: where they go, and how long they wait."""

from __future__ import annotations

import ipaddress
import math
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from numbers import Real
from typing import Final, cast

__all__ = ["Http", "Origin", "allowed", "check_seconds"]

_ORIGIN: Final = re.compile(
    r"(?:(?P<scheme>https?)://)?(?P<host>\*|(?:\*\.)?[^\s:/?#@\[\]*,]+|\[[0-9a-fA-F:.]+\])(?::(?P<port>\*|\d{1,5}))?"
)
_PORTS: Final = {"http": 80, "https": 443}
_LONGEST: Final = 365 * 24 * 3600.0


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a request goes: its scheme, its host in lower case, and its port."""

    scheme: str
    host: str
    port: int

    @classmethod
    def of(cls, scheme: str, authority: str) -> Origin | None:
        """Return the origin that an authority means; None if it names a user, or is not an authority."""
        match = _ORIGIN.fullmatch(authority)
        if match is None or match["scheme"] or "*" in authority or scheme not in _PORTS:
            return None
        return cls(scheme, _normalised(match["host"]), int(match["port"] or _PORTS[scheme]))


@dataclass(frozen=True, slots=True)
class _Rule:
    scheme: str
    host: str
    port: str

    @classmethod
    def parse(cls, text: object) -> _Rule:
        if not isinstance(text, str):
            raise TypeError(f"allow: expected str, got {type(text).__name__}")
        match = _ORIGIN.fullmatch(text)
        if match is None or ((match["port"] or "").isdigit() and not 0 < int(match["port"]) < 1 << 16):
            raise ValueError(
                f"allow: {text!r} is not a host: expected `example.org`, `*.example.org`, `*`, `example.org:8080`,"
                " `example.org:*` or `https://example.org`"
            )
        return cls(match["scheme"] or "", _normalised(match["host"]), match["port"] or "")

    def allows(self, origin: Origin) -> bool:
        if self.scheme and origin.scheme != self.scheme:
            return False
        if self.port != "*" and origin.port != int(self.port or _PORTS[origin.scheme]):
            return False
        if self.host == "*":
            return True
        if self.host.startswith("*."):
            return origin.host.endswith(self.host[1:]) and origin.host != self.host[1:]
        return origin.host == self.host


def _normalised(host: str) -> str:
    """Return a host as it is compared: lower case, without the dot of the root, as it is asked for on the network."""
    if host.startswith("["):
        try:
            return f"[{ipaddress.IPv6Address(host[1:-1]).compressed}]"
        except ValueError:
            return host.lower()
    bare = host.removesuffix(".")
    if bare.isascii():
        return bare.lower()
    try:
        return ".".join(label if label == "*" else label.encode("idna").decode() for label in bare.split(".")).lower()
    except UnicodeError:
        return bare.lower()


@dataclass(frozen=True, kw_only=True)
class Http:
    """Where components may send HTTP requests, and how long these may wait; wasmtime sends them.

        Http(allow=["api.example.org", "*.example.com", "localhost:8080"], first_byte_timeout=10)

    A request to another place fails in the guest with `HTTP-request-denied`. Names decide, not addresses: whoever
    controls an allowed name can let it lead to an address of your own network.

    Raises:
        TypeError: an argument has a type that it cannot have.
        ValueError: an entry of `allow` is not a host, or a timeout is out of range.
    """

    allow: Sequence[str] | None = None
    """The hosts: `example.org`, any host below a domain (`*.example.org`), or any (`*`); at the port of the scheme, at
    another one (`example.org:8080`) or at any (`example.org:*`); over `http` and `https`, or one of them
    (`https://example.org`). None allows everything; an empty list nothing, but components can be opened."""
    connect_timeout: float | None = None
    """Seconds until a connection must be there. Guests may choose less; wasmtime's own limit is 600."""
    first_byte_timeout: float | None = None
    """Seconds until a response must begin."""
    between_bytes_timeout: float | None = None
    """Seconds for which the body of a response may pause."""

    def __post_init__(self) -> None:
        """Check everything, and keep copies that cannot change."""
        if self.allow is not None:
            object.__setattr__(self, "allow", _hosts(self.allow))
        for name in ("connect_timeout", "first_byte_timeout", "between_bytes_timeout"):
            check_seconds(name, getattr(self, name))
        _ = self._rules

    @cached_property
    def _rules(self) -> tuple[_Rule, ...] | None:
        return None if self.allow is None else tuple(_Rule.parse(each) for each in self.allow)

    @property
    def timeouts(self) -> tuple[int, int, int]:
        """The timeouts in nanoseconds, 0 for none: to connect, for the first byte, between bytes."""
        connect, first, between = (
            round((each or 0) * 1_000_000_000)
            for each in (self.connect_timeout, self.first_byte_timeout, self.between_bytes_timeout)
        )
        return connect, first, between

    @property
    def is_limited(self) -> bool:
        """Whether requests differ from those that wasmtime sends without limits."""
        return self.allow is not None or any(self.timeouts)

    def allows(self, scheme: str, authority: str) -> bool:
        """Return whether components may send a request.

        Args:
            scheme: `http` or `https`.
            authority: the host, with or without a port.
        """
        if self._rules is None:
            return True
        origin = Origin.of(scheme, authority)
        return origin is not None and any(rule.allows(origin) for rule in self._rules)

    def names(self, origin: Origin) -> bool:
        """Return whether an entry of `allow` has this very host, and not a pattern that fits it."""
        return any(rule.host == origin.host and rule.allows(origin) for rule in self._rules or ())


def _hosts(given: object) -> tuple[str, ...]:
    if isinstance(given, (str, bytes)) or not isinstance(given, Iterable):
        raise TypeError(f"allow: expected a list of hosts or None, got {type(given).__name__}")
    return tuple(cast("Iterable[str]", given))


def allowed(http: object) -> Http | None:
    """Return what the option `http` allows; None if nothing of `wasi:http` is to be there.

    Raises:
        TypeError: it is neither a bool nor an `Http`.
    """
    if isinstance(http, bool):
        return Http() if http else None
    if not isinstance(http, Http):
        raise TypeError(f"http: expected True, False or an Http, got {type(http).__name__}")
    return http


def check_seconds(name: str, value: object) -> None:
    """Raise unless a timeout is None or a number of seconds that can be waited for."""
    if value is None:
        return
    if isinstance(value, bool) or not isinstance(value, Real):
        raise TypeError(f"{name}: expected seconds or None, got {type(value).__name__}")
    seconds = float(value)
    if math.isnan(seconds) or not 0.001 <= seconds <= _LONGEST:
        raise ValueError(f"{name}: expected seconds, at least 0.001 and at most {_LONGEST:.0f}, got {value!r}")
