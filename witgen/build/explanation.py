"""Explains what a component consists of, and what each part costs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby
from pathlib import Path
from typing import Any, NamedTuple

from .memory_image import MemoryImage, memory_image
from .modules_inside import ModuleInside, Origin
from .sections import CORE_MODULE, DATA, EXPORTS, functions_exported, is_component, sections
from .stripping import is_names

__all__ = ["Explanation", "Part", "explanation"]

_IMAGE = "memory: what was imported, as objects"
_NAMES = "names of functions"
_REST = "the rest"
_LISTED = 10
"""How many packages of each origin are listed for people."""
_LIBRARIES = {
    "Py_Initialize": "CPython",
    "wit_dylib_resource_dtor": "the runtime of componentize-py",
    "malloc": "the C library",
}
"""What a core module is, by a function that it exports."""


class Part(NamedTuple):
    """A part of a component, and its size in bytes."""

    name: str
    size: int


class Explanation(NamedTuple):
    """What a component consists of.

    Attributes:
        path: its file.
        size: its size in bytes.
        parts: its parts, whose sizes add up to its own.
        image: the memory that instances start with, if it is known.
        modules: the modules of Python inside.
    """

    path: Path
    size: int
    parts: tuple[Part, ...]
    image: MemoryImage | None
    modules: tuple[ModuleInside, ...]

    def as_json(self) -> dict[str, Any]:
        """Return the explanation for programs; sizes are in bytes."""
        image = self.image
        return {
            "component": str(self.path),
            "size": self.size,
            "parts": [each._asdict() for each in self.parts],
            "memory": image and {"span": image.span, "data": image.data, "mapped": image.is_mapped},
            "modules": [
                {"name": each.name, "origin": each.origin.value, "late": each.is_late, "size": each.size}
                for each in self.modules
            ],
        }

    def as_text(self) -> str:
        """Return the explanation for people."""
        return "".join(f"{line}\n" for line in (*self._told_parts(), *self._told_modules()))

    def _told_parts(self) -> Iterator[str]:
        yield _row(f"{self.path}", "", self.size)
        yield from (_row(f"  {each.name}", "", each.size) for each in self.parts)
        if self.image is not None:
            how = "maps it" if self.image.is_mapped else "copies it for each instance"
            yield f"The memory of an instance spans {self.image.span / (1 << 20):.1f} MiB; wasmtime {how}."

    def _told_modules(self) -> Iterator[str]:
        for is_late, title in ((False, "modules, with the size of their code"), (True, "late imports, compressed")):
            found = [each for each in self.modules if each.is_late is is_late]
            if found:
                yield ""
                yield _row(title, str(len(found)), _total(found))
                yield from _origins(found)


def explanation(path: Path, modules: tuple[ModuleInside, ...]) -> Explanation:
    """Explain the component in a file that has these modules inside.

    Raises:
        OSError: the file cannot be read.
        WitgenError: it is no component.
    """
    component = path.read_bytes()
    sizes = dict.fromkeys((_IMAGE, *_LIBRARIES.values(), _NAMES), 0)
    for name, size in _parts(component):
        sizes[name] += size
    parts = [Part(name, size) for name, size in sizes.items() if size]
    rest = Part(_REST, len(component) - sum(sizes.values()))
    return Explanation(path, len(component), (*parts, rest), memory_image(component), modules)


def _parts(data: bytes) -> Iterator[Part]:
    """Yield the known parts of a component or a module; several may have one name."""
    found = [*sections(data)]
    yield from (Part(_NAMES, each.end - each.start) for each in found if is_names(data, each))
    if is_component(data):
        for module in (each for each in found if each.number == CORE_MODULE):
            yield from _parts(data[module.content : module.end])
        return
    exported = {name for each in found if each.number == EXPORTS for name in functions_exported(each.reader(data))}
    size = sum(each.end - each.start for each in found if not is_names(data, each))
    if any(each.number == DATA for each in found):
        yield Part(_IMAGE, size)
    elif library := next((_LIBRARIES[name] for name in _LIBRARIES if name in exported), None):
        yield Part(library, size)


def _origins(modules: Sequence[ModuleInside]) -> Iterator[str]:
    for origin in Origin:
        found = [each for each in modules if each.origin is origin]
        if found:
            yield _row(f"  {origin.value}", str(len(found)), _total(found))
        if origin is not Origin.INTERPRETER:
            yield from _packages(found)


def _packages(modules: Sequence[ModuleInside]) -> Iterator[str]:
    """Yield what a top-level module and all below it take, the largest first."""
    tops = groupby(sorted(modules), key=lambda each: each.name.partition(".")[0])
    packages = [(name, [*each]) for name, each in tops]
    packages.sort(key=lambda package: -_total(package[1]))
    for name, each in packages[:_LISTED]:
        yield _row(f"    {name}", str(len(each)), _total(each))
    others = [module for _, each in packages[_LISTED:] for module in each]
    if others:
        yield _row("    others", str(len(others)), _total(others))


def _total(modules: Sequence[ModuleInside]) -> int:
    return sum(each.size or 0 for each in modules)


def _row(text: str, number: str, size: int) -> str:
    return f"{text:<44}{number:>6}{_readable(size):>12}".rstrip()


def _readable(size: int) -> str:
    if not size:
        return ""
    return f"{size / 1_000_000:.1f} MB" if size >= 1_000_000 else f"{size / 1000:.1f} kB"
