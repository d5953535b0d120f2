"""Definitions of worlds, and the check whether a component fits one."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property, partial
from types import ModuleType
from typing import Any, TypeAlias, cast
from weakref import WeakKeyDictionary

import wasmtime
from wasmtime import component as wasm

from ... import abi
from .. import signatures
from ..adapters.compose.waits import OWN_IMPORT
from ..adapters.names import PREFIX
from ..adapters.options import Adapters
from ..adapters.reflected import examine, full_name, ways
from ..errors import LinkError, listed
from ..origin import origin_of
from .versions import Versions, is_http, is_native

__all__ = ["Definition", "Import", "Needs", "labelled"]

_STREAMS = "wasi:io/streams@0.2."


def labelled(interface: abi.Interface, label: str) -> abi.Interface:
    """Return an interface as a component knows it that exports it as `label: interface`."""
    return replace(interface, name=label)


_Extern: TypeAlias = Any
"""The type of an import or export in wasmtime-py: an item, from version 49 on in the attribute `ty`."""


def _item(extern: _Extern) -> wasm.ComponentItem:
    return cast("wasm.ComponentItem", getattr(extern, "ty", extern))


@dataclass(frozen=True, eq=False)
class Import:
    """An imported interface.

    `attribute` is the field of the world's imports that holds the implementation; empty for the world's own functions
    and resources, which are fields themselves. `module` has the base classes of the interface's resources. A `native`
    one is wasmtime's unless the field has something else. `label` is the plain name of `import label: interface`.
    """

    attribute: str
    interface: abi.Interface
    module: ModuleType | None = None
    native: bool = False
    label: str = ""

    @property
    def name(self) -> str:
        """The component's name of the import: the interface's name, or the label under which it is imported."""
        return self.label or self.interface.name


@dataclass(frozen=True)
class Needs:
    """The part of a world that a component uses. Each name is one version of an interface.

    Imports go by the component's names, exports by the world's.
    """

    imports: Mapping[str, str]
    """The world's name of each interface that the component imports."""
    exports: Mapping[str, str]
    """The component's name of each interface that the world exports."""
    functions: Mapping[str, frozenset[str]]
    """The functions that the component imports, by the interface."""
    text: Mapping[tuple[str, str], frozenset[str]] = field(default_factory=dict[tuple[str, str], frozenset[str]])
    """The functions whose bytes travel as text, by `import` or `export` and the interface."""
    direct: Mapping[tuple[str, str], frozenset[str]] = field(default_factory=dict[tuple[str, str], frozenset[str]])
    """The functions whose lists are addresses and counts, likewise."""
    polled: Mapping[str, frozenset[str]] = field(default_factory=dict[str, frozenset[str]])
    """The imported async functions that are started and finished, by the interface."""
    numbers: Mapping[tuple[str, str], frozenset[str]] = field(default_factory=dict[tuple[str, str], frozenset[str]])
    """The functions whose streams and futures are numbers, by `import` or `export` and the interface."""
    lent: Mapping[str, frozenset[str]] = field(default_factory=dict[str, frozenset[str]])
    """The imported functions whose borrowed handles are numbers, by the interface."""
    adapters: frozenset[str] = frozenset()
    """Imports that the component has only because adapters were added."""
    refusal: str = ""
    """Why it was not."""
    http: frozenset[str] = frozenset()
    """The interfaces of `wasi:http` that the component imports and that wasmtime has."""


