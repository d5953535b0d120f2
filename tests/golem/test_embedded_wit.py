"""The WIT that witgen ships is Golem's own, documentation aside."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from witgen import golem
from witgen.model import ir
from witgen.resolver import load

GOLEM_TREE = Path(__file__).parents[2].parent / "shared" / "wit" / "golem-2026-07"
PACKAGES = ("golem:websocket@1.5.0", "wasi:clocks@0.2.3", "wasi:io@0.2.3", "wasi:logging")


@pytest.fixture(scope="module")
def embedded() -> ir.Resolve:
    return load(golem.WIT, all_features=True)


@pytest.mark.parametrize("name", PACKAGES)
def test_declares_what_golem_declares(embedded: ir.Resolve, name: str) -> None:
    if not GOLEM_TREE.is_dir():
        pytest.skip("Golem's own tree is not there: no ../shared/wit/golem-2026-07 beside the repository")
    theirs = load(GOLEM_TREE, all_features=True)
    assert Outline(embedded).package(name) == Outline(theirs).package(name)


def test_everything_is_documented(embedded: ir.Resolve) -> None:
    """The documentation becomes docstrings. Only what WIT has no better place for goes without."""
    missing = [
        f"{embedded.interface_name(id_)}: {name}"
        for id_, interface in enumerate(embedded.interfaces)
        for name, item in [*interface.functions.items(), *((n, embedded.types[t]) for n, t in interface.types.items())]
        if item.docs is None and not (isinstance(item, ir.TypeDef) and isinstance(item.kind, ir.Alias))
        for id_ in [ir.InterfaceId(id_)]
    ]
    undocumented = [embedded.interface_name(ir.InterfaceId(i)) for i, f in enumerate(embedded.interfaces) if not f.docs]
    assert missing == []
    assert undocumented == []


def test_the_world_imports_every_stable_interface(embedded: ir.Resolve) -> None:
    [world] = [world for world in embedded.worlds if embedded.packages[world.package].name.namespace == "witgen"]
    imported = {embedded.interface_name(key) for key in world.imports if not isinstance(key, str)}
    stable = {
        embedded.interface_name(ir.InterfaceId(id_))
        for id_, interface in enumerate(embedded.interfaces)
        if not isinstance(interface.stability, ir.Unstable)
    }
    assert imported == stable


class Outline:
    """Declarations as plain data without documentation and without the numbers of one resolved tree."""

    def __init__(self, resolve: ir.Resolve) -> None:
        self._resolve = resolve

    def package(self, name: str) -> dict[str, Any]:
        [package] = [package for package in self._resolve.packages if str(package.name) == name]
        return {
            "interfaces": {n: self._interface(self._resolve.interfaces[i]) for n, i in package.interfaces.items()},
            "worlds": {n: self._world(self._resolve.worlds[w]) for n, w in package.worlds.items()},
        }

    def _world(self, world: ir.World) -> list[tuple[str, Any]]:
        return [self._key(key) for key in world.imports] + [self._key(key) for key in world.exports]

    def _key(self, key: ir.WorldKey) -> Any:
        return key if isinstance(key, str) else self._resolve.interface_name(key)

    def _interface(self, interface: ir.Interface) -> dict[str, Any]:
        return {
            "types": [(name, self._definition(id_)) for name, id_ in interface.types.items()],
            "functions": [(name, self._value(function)) for name, function in interface.functions.items()],
            "stability": interface.stability,
        }

    def _definition(self, id_: ir.TypeId) -> Any:
        return self._value(self._resolve.types[id_].kind), self._resolve.types[id_].stability

    def _type(self, id_: ir.TypeId) -> Any:
        definition = self._resolve.types[id_]
        if definition.name is None or definition.owner is None:
            return self._definition(id_)
        owner = definition.owner.interface
        return definition.name, None if owner is None else self._resolve.interface_name(owner)

    def _value(self, value: Any) -> Any:
        """Follow a dataclass of the IR; every number in it that counts types becomes what it stands for."""
        match value:
            case ir.TypeRef(id=id_) | ir.Own(resource=id_) | ir.Borrow(resource=id_):
                return type(value).__name__, self._type(id_)
            case tuple():
                return [self._value(item) for item in value]
            case ir.FunctionKind():
                return value.tag, value.is_async, None if value.resource is None else self._type(value.resource)
            case _ if hasattr(value, "__dataclass_fields__"):
                fields = [f for f in value.__dataclass_fields__ if f not in {"docs", "span"}]
                return type(value).__name__, *((f, self._value(getattr(value, f))) for f in fields)
            case Mapping():
                return {key: self._value(item) for key, item in value.items()}
            case _:
                return value
