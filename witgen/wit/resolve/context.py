"""The shared state of one resolving run: options, arenas, diagnostics."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field

from ...base.frozen import frozen
from ...base.source import Span
from ...diagnostics.model import Diagnostic, Label
from ..model.children import children
from ..model.ir import (
    Alias,
    Borrow,
    GatedItem,
    Interface,
    InterfaceId,
    Package,
    PackageId,
    PackageName,
    Prim,
    Record,
    Resource,
    Type,
    TypeDef,
    TypeId,
    TypeRef,
    World,
    WorldId,
)  # fmt: skip
from .missing import MissingPackages
from .suggest import did_you_mean, it_has

__all__ = ["Arena", "Context", "Off"]


# Similar names are looked for among so many in all: a tree with thousands of errors needs no help with each.
_MOST_COMPARED = 100_000


@frozen
class Off:
    """Stands for an item whose feature gate is off."""

    feature: str
    span: Span | None


@dataclass(slots=True)
class Arena:
    """The numbered items made so far. Types are stored after all that they are made of."""

    packages: list[Package] = field(default_factory=list[Package])
    worlds: list[World] = field(default_factory=list[World])
    interfaces: list[Interface] = field(default_factory=list[Interface])
    types: list[TypeDef] = field(default_factory=list[TypeDef])
    _definitions: list[TypeId] = field(default_factory=list[TypeId])
    _borrows: list[bool] = field(default_factory=list[bool])

    def add_type(self, definition: TypeDef) -> TypeId:
        """Store a type and return its number."""
        id = TypeId(len(self.types))
        self.types.append(definition)
        kind = definition.kind
        aliased = kind.type if isinstance(kind, Alias) else None
        self._definitions.append(self._definitions[aliased.id] if isinstance(aliased, TypeRef) else id)
        self._borrows.append(isinstance(kind, Borrow) or any(self.has_borrow(part) for part in children(kind)))
        return id

    def definition(self, id: TypeId) -> TypeDef:
        """Follow `use` and `type a = b` to the type itself."""
        return self.types[self._definitions[id]]

    def is_resource(self, id: TypeId) -> bool:
        """Return whether `id` is a resource or an alias of one."""
        return isinstance(self.definition(id).kind, Resource)

    def has_borrow(self, type: Type) -> bool:
        """Return whether a `borrow` is anywhere in `type`."""
        return not isinstance(type, Prim) and self._borrows[type.id]

    def add_interface(self, interface: Interface) -> InterfaceId:
        """Store an interface and return its number."""
        self.interfaces.append(interface)
        return InterfaceId(len(self.interfaces) - 1)

    def add_world(self, world: World) -> WorldId:
        """Store a world and return its number."""
        self.worlds.append(world)
        return WorldId(len(self.worlds) - 1)

    def add_package(self, package: Package) -> PackageId:
        """Store a package and return its number."""
        self.packages.append(package)
        return PackageId(len(self.packages) - 1)


class Context:
    """Options, arenas and diagnostics of one run."""

    def __init__(self, features: Collection[str], *, all_features: bool) -> None:
        self.features = frozenset(features)
        self.all_features = all_features
        self.arena = Arena()
        self.diagnostics: list[Diagnostic] = []
        self.gated: list[GatedItem] = []
        self.package_ids: dict[PackageName, PackageId] = {}
        self.needs: dict[InterfaceId, tuple[InterfaceId, ...]] = {}
        self.missing: MissingPackages | None = None
        self._placeholder: TypeRef | None = None
        self._compared = 0

    def error(
        self,
        code: str,
        message: str,
        span: Span | None,
        *,
        labels: Iterable[Label] = (),
        help: str | None = None,
        note: str | None = None,
        path: str | None = None,
    ) -> None:
        """Report a problem; resolving continues to find others."""
        self.diagnostics.append(Diagnostic(code, message, span, tuple(labels), help, note, path=path))

    def suggest(self, name: str, candidates: Collection[str], *, or_list: bool = False) -> str | None:
        """Return a help text for a name that is not among the candidates; where there are too many, none."""
        self._compared += len(candidates)
        if self._compared > _MOST_COMPARED:
            return None
        return did_you_mean(name, candidates) or (it_has(candidates) if or_list else None)

    @property
    def placeholder(self) -> TypeRef:
        """A type for places whose own type is wrong. It is never seen outside: its run has an error."""
        if self._placeholder is None:
            self._placeholder = TypeRef(self.arena.add_type(TypeDef(None, Record(()), None)))
        return self._placeholder

    def refuse_gated(self, what: str, span: Span | None, off: Off, *, referrer: Span | None = None) -> None:
        """Report a reference, at `span`, to an item whose gate is off; the referring item is at fault."""
        labels = [Label(off.span, "gated here")] if off.span is not None else []
        if referrer is not None and span is not None:
            labels.insert(0, Label(span, "referred to here"))
        self.error(
            "W0402",
            f"{what} is left out: its feature `{off.feature}` is not active",
            referrer or span,
            labels=labels,
            help=f"gate this item with `@unstable(feature = {off.feature})` too, or activate the feature",
        )

    def is_placeholder(self, type: Type | None) -> bool:
        """Return whether a type is a placeholder for an invalid one."""
        return type is not None and type == self._placeholder

    def missing_package(self, name: PackageName, span: Span) -> None:
        """Note that a package is not there."""
        help = self.missing.help(name, self.suggest) if self.missing is not None else None
        self.error("W0107", f"package `{name}` is not found", span, help=help)
