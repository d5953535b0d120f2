"""The WIT that witgen ships is Golem's own, documentation aside."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.support.paths import SHARED
from witgen import golem
from witgen.base import frozen
from witgen.wit.model import ir
from witgen.wit.resolve import load

TREES = SHARED / "wit"

# The last Golem with workers, and the first with WebSockets; what both have is the same in both.
WORKERS, SOCKETS = "golem-wit-2025-08", "golem-2026-07"
PACKAGES = {
    "golem:api@1.1.7": WORKERS,
    "golem:rpc@0.2.2": WORKERS,
    "golem:websocket@1.5.0": SOCKETS,
    "wasi:blobstore": WORKERS,
    "wasi:cli@0.2.3": WORKERS,
    "wasi:clocks@0.2.3": WORKERS,
    "wasi:filesystem@0.2.3": WORKERS,
    "wasi:http@0.2.3": WORKERS,
    "wasi:io@0.2.3": WORKERS,
    "wasi:keyvalue@0.1.0": WORKERS,
    "wasi:logging": WORKERS,
    "wasi:random@0.2.3": WORKERS,
    "wasi:sockets@0.2.3": WORKERS,
}

# What a component exports to be called by its host.
ENTRANCES = {
    "golem:api/load-snapshot@1.1.7",
    "golem:api/oplog-processor@1.1.7",
    "golem:api/save-snapshot@1.1.7",
    "wasi:cli/run@0.2.3",
    "wasi:http/incoming-handler@0.2.3",
    "wasi:keyvalue/handle-watch@0.1.0",
}


def their_tree(name: str) -> Path:
    if not TREES.is_dir():
        pytest.skip("Golem's own trees are not there: no ../shared/wit beside the repository")
    return TREES / name


@pytest.fixture(scope="module")
def embedded() -> ir.Resolve:
    return load(golem.WIT, all_features=True)


@pytest.mark.parametrize("name", PACKAGES)
def test_declares_what_golem_declares(embedded: ir.Resolve, name: str) -> None:
    theirs = load(their_tree(PACKAGES[name]), all_features=True)
    assert Outline(embedded).package(name) == Outline(theirs).package(name)


@pytest.mark.parametrize("name", [name for name in PACKAGES if name.startswith("wasi:")])
def test_both_of_golems_trees_agree_on_wasi(name: str) -> None:
    workers, sockets = (load(their_tree(tree), all_features=True) for tree in (WORKERS, SOCKETS))
    assert Outline(workers).package(name) == Outline(sockets).package(name)


def test_holds_these_packages_and_its_own(embedded: ir.Resolve) -> None:
    assert {str(package.name) for package in embedded.packages} == {*PACKAGES, "witgen:golem"}


def test_documentation_is_our_own() -> None:
    theirs = {sentence: path for tree in (WORKERS, SOCKETS) for sentence, path in sentences(their_tree(tree))}
    same = [f"{path}: {sentence} ({theirs[sentence]})" for sentence, path in sentences(golem.WIT) if sentence in theirs]
    assert same == []


def sentences(tree: Path) -> list[tuple[str, str]]:
    """Every sentence in the comments of a tree's files, in lower case and without marks; and its file."""
    found: list[tuple[str, str]] = []
    for path in sorted(tree.rglob("*.wit")):
        lines = [line.strip() for line in path.read_text(encoding="utf-8").splitlines()]
        # What is not a comment ends one.
        text = "\n".join(line.lstrip("/").strip() if line.startswith("//") else "" for line in lines)
        for sentence in re.split(r"(?<=[.:;!?])\s+|\n\s*\n|\n- ", text):
            words = re.findall(r"[a-z0-9]+", sentence.lower())
            found += [(" ".join(words), path.relative_to(tree).as_posix())] if words else []
    return found


def test_everything_is_documented(embedded: ir.Resolve) -> None:
    """The documentation becomes docstrings. Only what WIT has no better place for goes without."""
    assert [name for name, docs in documented(embedded) if docs is None] == []


