"""The WIT that witgen ships is that of Golem's releases, documentation aside."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from tests.support.paths import SHARED
from witgen import golem
from witgen.base import frozen
from witgen.base.resources import GOLEM_RELEASES
from witgen.wit.model import ir
from witgen.wit.resolve import load

TREES = SHARED / "wit"

WORKERS, SOCKETS = "golem-wit-2025-08", "golem-2026-07"
"""Golem's last tree with workers, and the first with WebSockets; packages of both are the same in both."""
TREE_OF = {"1.5": "golem-1.5.9", "main": "golem-main-2026-08"}

SHARED_PACKAGES = ("blobstore", "keyvalue@0.1.0", "logging")
OLD_WASI = ("cli", "clocks", "filesystem", "http", "io", "random", "sockets")
PACKAGES: dict[str, dict[str, str]] = {
    "workers": {
        "golem:api@1.1.7": WORKERS,
        "golem:durability@1.2.1": WORKERS,
        "golem:rdbms@0.0.1": WORKERS,
        "golem:rpc@0.2.2": WORKERS,
        "golem:websocket@1.5.0": SOCKETS,
        **{f"wasi:{name}": WORKERS for name in (*SHARED_PACKAGES, "config@0.2.0-draft")},
        **{f"wasi:{name}@0.2.3": WORKERS for name in OLD_WASI},
    },
    "1.5": dict.fromkeys(
        (
            *(f"golem:{name}@1.5.0" for name in ("agent", "api", "core", "durability", "quota", "rdbms", "websocket")),
            *(f"wasi:{name}" for name in (*SHARED_PACKAGES, "config@0.2.0-draft")),
            *(f"wasi:{name}@0.2.3" for name in OLD_WASI),
        ),
        TREE_OF["1.5"],
    ),
    "main": dict.fromkeys(
        (
            *(f"golem:{name}@0.1.0" for name in ("permissions", "secrets", "tool")),
            *(f"golem:{name}@1.5.0" for name in ("api", "quota", "rdbms", "websocket")),
            *("golem:agent@2.0.0", "golem:core@2.0.0", "golem:durability@1.6.0"),
            *(f"wasi:{name}" for name in (*SHARED_PACKAGES, "config@0.2.0-draft")),
            *(f"wasi:{name}@0.2.6" for name in OLD_WASI),
            *(f"wasi:{name}@0.3.0" for name in OLD_WASI if name != "io"),
        ),
        TREE_OF["main"],
    ),
}

# Exported by components, to be called by their host.
ENTRANCES = {
    "workers": {
        "golem:api/load-snapshot@1.1.7",
        "golem:api/oplog-processor@1.1.7",
        "golem:api/save-snapshot@1.1.7",
        "wasi:cli/run@0.2.3",
        "wasi:http/incoming-handler@0.2.3",
        "wasi:keyvalue/handle-watch@0.1.0",
    },
    "1.5": {
        "golem:agent/guest@1.5.0",
        "golem:api/load-snapshot@1.5.0",
        "golem:api/oplog-processor@1.5.0",
        "golem:api/save-snapshot@1.5.0",
        "wasi:cli/run@0.2.3",
        "wasi:http/incoming-handler@0.2.3",
        "wasi:keyvalue/handle-watch@0.1.0",
    },
    "main": {
        "golem:agent/guest@2.0.0",
        "golem:api/load-snapshot@1.5.0",
        "golem:api/oplog-processor@1.5.0",
        "golem:api/save-snapshot@1.5.0",
        "golem:tool/guest@0.1.0",
        "wasi:cli/run@0.2.6",
        "wasi:cli/run@0.3.0",
        "wasi:http/handler@0.3.0",
        "wasi:http/incoming-handler@0.2.6",
        "wasi:keyvalue/handle-watch@0.1.0",
    },
}


@cache
def embedded(release: str) -> ir.Resolve:
    return load(golem.wit_of(release), all_features=True)


def their_tree(name: str) -> Path:
    if not TREES.is_dir():
        pytest.skip("Golem's own trees are not there: no ../shared/wit beside the repository")
    return TREES / name


