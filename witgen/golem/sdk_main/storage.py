"""Values under keys, which outlive agents and are shared by them; on Golem's main branch there are no blobs yet."""

from __future__ import annotations

from ._bindings.guest.keyvalue import Bucket, KeyValueError

__all__ = ["Bucket", "KeyValueError"]