def documented(resolve: ir.Resolve) -> Iterator[tuple[str, ir.Docs | None]]:
    """Every package, world, interface, type, case, field and function, with its documentation."""
    for package in resolve.packages:
        yield str(package.name), package.docs
        for name, world in package.worlds.items():
            yield f"{package.name} {name}", resolve.worlds[world].docs
    for number, interface in enumerate(resolve.interfaces):
        title = str(resolve.interface_name(ir.InterfaceId(number)))
        yield title, interface.docs
        yield from ((f"{title}: {name}", function.docs) for name, function in interface.functions.items())
        for name, id_ in interface.types.items():
            definition = resolve.types[id_]
            if isinstance(definition.kind, ir.Alias) and is_used(resolve, definition, ir.InterfaceId(number)):
                continue
            yield f"{title}: {name}", definition.docs
            yield from ((f"{title}: {name}.{part.name}", part.docs) for part in parts(definition.kind))


def is_used(resolve: ir.Resolve, definition: ir.TypeDef, interface: ir.InterfaceId) -> bool:
    """Tell whether a type is another interface's, under `use`."""
    target = definition.kind.type if isinstance(definition.kind, ir.Alias) else None
    owner = resolve.types[target.id].owner if isinstance(target, ir.TypeRef) else None
    return owner is not None and owner.interface != interface


def parts(kind: ir.TypeKind) -> tuple[ir.Field | ir.Case | ir.EnumCase | ir.Flag, ...]:
    match kind:
        case ir.Record():
            return kind.fields
        case ir.Variant() | ir.Enum():
            return kind.cases
        case ir.Flags():
            return kind.flags
        case _:
            return ()


def test_the_agent_imports_all_that_golem_offers(embedded: ir.Resolve) -> None:
    imported = {
        embedded.interface_name(key) for key in own_world(embedded, "agent").imports if not isinstance(key, str)
    }
    stable = {
        embedded.interface_name(ir.InterfaceId(id_))
        for id_, interface in enumerate(embedded.interfaces)
        if not isinstance(interface.stability, ir.Unstable)
    }
    assert imported == stable - ENTRANCES


@pytest.mark.parametrize(
    ("name", "exported"),
    [
        ("command", ["wasi:cli/run@0.2.3"]),
        ("web-server", ["wasi:http/incoming-handler@0.2.3"]),
        ("snapshots", ["golem:api/load-snapshot@1.1.7", "golem:api/save-snapshot@1.1.7"]),
    ],
)
def test_other_worlds_add_entrances(embedded: ir.Resolve, name: str, exported: list[str]) -> None:
    world = own_world(embedded, name)
    assert [embedded.interface_name(key) for key in world.exports if not isinstance(key, str)] == exported
    assert set(world.imports) == (set() if name == "snapshots" else set(own_world(embedded, "agent").imports))


def own_world(resolve: ir.Resolve, name: str) -> ir.World:
    [package] = [package for package in resolve.packages if package.name.namespace == "witgen"]
    return resolve.worlds[package.worlds[name]]


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

    def _world(self, world: ir.World) -> Any:
        return self._side(world.imports), self._side(world.exports), world.stability

    def _side(self, items: Mapping[ir.WorldKey, ir.WorldItem]) -> list[tuple[Any, Any]]:
        return [(self._key(key), self._item(item)) for key, item in items.items()]

    def _item(self, item: ir.WorldItem) -> Any:
        return item.stability if isinstance(item, ir.InterfaceItem) else self._value(item)

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
            case _ if frozen.fields(type(value)) is not None:
                fields = [f for f in frozen.fields(type(value)) or () if f not in {"docs", "span"}]
                return type(value).__name__, *((f, self._value(getattr(value, f))) for f in fields)
            case Mapping():
                return {key: self._value(item) for key, item in value.items()}
            case _:
                return value
