"""Removes from memory what the snapshot of a component would keep for nothing."""

from __future__ import annotations

import gc
import sys

__all__ = ["scrub"]

# Sizes of freed memory to be overwritten: CPython's small objects, and larger blocks of the C library.
_SMALL = [(size, 60) for size in range(1, 480, 16)]
_LARGE = [(1 << 16, 24), (1 << 12, 300), (1 << 10, 600)]


def scrub() -> None:
    """Forget what import has looked up in files, and overwrite freed memory with zeros, which a component leaves out.

    More than some 2 MB of zeros would only make memory larger than what wasmtime maps at once.
    """
    sys.path_importer_cache.clear()  # importlib.invalidate_caches would import importlib.metadata
    lines = sys.modules.get("linecache")
    if lines is not None:
        lines.clearcache()
    gc.collect()
    for sizes in (_SMALL, _LARGE):
        zeros = [bytes(size) for size, count in sizes for _ in range(count)]
        del zeros
