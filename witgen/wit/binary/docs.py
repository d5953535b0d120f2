"""Documentation and stability, which binaries carry in the custom section `package-docs`: a version byte and JSON."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import TypeAlias, TypeVar, cast

from ...base.frozen import replace
from ..model import ir
from .draft import Draft, DraftInterface, DraftPackage, DraftWorld
from .names import is_label, is_version
from .problem import Code, Input
from .reader import Reader

__all__ = ["SECTION", "add_documentation"]

SECTION = "package-docs"
VERSIONS = (0, 1)
MAX_SIZE = 64 * 1024 * 1024

Json: TypeAlias = Mapping[str, object]
Items: TypeAlias = dict[ir.WorldKey, ir.WorldItem]
T = TypeVar("T", ir.Field, ir.Case, ir.Flag, ir.EnumCase)


def add_documentation(input: Input, draft: Draft, main: DraftPackage, section: Reader) -> None:
    """Add a section's documentation to the package it names, or to `main`; absent items are passed over."""
    at = section.pos
    size = section.end - at
    version = section.byte() if size else None
    if version not in VERSIONS or size > MAX_SIZE:
        raise _damaged(input, f"has the unknown version {version}" if size <= MAX_SIZE else "is too big", at)
    try:
        root: object = json.loads(input.data[section.pos : section.end].decode("utf-8"))
    except (ValueError, RecursionError):
        raise _damaged(input, "is not JSON", at) from None
    _Documentation(input, draft, at).package(root, main)


def _damaged(input: Input, problem: str, at: int) -> Exception:
    return input.problem(Code.DOCS, f"the documentation in this file (section `{SECTION}`) {problem}", at)


