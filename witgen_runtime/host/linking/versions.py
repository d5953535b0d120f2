"""Names of interfaces: which versions of one go together."""

from __future__ import annotations

import re
from collections.abc import Iterable

__all__ = ["Versions", "is_http", "is_native", "track"]

_NATIVE_PACKAGES = frozenset(f"wasi:{name}" for name in ("cli", "clocks", "filesystem", "io", "random", "sockets"))
_HTTP = frozenset({"wasi:http/types", "wasi:http/outgoing-handler"})
_NAME = re.compile(r"(?P<path>(?P<package>[^/@]+)/[^@]+)@(?P<version>(?P<major>\d+)\.(?P<minor>\d+)\.(?P<patch>\d+).*)")


def track(name: str) -> str:
    """Return an interface's name with the part of its version that has to agree, as semantic versioning has it."""
    match = _NAME.fullmatch(name)
    if match is None:
        return name
    major, minor, patch = match["major"], match["minor"], match["patch"]
    if "-" in match["version"].partition("+")[0]:
        return name
    agreed = major if major != "0" else f"0.{minor}" if minor != "0" else f"0.0.{patch}"
    return f"{match['path']}@{agreed}"


def is_native(name: str) -> bool:
    """Return whether wasmtime has an interface of that name."""
    match = _NAME.fullmatch(name)
    if match is None or not match["version"].startswith("0.2."):
        return False
    return match["package"] in _NATIVE_PACKAGES or match["path"] in _HTTP


def is_http(name: str) -> bool:
    """Return whether wasmtime has an interface of that name in stores that may send HTTP requests."""
    return name.startswith("wasi:http/") and is_native(name)


def _age(name: str) -> tuple[int, int, int]:
    match = _NAME.fullmatch(name)
    return (int(match["major"]), int(match["minor"]), int(match["patch"])) if match is not None else (0, 0, 0)


class Versions:
    """The names of interfaces that one side has, for finding those that the other side means.

    A world or a component may have several versions of an interface. Each belongs to its own name; another version,
    the newest compatible one, stands in only where that name is absent. wasmtime's linker does the same.
    """

    def __init__(self, names: Iterable[str]) -> None:
        self._names = dict.fromkeys(names)
        self._newest: dict[str, str] = {}
        self._by_path: dict[str, list[str]] = {}
        for name in self._names:
            shared = track(name)
            if shared not in self._newest or _age(name) > _age(self._newest[shared]):
                self._newest[shared] = name
            self._by_path.setdefault(name.partition("@")[0], []).append(name)

    def find(self, name: str) -> str | None:
        """Return the name that is meant by `name`: the same, or the newest compatible one; None if there is none."""
        return name if name in self._names else self._newest.get(track(name))

    def others(self, name: str) -> list[str]:
        """Return the names of the same interface in any version."""
        return self._by_path.get(name.partition("@")[0], [])
