"""Leaves the names of functions out of a component."""

from __future__ import annotations

from .sections import COMPONENT, CORE_MODULE, CUSTOM, HEADER, Section, is_component, section, sections

__all__ = ["is_names", "without_names"]

_NAMES = {"name", "component-name"}
"""The custom sections with names (core specification, Custom Sections; Component Model, Binary.md)."""


def is_names(data: bytes, part: Section) -> bool:
    """Return whether a section of `data` holds names for debugging."""
    return part.number == CUSTOM and part.reader(data).name() in _NAMES


def without_names(data: bytes) -> bytes:
    """Return a component or a module without names of functions, which nothing but traces of traps uses.

    Raises:
        WitgenError: the data is damaged.
    """
    inner = {CORE_MODULE, COMPONENT} if is_component(data) else set[int]()
    parts = [data[:HEADER]]
    for each in sections(data):
        if each.number in inner:
            parts.append(section(each.number, without_names(data[each.content : each.end])))
        elif not is_names(data, each):
            parts.append(data[each.start : each.end])
    return b"".join(parts)
