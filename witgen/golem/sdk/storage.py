"""Values under keys, and objects in containers, which outlive agents and are shared by them."""

from __future__ import annotations

from ._bindings.guest.blobs import BlobReader, BlobWriter, Container
from ._bindings.guest.keyvalue import Bucket, KeyValueError

__all__ = ["BlobReader", "BlobWriter", "Bucket", "Container", "KeyValueError"]
