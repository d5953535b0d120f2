"""`include`: one world's imports and exports in another (WIT.md, "Union of Worlds with `include`")."""

from __future__ import annotations

from ...base.frozen import replace
from ...base.source import SourceFile, Span
from ...diagnostics.model import Label
from ..model.ir import (
    Function,
    InterfaceId,
    InterfaceItem,
    PackageId,
    Stability,
    Stable,
    TypeItem,
    TypeOwner,
    WorldId,
    WorldItem,
    WorldKey,
)  # fmt: skip
from ..syntax import ast
from .clone import Cloner
from .context import Context
from .declared import is_own_name
from .scope import Names

__all__ = ["Includer"]

_Side = dict[WorldKey, WorldItem]


class Includer:
    """Adds the items of other worlds to one world."""

    def __init__(
        self,
        context: Context,
        package: PackageId,
        world: WorldId,
        sides: tuple[_Side, _Side],
        names: dict[bool, Names],
    ) -> None:
        self._context = context
        self._arena = context.arena
        self._package = package
        self._world = world
        self._sides = {True: sides[0], False: sides[1]}
        self._names = names

    def include(self, id: WorldId, decl: ast.IncludeDecl, file: SourceFile) -> None:
        """Add the items of world `id`, renamed according to `decl`."""
        included = self._arena.worlds[id]
        span = Span(file, decl.path.name.start, decl.path.name.end)
        renames = {name.name.name: name.rename.name for name in decl.names}
        self._check_renames(decl, file, [*included.imports, *included.exports])
        is_foreign = included.package != self._package
        cloner = Cloner(self._arena, TypeOwner(world=id), TypeOwner(world=self._world), self._package)
        for is_import, items in ((True, included.imports), (False, included.exports)):
            for key, item in items.items():
                if isinstance(key, str):
                    self._add_named(_rename(key, renames), item, cloner, span, is_import=is_import)
                elif isinstance(item, InterfaceItem):
                    self._add_interface(key, item, span, is_import=is_import, is_foreign=is_foreign)

    def _check_renames(self, decl: ast.IncludeDecl, file: SourceFile, keys: list[WorldKey]) -> None:
        names = dict.fromkeys(key.rpartition("]")[2].partition(".")[0] for key in keys if isinstance(key, str))
        known = Names(self._context)
        for rename in decl.names:
            span = Span(file, rename.name.start, rename.name.end)
            known.add(rename.name.name, span, "name")
            if rename.name.name not in names:
                self._context.error(
                    "W0502",
                    f"world `{decl.path.name.name}` has no import or export `{rename.name.name}` to rename",
                    span,
                    help=self._context.suggest(rename.name.name, names),
                    note="only names can be renamed, not interfaces imported or exported by their path",
                )

    def _add_named(self, name: str, item: WorldItem, cloner: Cloner, span: Span, *, is_import: bool) -> None:
        side = self._sides[is_import]
        resource, is_member, function = name.rpartition("]")[2].partition(".")
        if is_member and is_own_name(resource, function):
            message = f"resource `{resource}` has a function `{function}`: it cannot be included with this name"
            self._context.error("W0503", message, span)
        if (first := self._names[is_import].find(name)) is not None:
            what = "import" if is_import else "export"
            self._context.error(
                "W0503",
                f"{what} `{name}` already exists: including it again is a clash",
                span,
                labels=[Label(first, f"the other {what}")] if first is not span else [],
                help=f"rename it: `include … with {{ {name} as other-name }}`",
            )
            return
        self._names[is_import].put(name, span)
        match item:
            case Function():
                side[name] = replace(cloner.function(item), name=name)
            case TypeItem():
                side[name] = TypeItem(cloner.named_type(item.id, name))
            case InterfaceItem():
                side[name] = replace(item, id=cloner.interface(item.id))

    def _add_interface(
        self, key: InterfaceId, item: InterfaceItem, span: Span, *, is_import: bool, is_foreign: bool
    ) -> None:
        side = self._sides[is_import]
        present = side.get(key, item)
        if not isinstance(present, InterfaceItem):
            return
        new, old = item.stability, present.stability
        if new is not None and old is not None and new != old:
            self._context.error(
                "W0505",
                f"interface `{self._arena.interfaces[key].name}` is already gated with `{_gate(old)}`, but with "
                f"`{_gate(new)}` in the included world",
                span,
                help="give both the same gate, or leave one without",
            )
        # A version of another package means nothing here, so `@since` of foreign worlds is dropped.
        merged = None if is_foreign and isinstance(new, Stable) else new if old is None else old
        side[key] = replace(present, stability=merged)


def _gate(stability: Stability) -> str:
    if isinstance(stability, Stable):
        return f"@since(version = {stability.since})"
    return f"@unstable(feature = {stability.feature})" if stability is not None else "nothing"


def _rename(name: str, renames: dict[str, str]) -> str:
    """Rename a kebab name, or the resource in the name of its function."""
    kind, bracket, rest = name.rpartition("]")
    resource, dot, function = rest.partition(".")
    return kind + bracket + renames.get(resource, resource) + dot + function