@cache
def theirs(tree: str) -> ir.Resolve:
    return load(their_tree(tree), all_features=True)


each_release = pytest.mark.parametrize("release", GOLEM_RELEASES)


@pytest.mark.parametrize(("release", "name"), [(release, name) for release in PACKAGES for name in PACKAGES[release]])
def test_declares_what_golem_declares(release: str, name: str) -> None:
    assert Outline(embedded(release)).package(name) == Outline(theirs(PACKAGES[release][name])).package(name)


@pytest.mark.parametrize("release", TREE_OF)
def test_has_every_package_of_the_release(release: str) -> None:
    """Except the one whose only content is the world of the executor."""
    names = {str(package.name) for package in theirs(TREE_OF[release]).packages}
    assert {*PACKAGES[release]} == names - {"golem:api"}


@pytest.mark.parametrize("name", [name for name in PACKAGES["workers"] if name.startswith("wasi:")])
def test_both_of_golems_trees_agree_on_wasi(name: str) -> None:
    assert Outline(theirs(WORKERS)).package(name) == Outline(theirs(SOCKETS)).package(name)


@each_release
def test_holds_these_packages_and_its_own(release: str) -> None:
    assert {str(package.name) for package in embedded(release).packages} == {*PACKAGES[release], "witgen:golem"}


@each_release
def test_documentation_is_our_own(release: str) -> None:
    trees = {*PACKAGES[release].values()}
    known = {sentence: path for tree in trees for sentence, path in sentences(their_tree(tree))}
    ours = sentences(golem.wit_of(release))
    assert [f"{path}: {sentence} ({known[sentence]})" for sentence, path in ours if sentence in known] == []


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


@each_release
def test_everything_is_documented(release: str) -> None:
    """The documentation becomes docstrings. Only what WIT has no better place for goes without.

    In the releases with agents, and for databases, some fields and cases go without, too, whose names say everything.
    """
    plain = [name for name, docs in documented(embedded(release)) if docs is None]
    terse = "golem:rdbms/" if release == "workers" else ""
    assert [name for name in plain if not (name.startswith(terse) and is_part(name))] == []


def is_part(name: str) -> bool:
    """Return whether a name is that of a field or a case, or of a method."""
    return "." in name.rpartition(": ")[2]


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


@each_release
def test_the_imports_are_all_that_golem_offers(release: str) -> None:
    tree = embedded(release)
    world = own_world(tree, "cluster" if release == "workers" else "imports")
    imported = {tree.interface_name(key) for key in world.imports if not isinstance(key, str)}
    stable = {
        tree.interface_name(ir.InterfaceId(id_))
        for id_, interface in enumerate(tree.interfaces)
        if not isinstance(interface.stability, ir.Unstable)
    }
    assert imported == stable - ENTRANCES[release]


SNAPSHOTS = {
    release: [f"golem:api/{verb}-snapshot@{version}" for verb in ("load", "save")]
    for release, version in {"workers": "1.1.7", "1.5": "1.5.0", "main": "1.5.0"}.items()
}


@pytest.mark.parametrize(
    ("release", "name", "exported"),
    [
        ("workers", "command", ["wasi:cli/run@0.2.3"]),
        ("workers", "web-server", ["wasi:http/incoming-handler@0.2.3"]),
        *((release, "snapshots", SNAPSHOTS[release]) for release in SNAPSHOTS),
        ("1.5", "agent", ["golem:agent/guest@1.5.0", *SNAPSHOTS["1.5"]]),
        ("main", "agent", ["golem:agent/guest@2.0.0", *SNAPSHOTS["main"]]),
    ],
)
def test_other_worlds_add_entrances(release: str, name: str, exported: list[str]) -> None:
    tree = embedded(release)
    world = own_world(tree, name)
    assert [tree.interface_name(key) for key in world.exports if not isinstance(key, str)] == exported
    everything = set(own_world(tree, "agent").imports)
    if name != "snapshots":
        assert set(world.imports) == everything
    elif release == "workers":
        assert set(world.imports) == set()
    else:
        assert set(world.imports) < everything  # the types of snapshots are those of golem:api/host


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
