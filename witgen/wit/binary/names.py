"""Names as binaries spell them: labels, `ns:package/interface@version`, and `[method]r.m`."""

from __future__ import annotations

import re

from ...base.frozen import frozen
from ..model.ir import FunctionKindTag, PackageName

__all__ = ["InterfaceName", "is_label", "is_version", "parse_function", "parse_interface"]

_WORD = "(?:[a-z][a-z0-9]*|[A-Z][A-Z0-9]*)"
_LATER_WORD = "(?:[a-z0-9]+|[A-Z0-9]+)"
_LABEL = f"{_WORD}(?:-{_LATER_WORD})*"
_NUMBER = "(?:0|[1-9][0-9]*)"
_PRE = f"(?:{_NUMBER}|[0-9]*[A-Za-z-][0-9A-Za-z-]*)"
_BUILD = "[0-9A-Za-z-]+"
_SEMVER = rf"{_NUMBER}\.{_NUMBER}\.{_NUMBER}(?:-{_PRE}(?:\.{_PRE})*)?(?:\+{_BUILD}(?:\.{_BUILD})*)?"

_IS_LABEL = re.compile(_LABEL)
_IS_SEMVER = re.compile(_SEMVER)
_INTERFACE = re.compile(f"({_LABEL}):({_LABEL})/({_LABEL})(?:@(.+))?")
_FUNCTION = re.compile(rf"(?:\[(constructor)\]({_LABEL})|\[(method|static)\]({_LABEL})\.({_LABEL})|({_LABEL}))")


def is_label(name: str) -> bool:
    """Return whether `name` is a WIT identifier (WIT.md, Identifiers)."""
    return _IS_LABEL.fullmatch(name) is not None


def is_version(text: str) -> bool:
    """Return whether `text` is a full semantic version 2."""
    return _IS_SEMVER.fullmatch(text) is not None


@frozen
class InterfaceName:
    """`namespace:package/name@version`; in binaries the names of interfaces and worlds."""

    package: PackageName
    name: str


def parse_interface(text: str, version_suffix: str | None = None) -> InterfaceName | None:
    """Parse an interface's name, or return None; the suffix completes a version that was cut to its compatible part."""
    match = _INTERFACE.fullmatch(text + (version_suffix or ""))
    if match is None:
        return None
    namespace, package, name, version = match.groups()
    if version is not None and not is_version(version):
        return None
    return InterfaceName(PackageName(namespace, package, version), name)


def parse_function(name: str) -> tuple[FunctionKindTag, str | None] | None:
    """Return the kind of a function and the name of its resource, or None if `name` is not a function's name."""
    match = _FUNCTION.fullmatch(name)
    if match is None:
        return None
    constructor, made, member, resource, _item, _plain = match.groups()
    if constructor:
        return FunctionKindTag.CONSTRUCTOR, made
    if member:
        return FunctionKindTag(member), resource
    return FunctionKindTag.FREESTANDING, None
