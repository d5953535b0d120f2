"""The runtime of guest modules: plain Python over the modules that componentize-py makes."""

from __future__ import annotations

from .exports import Export, ExportedInterface
from .raw import OutsideComponentError
from .resources import DroppedError, ExportedResource, Resource, drop
from .world import World

__all__ = [
    "DroppedError",
    "Export",
    "ExportedInterface",
    "ExportedResource",
    "OutsideComponentError",
    "Resource",
    "World",
    "drop",
]
