"""Where a cluster is, and who asks."""

from __future__ import annotations

import ipaddress
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from .errors import ClusterError

__all__ = ["LOCAL_URL", "Settings", "settings"]

LOCAL_URL: Final = "http://localhost:9881"
"""The address of `golem server run`."""

_PREFIX: Final = "WITGEN_GOLEM"
_PROFILE: Final = re.compile(r"[A-Za-z][A-Za-z0-9_-]*")


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """How to reach a cluster.

    Attributes:
        url: its address, without a slash at the end.
        token: the bearer token.
        account: the id of the account that owns the applications; None if none was given.
        account_variable: the environment variable that would give it, for messages.
        authority: the certificate of the authority that the cluster's is checked against; None for the system's.
        timeout: the time limit of an answer, in seconds.
    """

    url: str
    token: str
    account: str | None
    account_variable: str
    authority: Path | None
    timeout: float

    @property
    def is_open(self) -> bool:
        """Return whether others on the network can read the token: it is sent without TLS, to another machine."""
        parts = urlsplit(self.url)
        return parts.scheme == "http" and not _is_here(parts.hostname or "")


def _is_here(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")


def settings(
    *,
    profile: str | None,
    url: str | None,
    token: str | None,
    account: str | None,
    authority: Path | None,
    timeout: float,
    environment: Mapping[str, str] = os.environ,
) -> Settings:
    """Return the settings from options, and from the environment where an option is None.

    The variables are `WITGEN_GOLEM_URL`, `_TOKEN` and `_ACCOUNT`; those of a profile have its name in between:
    `WITGEN_GOLEM_STAGING_URL`. The profile itself may come from `WITGEN_GOLEM_PROFILE`.

    Raises:
        ClusterError: there is no token, or the address is none.
    """
    chosen = profile or environment.get(f"{_PREFIX}_PROFILE") or None
    if chosen is not None and not _PROFILE.fullmatch(chosen):
        raise ClusterError(f"`{chosen:.60}` is not the name of a profile: it has letters, digits, - and _")
    prefix = _PREFIX if chosen is None else f"{_PREFIX}_{chosen.upper().replace('-', '_')}"
    address = url or environment.get(f"{prefix}_URL") or (LOCAL_URL if chosen in {None, "local"} else None)
    if address is None:
        raise ClusterError(f"profile `{chosen}` has no address: set {prefix}_URL, or pass --url")
    secret = token or environment.get(f"{prefix}_TOKEN")
    if not secret:
        raise ClusterError(f"no token for {address}: set {prefix}_TOKEN, or pass --token")
    if not secret.isascii() or not secret.isprintable() or " " in secret:
        raise ClusterError("the token has characters that no header can carry")
    owner = account or environment.get(f"{prefix}_ACCOUNT") or None
    return Settings(
        url=_checked(address), token=secret, account=owner, account_variable=f"{prefix}_ACCOUNT",
        authority=authority, timeout=timeout,
    )  # fmt: skip


def _checked(url: str) -> str:
    try:
        parts = urlsplit(url)
        is_good = parts.scheme in {"http", "https"} and bool(parts.hostname) and (parts.port is None or parts.port > 0)
    except ValueError:
        is_good = False
        parts = None
    if not is_good or parts is None or parts.query or parts.fragment or parts.username is not None:
        raise ClusterError(f"`{url:.80}` is not the address of a cluster: write http://host:port or https://host")
    return url.rstrip("/")
