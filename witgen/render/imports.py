"""The exact imports of one generated module."""

from __future__ import annotations

from collections.abc import Iterable

__all__ = ["Imports"]


class Imports:
    """Collects what a module uses, and hands out the local name of each thing.

    A name that the module defines itself, or that two modules offer, is imported under a private alias, so that no WIT
    name can capture what generated code relies on.
    """

    def __init__(self, defined: Iterable[str] = ()) -> None:
        self._taken: dict[str, tuple[str, str] | None] = dict.fromkeys(defined)
        self._names: dict[tuple[str, str], str] = {}
        self._modules: dict[tuple[str, str], str] = {}
        self._reexported: list[tuple[str, str, str]] = []

    def name(self, module: str, name: str) -> str:
        """Import `name` from `module` and return what it is called here."""
        key = (module, name)
        if key not in self._names:
            local = name
            while local in self._taken and self._taken[local] != key:
                local = "_" + local
            self._taken[local] = key
            self._names[key] = local
        return self._names[key]

    def module(self, package: str, name: str, alias: str | None = None) -> str:
        """Import module `name` from `package` ("" for an absolute one) under a private alias and return the alias."""
        key = (package, name)
        if key not in self._modules:
            local = alias or "_" + name
            while local in self._modules.values():
                local += "_"
            self._modules[key] = local
        return self._modules[key]

    def reexport(self, module: str, name: str, local: str) -> str:
        """Import `name` from `module` as `local`, a name of the module's own surface, and return `local`."""
        self._taken[local] = (module, name)
        self._reexported.append((module, name, local))
        self._names.setdefault((module, name), local)
        return local

    def lines(self) -> list[str]:
        """Return the import statements: absolute ones, a blank line, relative ones; each group sorted."""
        by_module: dict[str, set[str]] = {}
        named = [(module, name, local) for (module, name), local in self._names.items()]
        for module, name, local in (*named, *self._reexported):
            by_module.setdefault(module, set()).add(name if name == local else f"{name} as {local}")
        absolute: list[tuple[str, str]] = []
        relative: list[tuple[str, str]] = []
        for (package, name), alias in self._modules.items():
            statement = f"from {package} import {name} as {alias}" if package else f"import {name} as {alias}"
            (relative if package.startswith(".") else absolute).append((f"{package or name} {alias}", statement))
        for module, names in by_module.items():
            statement = f"from {module} import {', '.join(sorted(names))}"
            (relative if module.startswith(".") else absolute).append((module, statement))
        groups = [[statement for _, statement in sorted(group)] for group in (absolute, relative) if group]
        return [line for index, group in enumerate(groups) for line in ([""] if index else []) + group]
