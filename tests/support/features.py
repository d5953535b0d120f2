"""The features of golden/features at work: bindings, a component that passes everything on, a host that plays along."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace, TracebackType
from typing import Any, Self, cast

from tests.support.forwarding import forwarder
from tests.support.paths import GOLDEN
from witgen import Config, generate
from witgen_runtime import abi, host

FOLDER = GOLDEN / "features"
FEATURES = sorted(path.name for path in FOLDER.iterdir())


def package(feature: str) -> str:
    return feature.replace("-", "_") + "_bindings"


def bindings(feature: str, root: Path) -> None:
    """Generate the bindings of a feature below `root`."""
    name = package(feature)
    generate(Config(FOLDER / feature, out=root / name, guest=False))
    if str(root) not in sys.path:
        sys.path.insert(0, str(root))


class Host:
    """Implements every function of every import that is not wasmtime's: with what `answer` returns or raises."""

    def __init__(self, definition: host.Definition) -> None:
        self.seen: list[tuple[Any, ...]] = []
        self.dropped: list[object] = []
        self.answer: Callable[[], Any] = lambda: None
        self.classes: dict[str, Any] = {}
        self.imports = SimpleNamespace()
        for item in definition.imports:
            if item.native:
                continue
            members = dict(self._members(item))
            if not item.attribute:
                vars(self.imports).update(members)
                continue
            alone = len(members) == 1 and item.interface.resources
            implementation = next(iter(members.values())) if alone else SimpleNamespace(**members)
            setattr(self.imports, item.attribute, implementation)

    def _members(self, item: host.Import) -> Iterator[tuple[str, Any]]:
        for resource, name in item.interface.resources:
            self.classes[name] = self._class(item, resource, getattr(item.module, name))
            yield name, self.classes[name]
        for function in item.interface.functions:
            if function.resource is None:
                yield function.python, self._plays(item.attribute)

    def _plays(self, *told: object) -> Callable[..., Any]:
        def play(*arguments: Any) -> Any:
            self.seen.append((*told, *arguments))
            return self.answer()

        return play

    def _class(self, item: host.Import, resource: abi.Resource, base: type[Any]) -> type[Any]:
        def construct(_: object, *arguments: Any) -> None:
            self._plays(item.attribute)(*arguments)

        def dropped(instance: object) -> None:
            self.dropped.append(instance)

        members: dict[str, Any] = {"dropped": dropped}
        for function in item.interface.functions:
            if function.resource is resource:
                kind = function.name.partition("]")[0]
                if kind == "[constructor":
                    members["__init__"] = construct
                else:
                    play = self._plays(item.attribute)
                    members[function.python] = classmethod(play) if kind == "[static" else _method(play)
        return type(base.__name__, (base,), members)


def _method(play: Callable[..., Any]) -> Callable[..., Any]:
    def method(*arguments: Any) -> Any:
        return play(*arguments)

    return method


class Feature:
    """A feature's world, run."""

    def __init__(self, feature: str, root: Path) -> None:
        bindings(feature, root)
        module = importlib.import_module(f"{package(feature)}.host")
        worlds = (each for each in vars(module).values() if isinstance(each, type) and issubclass(each, host.World))
        made = next(worlds)
        self.definition = cast("host.Definition", vars(made)["_definition"])
        self.host = Host(self.definition)
        out = root / f"{package(feature)}.wasm"
        known = {interface.name: interface for interface in self.definition.exports}
        forwarder(FOLDER / feature, known, out)
        self.world: Any = made._open(out, self.host.imports)
        self.component = out
        self.root = root

    def api(self, interface: abi.Interface) -> Any:
        """Return what has the functions of an exported interface."""
        if not interface.name:
            return self.world
        attributes = [item.attribute for item in self.definition.imports if item.name == interface.name]
        return getattr(self.world, attributes[0])

    def imported(self, interface: abi.Interface, function: abi.Function) -> abi.Function:
        """Return the import that a function is passed on to."""
        (item,) = (item for item in self.definition.imports if item.name == interface.name)
        return next(each for each in item.interface.functions if each.name == function.name)

    def linked(self, made: type[host.World]) -> Any:
        """Run the component once more, on what this one exports, as a world of other bindings or of the same."""
        attributes = [item.attribute for item in self.definition.imports if hasattr(self.world, item.attribute or " ")]
        exports = {each: getattr(self.world, each) for each in attributes}
        return made._open(self.component, SimpleNamespace(**vars(self.host.imports) | exports))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        self.world.close()
