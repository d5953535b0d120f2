"""Trusted certificates."""

from __future__ import annotations

import ssl
from pathlib import Path

__all__ = ["trusted"]


def trusted(ca: Path | None = None) -> ssl.SSLContext:
    """Return the TLS context that trusts the system's certificates and those of `ca`."""
    context = ssl.create_default_context()
    if ca is not None:
        context.load_verify_locations(capath=str(ca)) if ca.is_dir() else context.load_verify_locations(str(ca))
    return context
