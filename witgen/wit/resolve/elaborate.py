"""World elaboration: imports the dependencies of imports and exports, too, and orders everything.

The order is the reference implementation's: interfaces, each after those it needs; types that are `use`d; types of the
world; functions; functions of the world's resources. Exports: functions as written, then interfaces.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from ...base.source import Span
from ...diagnostics.model import Label
from ..model.ir import (
    Alias,
    Function,
    InterfaceId,
    InterfaceItem,
    TypeId,
    TypeItem,
    TypeRef,
    WorldItem,
    WorldKey,
)  # fmt: skip
from .context import Context

__all__ = ["Elaborator"]

_Side = dict[WorldKey, WorldItem]


class Elaborator:
    """Elaborates one world."""

    def __init__(self, context: Context, name: str, span: Span) -> None:
        self._context = context
        self._arena = context.arena
        self._name = name
        self._span = span

    def elaborate(
        self, imports: _Side, exports: _Side, spans: Mapping[tuple[bool, WorldKey], Span]
    ) -> tuple[_Side, _Side]:
        """Return the elaborated imports and exports of the written ones."""
        new_imports: _Side = {}
        for key, item in sorted(imports.items(), key=lambda pair: self._class(pair[1])):
            if isinstance(item, InterfaceItem):
                self._import(new_imports, key, item)
                continue
            if isinstance(item, TypeItem) and (needed := self._used_interface(item.id)) is not None:
                gated = self._arena.types[item.id].stability
                self._import(new_imports, needed, InterfaceItem(needed, None, gated))
            new_imports[key] = item
        new_exports: _Side = {key: item for key, item in exports.items() if not isinstance(item, InterfaceItem)}
        self._exports(exports, new_imports, new_exports, spans)
        ordered = sorted(new_imports.items(), key=lambda pair: self._class(pair[1]))
        return dict(ordered), new_exports

    def _class(self, item: WorldItem) -> int:
        match item:
            case InterfaceItem():
                return 0
            case TypeItem():
                return 1 if self._is_used(item.id) else 2
            case Function():
                return 3 if item.kind.resource is None else 4

    def _is_used(self, id: TypeId) -> bool:
        definition = self._arena.types[id]
        kind = definition.kind
        if not isinstance(kind, Alias) or not isinstance(kind.type, TypeRef):
            return False
        return self._arena.types[kind.type.id].owner != definition.owner

    # ---- Dependencies

    def _used_interface(self, id: TypeId) -> InterfaceId | None:
        """Return the interface that a type is `use`d from."""
        definition = self._arena.types[id]
        kind = definition.kind
        if not isinstance(kind, Alias) or not isinstance(kind.type, TypeRef):
            return None
        owner = self._arena.types[kind.type.id].owner
        return owner.interface if owner is not None and owner != definition.owner else None

    def _needs(self, id: InterfaceId) -> Iterator[InterfaceId]:
        """Yield the interfaces that an interface `use`s."""
        known = self._context.needs.get(id)
        if known is None:
            used = (self._used_interface(type) for type in self._arena.interfaces[id].types.values())
            known = self._context.needs[id] = tuple(dict.fromkeys(needed for needed in used if needed is not None))
        return iter(known)

    def _import(self, imports: _Side, key: WorldKey, item: InterfaceItem) -> None:
        """Add an interface after all that it needs."""
        if key in imports:
            return
        stack = [(key, item, self._needs(item.id))]
        while stack:
            key, item, needs = stack[-1]
            missing = next((needed for needed in needs if needed not in imports), None)
            if missing is None:
                imports[key] = item
                stack.pop()
            else:
                stack.append((missing, InterfaceItem(missing, None, item.stability), self._needs(missing)))

    # ---- Exports

    def _exports(
        self, exports: _Side, imports: _Side, done: _Side, spans: Mapping[tuple[bool, WorldKey], Span]
    ) -> None:
        """Add the exported interfaces. A dependency is an export if there is one, otherwise an import.

        An interface cannot depend on another one in both ways: its types would be two different ones.
        """
        interfaces = {key: item for key, item in exports.items() if isinstance(item, InterfaceItem)}
        required: set[InterfaceId] = set()
        for key, item in interfaces.items():
            if self._export(key, item, interfaces, imports, done, required):
                continue
            name = self._interface_name(key, item.id)
            place = spans.get((False, key))
            self._context.error(
                "W0504",
                f"world `{self._name}` exports `{name}`, which needs an interface both as an import and as an export",
                self._span,
                labels=[Label(place, "exported here")] if place is not None else [],
                help="export every interface between the two as well",
            )
            return

    def _interface_name(self, key: WorldKey, id: InterfaceId) -> str:
        interface = self._arena.interfaces[id]
        if isinstance(key, str) or interface.name is None:
            return str(key)
        package = self._arena.packages[interface.package].name
        version = f"@{package.version}" if package.version is not None else ""
        return f"{package.namespace}:{package.name}/{interface.name}{version}"

    def _export(
        self,
        key: WorldKey,
        item: InterfaceItem,
        interfaces: Mapping[WorldKey, InterfaceItem],
        imports: _Side,
        done: _Side,
        required: set[InterfaceId],
    ) -> bool:
        """Add one export after its dependencies; return False if some interface is needed both ways."""
        if key in done:
            return True
        stack: list[tuple[WorldKey, InterfaceItem, bool, Iterator[InterfaceId]]]
        stack = [(key, item, True, self._needs(item.id))]
        while stack:
            key, item, as_export, needs = stack[-1]
            for needed in needs:
                export_it = as_export and needed in interfaces
                if needed in done:
                    if not export_it:
                        return False
                elif export_it or needed not in required:
                    implied = InterfaceItem(needed, None, item.stability)
                    stack.append((needed, implied, export_it, self._needs(needed)))
                    break
            else:
                stack.pop()
                if as_export and item.id in required:
                    return False
                if as_export:
                    done[key] = item
                else:
                    required.add(item.id)
                    imports[key] = imports.get(key, item)
        return True