@dataclass(frozen=True, eq=False)
class Definition:
    """A world: the imports and exports that generated bindings expect of a component."""

    name: str
    imports: tuple[Import, ...]
    exports: tuple[abi.Interface, ...]
    adapters: Adapters = "auto"
    """The default for its components."""
    streams: bool = False
    """Whether functions have streams or futures. They need adapters, so their component has to be read."""
    _checked: WeakKeyDictionary[wasm.Component, Needs] = field(
        default_factory=WeakKeyDictionary[wasm.Component, Needs], init=False
    )
    remembered: dict[object, Any] = field(default_factory=dict[object, Any], init=False, repr=False)
    """What was found out about this world, for instance its components; see `preparation`."""

    @property
    def concurrent(self) -> bool:
        """Whether the world has async functions or streams, which need an engine that supports concurrent tasks."""
        known: bool | None = self.remembered.get("concurrent")
        if known is None:
            interfaces = (*(item.interface for item in self.imports), *self.exports)
            known = self.remembered["concurrent"] = self.streams or any(
                function.is_async for interface in interfaces for function in interface.functions
            )
        return known

    @cached_property
    def passes_streams(self) -> bool:
        """Whether Python may pass wasmtime's implementation of streams to a guest."""
        streams = {
            resource
            for item in self.imports
            if item.native and item.name.startswith(_STREAMS)
            for resource, _ in item.interface.resources
        }
        interfaces = (*(item.interface for item in self.imports if not item.native), *self.exports)
        functions = (function for interface in interfaces for function in interface.functions)
        types = (type_ for each in functions for type_ in (*(param.type for param in each.params), each.result))
        return bool(streams) and any(not streams.isdisjoint(_resources(type_)) for type_ in types)

    @cached_property
    def _imported(self) -> tuple[Versions, dict[str, Import]]:
        items = {item.name: item for item in self.imports}
        return Versions(items), items

    def imported(self, name: str) -> Import | None:
        """Return the import that a component means by one of its names."""
        versions, items = self._imported
        found = versions.find(name)
        return items[found] if found is not None else None

    def versions(self, name: str) -> list[str]:
        """Return the names of the imports that are some version of an interface."""
        return self._imported[0].others(name)

    def functions(self, needs: Needs) -> Iterator[tuple[str, abi.Function]]:
        """Yield the functions of a component that are Python's to implement or to call, with its interface's name."""
        _, items = self._imported
        for name, known in needs.imports.items():
            if known in items and not items[known].native:
                yield from ((name, function) for function in items[known].interface.functions)
        for interface in self.exports:
            if interface.name in needs.exports:
                name = needs.exports[interface.name]
                yield from ((name, function) for function in interface.functions)

    def serves(self, name: str) -> bool:
        """Return whether an import, by its name in the component, is implemented in Python (or not at all)."""
        known = self.imported(name)
        return not known.native if known is not None else not is_native(name)

    def needs(self, component: wasm.Component, engine: wasmtime.Engine, name: str = "the component") -> Needs:
        """Return the imports and exports of a component; raise if it, called `name`, does not fit this world."""
        needs = self._checked.get(component)
        if needs is None:
            needs = self._checked[component] = _Examination(self, component, engine).needs(name)
        return needs


def _resources(type_: abi.Type | None) -> Iterator[abi.Resource]:
    """Yield the resources whose handles values of a type may hold."""
    if isinstance(type_, (abi.Own, abi.Borrow)):
        yield type_.resource
    elif type_ is not None:
        for part in abi.children(type_):
            yield from _resources(part)


