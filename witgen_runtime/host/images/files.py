"""Files with the first content of memories: beside compiled components, or without a name while a process lasts.

A file begins with a block of JSON that lists the memories; their contents follow, each at a place that every system can
map.
"""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import IO, Final
from weakref import WeakKeyDictionary

from wasmtime.component import Component

from ..capi.memory import Descriptor, Image
from ..capi.memory_mark import PAGE
from .splitting import FirstContent

__all__ = ["content_of", "images_of", "note_images", "packed", "read_images", "temporary"]

_ENDED: Final = b"\n"

_images: WeakKeyDictionary[Component, tuple[Image, ...]] = WeakKeyDictionary()


def note_images(component: Component, images: tuple[Image, ...]) -> None:
    """Note what memories of a component have to contain when they are made."""
    _images[component] = images


def images_of(component: Component) -> tuple[Image, ...]:
    """Return what memories of a component have to contain when they are made; nothing for most components."""
    return _images.get(component, ())


def packed(memories: Iterable[FirstContent]) -> bytes:
    """Return the content of a file."""
    entries, parts, at = list[tuple[int, int, int, int]](), list[bytes](), PAGE
    for memory in memories:
        length = _whole(len(memory.data))
        entries.append((memory.minimum, memory.maximum, at, length))
        parts.append(memory.data.ljust(length, b"\0"))
        at += length
    head = json.dumps(entries).encode() + _ENDED
    return b"".join((head.ljust(PAGE, b"\0"), *parts))


def _whole(length: int) -> int:
    """Return a length that is a whole number of pages."""
    return -(-length // PAGE) * PAGE


def temporary(content: bytes) -> tuple[Image, ...]:
    """Return the images in the content of a file, which is written into one without a name.

    Raises:
        OSError: there is no place for it.
    """
    with tempfile.TemporaryFile() as file:
        file.write(content)
        file.flush()
        return _images_in(file)


def content_of(images: tuple[Image, ...]) -> bytes:
    """Return the content of the file that images are in; empty where there are none."""
    if not images:
        return b""
    with os.fdopen(os.dup(images[0].file.number), "rb") as file:
        file.seek(0)
        return file.read()


def read_images(path: Path, digest: str) -> tuple[Image, ...]:
    """Return the images in a file whose content has a SHA-256 that begins with `digest`.

    Raises:
        OSError: it cannot be read.
        ValueError: it has another content.
    """
    with path.open("rb") as file:
        if not hashlib.file_digest(file, "sha256").hexdigest().startswith(digest):
            raise ValueError(f"{path} is damaged")
        return _images_in(file)


def _images_in(file: IO[bytes]) -> tuple[Image, ...]:
    file.seek(0)
    entries = json.loads(file.read(PAGE).partition(_ENDED)[0])
    same = Descriptor(os.dup(file.fileno()))
    return tuple(Image(minimum, maximum, same, start, length) for minimum, maximum, start, length in entries)
