"""Snapshots as bytes: those of workers are bytes, those of agents have a MIME type, which precedes them."""

from __future__ import annotations

from typing import Any

from witgen_runtime import abi

from .errors import undamaged

__all__ = ["packed", "unpacked"]


def packed(snapshot: Any) -> bytes:
    """Return what a component has saved as bytes."""
    if isinstance(snapshot, bytes):
        return snapshot
    content: bytes = snapshot.mime_type.encode() + b"\0" + snapshot.payload
    return content


def unpacked(params: abi.Tuple, content: bytes) -> Any:
    """Return a snapshot as a component loads it, with the parameters of its function."""
    [type_] = params.types
    if not isinstance(type_, abi.Record):
        return content
    with undamaged("a snapshot"):
        mime_type, payload = content.split(b"\0", 1)
        return type_.python(payload, mime_type.decode())