class _Documentation:
    """Applies a section; every access checks the type of the JSON value."""

    def __init__(self, input: Input, draft: Draft, at: int) -> None:
        self._input = input
        self._draft = draft
        self._at = at

    def package(self, value: object, main: DraftPackage) -> None:
        root = self._object(value)
        package: DraftPackage | None = main
        if (named := self._text(root, "package")) is not None:
            package = next((p for name, p in self._draft.packages.items() if str(name) == named), None)
        if package is None:
            return
        package.docs = self._docs(root) or package.docs
        for name, item in self._objects(root, "interfaces"):
            if (interface := package.interfaces.get(name)) is not None:
                self._interface(self._draft.interfaces[interface], item)
        for name, item in self._objects(root, "worlds"):
            if (world := package.worlds.get(name)) is not None:
                self._world(self._draft.worlds[world], item)

    def _interface(self, interface: DraftInterface, item: Json) -> None:
        interface.docs = self._docs(item) or interface.docs
        interface.stability = self._stability(item.get("stability")) or interface.stability
        for name, entry in self._objects(item, "types"):
            if (type := interface.types.get(name)) is not None:
                self._type(type, entry)
        for name, value in self._entries(item, "funcs"):
            if (function := interface.functions.get(name)) is not None:
                interface.functions[name] = self._function(function, value)

    def _type(self, id: ir.TypeId, item: Json) -> None:
        definition = self._draft.types[id]
        docs = {name: self._content(value) for name, value in self._entries(item, "items")}
        self._draft.types[id] = replace(
            definition,
            kind=_with_item_docs(definition.kind, docs),
            docs=self._docs(item) or definition.docs,
            stability=self._stability(item.get("stability")) or definition.stability,
        )

    def _function(self, function: ir.Function, value: object) -> ir.Function:
        """The first version had only a text here."""
        if value is None or isinstance(value, str):
            return replace(function, docs=self._content(value))
        item = self._object(value)
        stability = self._stability(item.get("stability"))
        return replace(function, docs=self._docs(item), stability=stability)

    def _world(self, world: DraftWorld, item: Json) -> None:
        world.docs = self._docs(item) or world.docs
        world.stability = self._stability(item.get("stability")) or world.stability
        for name, entry in self._objects(item, "types"):
            if isinstance(found := world.imports.get(name), ir.TypeItem):
                self._type(found.id, entry)
        for name, entry in self._objects(item, "interfaces"):
            self._inline(world.imports if name in world.imports else world.exports, name, entry)
        for name, entry in self._objects(item, "interface_exports"):
            self._inline(world.exports, name, entry)
        for name, value in self._entries(item, "funcs"):
            self._world_function(world.imports if name in world.imports else world.exports, name, value)
        for name, value in self._entries(item, "func_exports"):
            self._world_function(world.exports, name, value)
        for side, items in (("import", world.imports), ("export", world.exports)):
            for name, value in self._entries(item, f"interface_{side}_stability"):
                self._world_item(items, name, stability=self._stability(value))
            for name, value in self._entries(item, f"interface_{side}_docs"):
                self._world_item(items, name, docs=self._content(value))

    def _inline(self, items: Items, name: str, item: Json) -> None:
        found = items.get(name)
        if isinstance(found, ir.InterfaceItem):
            self._interface(self._draft.interfaces[found.id], item)
            items[name] = replace(found, stability=self._stability(item.get("stability")))

    def _world_function(self, items: Items, name: str, value: object) -> None:
        found = items.get(name)
        if isinstance(found, ir.Function):
            items[name] = self._function(found, value)

    def _world_item(self, items: Items, name: str, docs: ir.Docs | None = None, stability: ir.Stability = None) -> None:
        for key, found in items.items():
            if isinstance(found, ir.InterfaceItem) and self._draft.key_text(key) == name:
                items[key] = replace(found, docs=docs or found.docs, stability=stability or found.stability)

    def _docs(self, item: Json) -> ir.Docs | None:
        return self._content(item.get("docs"))

    def _content(self, value: object) -> ir.Docs | None:
        text = self._checked_text(value)
        return ir.Docs(text) if text else None

    def _text(self, item: Json, key: str) -> str | None:
        return self._checked_text(item.get(key))

    def _checked_text(self, value: object) -> str | None:
        if value is None:
            return None
        if not isinstance(value, str) or any("\ud800" <= char <= "\udfff" for char in value):
            raise _damaged(self._input, "has something other than text where text belongs", self._at)
        return value

    def _stability(self, value: object) -> ir.Stability:
        if value is None or value == "unknown":
            return None
        for tag, detail in self._object(value).items():
            fields = self._object(detail)
            deprecated = self._text(fields, "deprecated")
            if deprecated is not None and not is_version(deprecated):
                break
            since, feature = self._text(fields, "since"), self._text(fields, "feature")
            if tag == "stable" and since is not None and is_version(since):
                return ir.Stable(since, deprecated)
            if tag == "unstable" and feature is not None and is_label(feature):
                return ir.Unstable(feature, deprecated)
        raise _damaged(self._input, "has a stability that WIT does not know", self._at)

    def _object(self, value: object) -> Json:
        if not isinstance(value, dict):
            raise _damaged(self._input, "has something other than an object where an object belongs", self._at)
        return cast("Json", value)

    def _entries(self, item: Json, key: str) -> Iterable[tuple[str, object]]:
        return self._object(item.get(key, {})).items()

    def _objects(self, item: Json, key: str) -> Iterable[tuple[str, Json]]:
        return [(name, self._object(value)) for name, value in self._entries(item, key)]


def _with_item_docs(kind: ir.TypeKind, docs: Mapping[str, ir.Docs | None]) -> ir.TypeKind:
    match kind:
        case ir.Record(fields):
            return ir.Record(tuple(_documented(part, docs) for part in fields))
        case ir.Variant(cases):
            return ir.Variant(tuple(_documented(part, docs) for part in cases))
        case ir.Flags(flags):
            return ir.Flags(tuple(_documented(part, docs) for part in flags))
        case ir.Enum(cases):
            return ir.Enum(tuple(_documented(part, docs) for part in cases))
        case _:
            return kind


def _documented(part: T, docs: Mapping[str, ir.Docs | None]) -> T:
    return replace(part, docs=docs[part.name]) if part.name in docs else part
