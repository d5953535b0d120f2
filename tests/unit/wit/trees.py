"""Helpers: WIT trees on disk, and what resolving them says."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from witgen.diagnostics.errors import WitgenError
from witgen.wit.model.ir import Function, Interface, Resolve
from witgen.wit.resolve import load


def write(folder: Path, files: Mapping[str, str | bytes]) -> Path:
    """Write a tree; returns the folder."""
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return folder


def resolve(folder: Path, text: str | bytes) -> Resolve:
    """Resolve one file."""
    write(folder, {"a.wit": text})
    return load(folder / "a.wit")


def error(folder: Path, text: str | bytes) -> WitgenError:
    """Return the error that one file gives."""
    try:
        resolve(folder, text)
    except WitgenError as found:
        return found
    msg = "this was accepted"
    raise AssertionError(msg)


def interface(resolve: Resolve, name: str) -> Interface:
    """Return an interface of the main package."""
    return resolve.interfaces[resolve.packages[resolve.main].interfaces[name]]


def function(resolve: Resolve, interface_name: str, name: str) -> Function:
    """Return a function of an interface of the main package."""
    return interface(resolve, interface_name).functions[name]
