"""Modules that a package reuses: definitions that another generated package has become imports.

The packages may come from different worlds, so the generated definitions are compared, not the WIT, name by name.
Imports of a module must come from the same place, too: a class that refers to another one is equal only if that is.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import partial
from typing import NamedTuple, Protocol

from ..facts.world import ScopeFacts, WorldFacts
from .definitions import Definitions, definitions
from .env import render_template
from .imports import Imports
from .module import module_view
from .package import Module

__all__ = ["Conflict", "Sharing", "Source"]


class Source(Protocol):
    """A generated package."""

    @property
    def name(self) -> str:
        """Its import name."""
        ...

    @property
    def runtime(self) -> str:
        """The import name of its support code."""
        ...

    def text(self, path: str) -> str | None:
        """Return the text of a module, None where there is none."""
        ...

    def module_of(self, interface: str) -> str | None:
        """Return the name of an interface's modules; None if the package does not have it."""
        ...


class Conflict(NamedTuple):
    """An interface that a package has with something else in it: `item`; None where its modules have another name."""

    source: Source
    scope: ScopeFacts
    item: str | None


class Sharing:
    """Decides which modules of a world come from which package."""

    def __init__(self, facts: WorldFacts, modules: Iterable[Module], sources: Sequence[Source]) -> None:
        self._facts = facts
        self._modules = {module.path: module for module in modules}
        self._sources = sources
        self._own: dict[str, Definitions | None] = {}
        self._theirs: dict[tuple[str, str], Definitions | None] = {}
        self._homes: dict[str, Source | None] = {}

    def modules(self) -> Iterator[Module]:
        """Yield the modules of the world, which import the definitions that a package has."""
        for path, module in self._modules.items():
            yield module._replace(render=partial(self._text, path))

    def conflicts(self) -> Iterator[Conflict]:
        """Yield the interfaces whose types a package should have, and has not."""
        for scope in self._facts.scopes.values():
            known = ((source, source.module_of(scope.title)) for source in self._sources)
            for source, module in known:
                if module is not None and self._origin(source, f"_abi/{scope.module}.py") == source.name:
                    item = next(self._differences(source, scope), None)
                    if module != scope.module or item is not None:
                        yield Conflict(source, scope, item if module == scope.module else None)

    def _differences(self, source: Source, scope: ScopeFacts) -> Iterator[str]:
        """Yield the differences of a package: missing or different types, and different functions."""
        own, theirs = self._both(source, f"_abi/{scope.module}.py")
        for fact in scope.types.values():
            if own.get(fact.constant) != theirs.get(fact.constant):
                yield self._facts.wit_name(fact)
        for function in scope.functions:
            if own[function.constant] != theirs.get(function.constant, own[function.constant]):
                yield function.function.name
        own, theirs = self._both(source, f"types/{scope.module}.py")
        yield from (name for name, definition in own.items() if theirs.get(name) != definition)

    def _both(self, source: Source, path: str) -> tuple[Mapping[str, str], Mapping[str, str]]:
        own, theirs = self._defined(path), self._of(source, path)
        return own.items if own is not None else {}, theirs.items if theirs is not None else {}

    def _text(self, path: str) -> str | None:
        source, module = self._home(path), self._modules[path]
        own = self._defined(path)
        if source is None or own is None:
            return module.render()
        scope = self._facts.scopes[module.owner]
        imports = Imports()
        for name in own.exported:
            imports.name(f"{source.name}.{_dotted(path)}", name)
        doc = f"What `{source.name}` has of `{scope.title}`."
        view = module_view(self._facts, scope, doc=doc, imports=imports, exported=own.exported)
        return render_template("reused.py.jinja", module=view)

    def _home(self, path: str) -> Source | None:
        """Return the package that has the definitions of a module."""
        if path not in self._homes:
            self._homes[path] = next((source for source in self._sources if self._has(source, path)), None)
        return self._homes[path]

    def _has(self, source: Source, path: str) -> bool:
        own, theirs = self._defined(path), self._of(source, path)
        if own is None or theirs is None or path.endswith("__init__.py"):
            return False
        if any(theirs.items.get(name) != definition for name, definition in own.items.items()):
            return False
        for needed in self._needed(own):
            home = self._home(needed)
            if home is None or home.name != self._origin(source, needed):
                return False
        return True

    def _needed(self, module: Definitions) -> Iterator[str]:
        """Yield the modules of the world that a module imports."""
        for target in module.imports.values():
            place, _, name = target.removeprefix("./").partition(":")
            folder = f"{place}/{name}".lstrip("/.")
            candidates = (f"{folder}.py", f"{folder}/__init__.py", f"{place}.py", f"{place}/__init__.py")
            yield from [path for path in candidates if path in self._modules][:1]

    def _origin(self, source: Source, path: str) -> str:
        """Return the origin of a package's module: the package itself, or one that it reuses."""
        found = self._of(source, path)
        suffix = f".{_dotted(path)}"
        places = {each.partition(":")[0] for each in found.items.values()} if found is not None else set[str]()
        place = places.pop() if len(places) == 1 else ""
        return place.removesuffix(suffix) if place.endswith(suffix) else source.name

    def _defined(self, path: str) -> Definitions | None:
        if path not in self._own:
            text = self._modules[path].render() if path in self._modules else None
            self._own[path] = definitions(text, path, self._facts.runtime) if text is not None else None
        return self._own[path]

    def _of(self, source: Source, path: str) -> Definitions | None:
        key = (source.name, path)
        if key not in self._theirs:
            text = source.text(path)
            self._theirs[key] = definitions(text, path, source.runtime) if text is not None else None
        return self._theirs[key]


def _dotted(path: str) -> str:
    return path.removesuffix(".py").replace("/", ".")
