"""`PythonHttp`: HTTP requests of components that Python sends in place of wasmtime."""

from __future__ import annotations

import importlib.util
import ipaddress
import os
import ssl
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final, TypeAlias, cast

from .allowed import Http, Origin
from .proxies import Proxy, environment_proxies, proxy_of
from .public_addresses import Address, is_public

__all__ = ["PythonHttp"]

_Network: TypeAlias = ipaddress.IPv4Network | ipaddress.IPv6Network

_ENVIRONMENT: Final = "environment"


@dataclass(frozen=True, kw_only=True)
class PythonHttp(Http):
    """As `Http`, but Python sends the requests, which needs h11: `pip install 'witgen[http]'`.

        PythonHttp(allow=["*.example.org"], ssl_context=ssl.create_default_context(cafile="own.pem"))

    Names decide here as well, and so do addresses: whatever a name leads to, a request goes to public addresses only,
    unless `private` says otherwise. The addresses that are checked are those that Python connects to. A request to
    another one fails in the guest with `destination-IP-prohibited`.

    Raises:
        ModuleNotFoundError: h11 is not installed.
        TypeError: an argument has a type that it cannot have.
        ValueError: an entry of `allow`, the proxy or a network is malformed, or a timeout is out of range.
    """

    ssl_context: ssl.SSLContext | None = None
    """Which servers to trust, and the certificate to show them; by default those that `ssl.create_default_context`
    trusts: the system's, or those of `SSL_CERT_FILE` and `SSL_CERT_DIR`."""
    proxy: str | None = None
    """The proxy for all requests, `http://user:password@proxy.example:3128`; "environment" for those of `HTTP_PROXY`,
    `HTTPS_PROXY`, `ALL_PROXY` and `NO_PROXY`. None, the default, for none. What a proxy connects to, it decides."""
    private: bool | Sequence[str] = False
    """Whether requests may go to addresses that are not public (this machine's, those of private networks, link-local
    ones), or to which networks: `["10.1.0.0/16"]`. An address that `allow` names is allowed in any case, and so are
    those of this machine where it names `localhost`."""

    def __post_init__(self) -> None:
        """Check everything, and keep copies that cannot change."""
        if importlib.util.find_spec("h11") is None:
            raise ModuleNotFoundError("PythonHttp needs the package h11: pip install 'witgen[http]'", name="h11")
        super().__post_init__()
        if self.ssl_context is not None and not isinstance(self.ssl_context, cast("type[object]", ssl.SSLContext)):
            raise TypeError(f"ssl_context: expected an ssl.SSLContext or None, got {type(self.ssl_context).__name__}")
        if not isinstance(self.private, bool):
            object.__setattr__(self, "private", _texts(self.private))
        _ = self._proxies, self._networks

    @cached_property
    def _proxies(self) -> Mapping[str, Proxy]:
        """The proxies, by the scheme of a request."""
        given = cast("object", self.proxy)
        if given is None:
            return {}
        if not isinstance(given, str):
            raise TypeError(f"proxy: expected a URL, {_ENVIRONMENT!r} or None, got {type(given).__name__}")
        if given == _ENVIRONMENT:
            return environment_proxies(os.environ)
        return dict.fromkeys(("http", "https"), proxy_of(given))

    @cached_property
    def _networks(self) -> tuple[_Network, ...]:
        if isinstance(self.private, bool):
            return ()
        try:
            return tuple(map(ipaddress.ip_network, self.private))
        except ValueError as error:
            raise ValueError(f"private: {error}") from None

    @cached_property
    def context(self) -> ssl.SSLContext:
        """The TLS context."""
        return self.ssl_context or ssl.create_default_context()

    @property
    def is_limited(self) -> bool:
        """Whether requests differ from those that wasmtime sends without limits."""
        return True

    def proxy_for(self, origin: Origin) -> Proxy | None:
        """Return the proxy for a request, None if it goes to its server directly."""
        found = self._proxies.get(origin.scheme)
        return None if found is None or found.is_bypassed(origin) else found

    def permits(self, address: Address, origin: Origin) -> bool:
        """Return whether requests to an origin may go to an address that its host means."""
        if self.private is True or is_public(address):
            return True
        if any(address in network for network in self._networks):
            return True
        if not self.names(origin):
            return False
        # Whoever writes an address, or this name, into `allow` knows where that leads (RFC 6761, 6.3).
        return origin.host.strip("[]") == str(address) or (origin.host == "localhost" and address.is_loopback)


def _texts(given: object) -> tuple[str, ...]:
    if isinstance(given, (str, bytes)) or not isinstance(given, Iterable):
        raise TypeError(f"private: expected a bool or a list of networks, got {type(given).__name__}")
    for each in cast("Iterable[object]", given):
        if not isinstance(each, str):
            raise TypeError(f"private: expected str, got {type(each).__name__}")
    return tuple(cast("Iterable[str]", given))