class _Examination:
    def __init__(self, definition: Definition, component: wasm.Component, engine: wasmtime.Engine) -> None:
        self._definition = definition
        self._engine = engine
        type_ = component.type
        self._imports = type_.imports(engine)
        self._exports = type_.exports(engine)
        self._problems: list[str] = []
        self._functions: dict[str, frozenset[str]] = {}
        self._text: dict[tuple[str, str], frozenset[str]] = {}
        self._direct: dict[tuple[str, str], frozenset[str]] = {}
        self._polled: dict[str, frozenset[str]] = {}
        self._numbers: dict[tuple[str, str], frozenset[str]] = {}
        self._lent: dict[str, frozenset[str]] = {}
        self._resources: list[wasm.ResourceType] = []
        self._http: set[str] = set()
        self._origin = origin_of(component)
        self._ways = ways(composed=self._origin.composed, lists=self._origin.lists)

    def needs(self, name: str) -> Needs:
        imports = self._match_imports()
        exports = self._match_exports()
        if self._problems:
            raise LinkError(listed(f"{name} does not fit world {self._definition.name}", self._problems))
        adapters = frozenset(name for name in self._imports if name.startswith(PREFIX))
        refusal = str(self._origin.refusal or "")
        functions = (self._functions, self._text, self._direct, self._polled, self._numbers, self._lent)
        return Needs(imports, exports, *functions, adapters, refusal, frozenset(self._http))

    def _needs_code(self, items: Iterable[object]) -> bool:
        """Return whether an interface needs an implementation: it has functions, or declares resources."""
        needs = False
        for item in items:
            if isinstance(item, wasm.ResourceType):
                needs |= item not in self._resources
                self._resources.append(item)
            needs |= isinstance(item, wasm.FuncType)
        return needs

    def _match_imports(self) -> dict[str, str]:
        matched: dict[str, str] = {}
        for name, extern in self._imports.items():
            if OWN_IMPORT.fullmatch(name):
                continue
            item = _item(extern)
            if isinstance(item, wasm.ComponentInstanceType):
                known = self._definition.imported(name)
                externs = item.exports(self._engine)
                needs_code = self._needs_code(map(_item, externs.values()))
                if needs_code and is_http(name):
                    self._http.add(name)
                if known is not None:
                    matched[name] = known.name
                    self._functions[name] = (
                        _agreed(known.interface, externs)
                        if known.native
                        else self._compare(known.interface, externs, "import", name, known.name)
                    )
                elif needs_code and not is_native(name):
                    others = self._definition.versions(name)
                    self._problems.append(f"import {name}: {_absent('the world', 'has no such import', others)}")
            elif isinstance(item, (wasm.FuncType, wasm.ResourceType)) and "" not in matched:
                matched[""] = ""
        if "" in matched:
            own = {name: extern for name, extern in self._imports.items() if not _is_instance(extern)}
            known = self._definition.imported("")
            interface = known.interface if known is not None else abi.Interface("", (), ())
            self._functions[""] = self._compare(interface, own, "import", "", "")
        return matched

    def _match_exports(self) -> dict[str, str]:
        items = {name: _item(extern) for name, extern in self._exports.items()}
        instances = {name: item for name, item in items.items() if isinstance(item, wasm.ComponentInstanceType)}
        theirs = Versions(instances)
        matched: dict[str, str] = {}
        for interface in self._definition.exports:
            known = interface.name
            if not known:
                matched[""] = ""
                self._compare(interface, self._exports, "export", "", "")
                continue
            name = theirs.find(known)
            if name is None:
                absent = _absent("the component", "does not have it", theirs.others(known))
                self._problems.append(f"export {known}: {absent}")
                continue
            matched[known] = name
            self._compare(interface, instances[name].exports(self._engine), "export", name, known)
        return matched

    def _compare(
        self, interface: abi.Interface, externs: Mapping[str, _Extern], kind: str, name: str, known: str
    ) -> frozenset[str]:
        """Compare the functions of both sides, and return those of the component.

        A missing function is a problem of the side that uses it. `kind` is `import` or `export`, `name` the component's
        name of the interface, `known` the world's.
        """
        exported, place = kind == "export", f"{name}#" if name else ""
        version = "" if name == known else f" (the world's version is {known})"
        functions = {function.name for function in interface.functions}
        before = partial(self._was, kind, name)
        examined = examine(interface, _functions(externs), self._ways, before)
        for missing in functions - examined.functions if exported else examined.functions - functions:
            whose = "the component does not have it" if exported else "the world has no such function"
            self._problems.append(f"{kind} {place}{missing}: {whose}{version}")
        for shared, (found, ours) in examined.different.items():
            self._problems.append(f"{kind} {place}{shared}: the component has {found}, the world {ours}{version}")
        key = (kind, known if exported else name)
        self._text[key], self._direct[key], self._numbers[key] = examined.text, examined.direct, examined.numbers
        if not exported:
            self._polled[name] = examined.polled
            self._lent[name] = examined.lent
        return examined.functions

    def _was(self, kind: str, name: str, function: str) -> Sequence[str]:
        """Return the signatures that a function of the component may have had before it was composed."""
        return self._origin.types.get(full_name(kind, name, function), ())


def _absent(side: str, plainly: str, others: Sequence[str]) -> str:
    """Report an interface that one side lacks, with the versions that it has."""
    if not others:
        return f"{side} {plainly}"
    return (
        f"{side} has {', '.join(others)}, which is not compatible; generate the bindings from the WIT that the"
        " component was built with, or build the component with the world's"
    )


def _functions(externs: Mapping[str, _Extern]) -> dict[str, wasm.FuncType]:
    items = {name: _item(extern) for name, extern in externs.items()}
    return {name: item for name, item in items.items() if isinstance(item, wasm.FuncType)}


def _agreed(interface: abi.Interface, externs: Mapping[str, _Extern]) -> frozenset[str]:
    """Return the functions that are the same for both sides: a component may use another release of WASI."""
    functions = {function.name: function for function in interface.functions}
    theirs = _functions(externs)
    shared = functions.keys() & theirs.keys()
    return frozenset(name for name in shared if signatures.expected(functions[name]) == signatures.found(theirs[name]))


def _is_instance(extern: _Extern) -> bool:
    return isinstance(_item(extern), wasm.ComponentInstanceType)
