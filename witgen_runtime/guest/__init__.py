"""The runtime of guest modules: plain Python over the modules that componentize-py makes."""

from __future__ import annotations

from ..streams import ByteStreamReader, ByteStreamWriter, FutureReader, FutureWriter, StreamReader, StreamWriter
from .exports import Export, ExportedInterface
from .raw import OutsideComponentError
from .resources import DroppedError, ExportedResource, Resource, drop
from .world import World

__all__ = [
    "ByteStreamReader",
    "ByteStreamWriter",
    "DroppedError",
    "Export",
    "ExportedInterface",
    "ExportedResource",
    "FutureReader",
    "FutureWriter",
    "OutsideComponentError",
    "Resource",
    "StreamReader",
    "StreamWriter",
    "World",
    "drop",
]
