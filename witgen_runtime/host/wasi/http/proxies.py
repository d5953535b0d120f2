"""HTTP proxies for the requests of components."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import SplitResult, unquote, urlsplit

from .allowed import Origin

__all__ = ["Proxy", "environment_proxies", "proxy_of"]


@dataclass(frozen=True, slots=True)
class Proxy:
    """A proxy: its host, its port, the value of `Proxy-Authorization`, and `NO_PROXY` if it is the environment's."""

    host: str
    port: int
    authorization: bytes | None = None
    no_proxy: str = ""

    def is_bypassed(self, origin: Origin) -> bool:
        """Return whether requests to an origin do without the proxy."""
        import urllib.request  # noqa: PLC0415 - takes 20 ms

        untyped: Any = urllib.request
        host = f"{origin.host}:{origin.port}"
        return bool(self.no_proxy) and bool(untyped.proxy_bypass_environment(host, {"no": self.no_proxy}))


def proxy_of(url: str, *, source: str = "proxy", no_proxy: str = "") -> Proxy:
    """Return the proxy that a URL means; `source` is for messages.

    Raises:
        ValueError: it is not the URL of an HTTP proxy.
    """
    try:
        parts = urlsplit(url)
        port = parts.port or 80
    except ValueError:
        parts, port = SplitResult("", "", "", "", ""), 0
    if parts.scheme != "http" or not parts.hostname or parts.path not in {"", "/"} or parts.query or parts.fragment:
        # Not the URL itself: it may have a password.
        raise ValueError(f"{source}: expected the URL of an HTTP proxy, like http://proxy.example:3128")
    authorization = None
    if parts.username is not None:
        credentials = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
        authorization = b"Basic " + b64encode(credentials.encode())
    return Proxy(parts.hostname, port, authorization, no_proxy)


def environment_proxies(environment: Mapping[str, str]) -> dict[str, Proxy]:
    """Return the proxies that environment variables name, by the scheme of a request.

    Raises:
        ValueError: one is not the URL of an HTTP proxy.
    """
    no_proxy = _variable(environment, "NO_PROXY")[1]
    found = dict[str, Proxy]()
    for scheme in ("http", "https"):
        for name in (f"{scheme.upper()}_PROXY", "ALL_PROXY"):
            source, url = _variable(environment, name)
            if url:
                found[scheme] = proxy_of(url if "://" in url else f"http://{url}", source=source, no_proxy=no_proxy)
                break
    return found


def _variable(environment: Mapping[str, str], name: str) -> tuple[str, str]:
    """Return the name and the value of a variable; names in lower case take precedence."""
    lower = name.lower()
    if environment.get(lower):
        return lower, environment[lower]
    # A CGI script's `HTTP_PROXY` is the header `Proxy` of a request (CVE-2016-1000110).
    if name == "HTTP_PROXY" and "REQUEST_METHOD" in environment:
        return name, ""
    return name, environment.get(name, "")
