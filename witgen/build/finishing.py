"""Finishes what componentize-py has made: frees what it keeps, leaves out names, looks at the memory."""

from __future__ import annotations

from typing import TypeAlias

from ..diagnostics.model import Diagnostic, Severity
from .freeing import KEEPING_BYTES, free_bytes, free_dropped
from .memory_image import image_warnings
from .place import componentize_version
from .stripping import without_names

__all__ = ["finished"]

_Warnings: TypeAlias = tuple[Diagnostic, ...]


def finished(component: bytes, *, frees_resources: bool, strips_names: bool) -> tuple[bytes, _Warnings]:
    """Return the component to be written, and warnings about it.

    Args:
        component: what componentize-py has made.
        frees_resources: whether to give it a destructor for exported resources.
        strips_names: whether to leave out the names of functions.
    """
    warnings: _Warnings = ()
    if frees_resources:
        component, warnings = _with_freed_resources(component)
    if componentize_version() in KEEPING_BYTES:
        component = free_bytes(component) or component
    if strips_names:
        component = without_names(component)
    return component, (*warnings, *image_warnings(component))


def _with_freed_resources(component: bytes) -> tuple[bytes, _Warnings]:
    """Return the component with a destructor for exported resources, or as it is, with a warning."""
    freed = free_dropped(component)
    if freed is not None:
        return freed, ()
    message = (
        "objects of exported resources stay in memory when hosts drop their handles: witgen does not know how"
        f" componentize-py {componentize_version()} keeps them"
    )
    remedy = "build with componentize-py 0.25, or give the resources a method that releases what they hold"
    return component, (Diagnostic("W0706", message, help=remedy, severity=Severity.WARNING),)
