"""The exact imports of one generated module."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable
from functools import lru_cache
from itertools import groupby
from typing import TypeAlias

__all__ = ["COPY", "Imports", "all_order", "member_order"]


COPY = "runtime"
"""The folder of the output that holds a copy of the runtime, where the output has its own."""

_KEPT = 4096
"""How many names' places in the order are kept: the modules of a world have the same names."""


class Imports:
    """The namespace of one generated module: assigns every name in it, and collects the module's imports.

    `defined` are the names that follow from WIT, public and private. They are taken first, and everything else that the
    module imports or defines gets a free name: no WIT name can hide a name that generated code relies on.
    """

    def __init__(self, defined: Iterable[str] = ()) -> None:
        self._taken: dict[str, tuple[str, str] | None] = dict.fromkeys(defined)
        self._names: dict[tuple[str, str], str] = {}
        self._modules: dict[tuple[str, str], str] = {}
        self._reexported: list[tuple[str, str, str]] = []

    def name(self, module: str, name: str, alias: str | None = None) -> str:
        """Import `name` from `module`, as `alias` if that is free, and return its local name."""
        key = (module, name)
        if key not in self._names:
            local = alias or name
            while local in self._taken and self._taken[local] != key:
                local = "_" + local
            self._taken[local] = key
            self._names[key] = local
        return self._names[key]

    def builtin(self, name: str) -> str:
        """Return the local name of Python's `name`."""
        return f"{self.module('', 'builtins')}.{name}" if name in self._taken else name

    def define(self, name: str) -> str:
        """Return the name of a helper that the module defines: `name`, with as many `_` appended as make it free."""
        while name in self._taken:
            name += "_"
        self._taken[name] = None
        return name

    def module(self, package: str, name: str, alias: str | None = None) -> str:
        """Import module `name` from `package` ("" for an absolute one) under an alias and return the alias."""
        key = (package, name)
        if key not in self._modules:
            self._modules[key] = self.define(alias or "_" + name)
        return self._modules[key]

    def reexport(self, module: str, name: str, local: str) -> str:
        """Import `name` from `module` as `local`, a name of the module's own surface, and return `local`."""
        self._taken[local] = (module, name)
        self._reexported.append((module, name, local))
        self._names.setdefault((module, name), local)
        return local

    def lines(self, runtime: str | None = None) -> list[str]:
        """Return the import statements in isort's order: Python's, other packages', relative ones, with blank lines.

        `runtime` is the import name of the runtime; None for the copy in the output.
        """
        plain: dict[str, set[str]] = {}
        statements: list[tuple[_Key, str]] = []
        for (package, name), alias in self._modules.items():
            source = _moved(package, runtime)
            imported = name if name == alias else f"{name} as {alias}"
            statement = f"from {source} import {imported}" if source else f"import {imported}"
            statements.append((_key(source, name), statement))
        named = [(module, name, local) for (module, name), local in self._names.items()]
        for module, name, local in dict.fromkeys((*named, *self._reexported)):
            source = _moved(module, runtime)
            if name == local:
                plain.setdefault(source, set()).add(name)
            else:
                statements.append((_key(source, name), f"from {source} import {name} as {local}"))
        for source, names in plain.items():
            ordered = sorted(names, key=member_order)
            statements.append((_key(source, ordered[0], aliased=False), f"from {source} import {', '.join(ordered)}"))
        groups = (list(group) for _, group in groupby(sorted(statements), key=lambda item: item[0][0]))
        return [line for group in groups for line in ("", *(statement for _, statement in group))][1:]


_RUNTIME = "_runtime"
"""The local name of the runtime: one that no WIT module can have."""


def _moved(module: str, runtime: str | None) -> str:
    """Return where a module of the runtime is: in the package `runtime`, or in the copy; others stay where they are."""
    relative = module.lstrip(".")
    if relative == module or f"{relative}.".partition(".")[0] != _RUNTIME:
        return module
    if runtime is None:
        return module.replace(_RUNTIME, COPY, 1)
    return runtime + relative.removeprefix(_RUNTIME)


_Key: TypeAlias = tuple[int, bool, int, str, tuple[int, str, str], bool]


def _key(module: str, name: str, *, aliased: bool = True) -> _Key:
    """Order as isort does: `import` before `from`, furthest relative imports first, then by module and member."""
    dots = len(module) - len(module.lstrip("."))
    group = 2 if dots else int(bool(module) and module.partition(".")[0] not in sys.stdlib_module_names)
    return group, bool(module), -dots, module.lstrip("."), member_order(name), aliased


@lru_cache(_KEPT)
def member_order(name: str) -> tuple[int, str, str]:
    """Order names as isort does: constants, classes, everything else; digits by their value."""
    kind, natural = all_order(name)
    return kind, natural.lower(), natural


@lru_cache(_KEPT)
def all_order(name: str) -> tuple[int, str]:
    """Order names as `__all__` sorters do: like members of an import, but upper case before lower case."""
    constant = name.isupper() and len(name) > 1
    kind = 0 if constant else 1 if name[:1].isupper() else 2
    return kind, re.sub(r"\d+", lambda digits: digits.group().zfill(20), name)
