"""The IR while it is being filled: interfaces, worlds and packages that can still grow and take documentation."""

from __future__ import annotations

from dataclasses import dataclass, field
from graphlib import CycleError, TopologicalSorter

from ..model import ir
from .problem import Input

__all__ = ["Draft", "DraftInterface", "DraftPackage", "DraftWorld"]


@dataclass(eq=False, slots=True)
class DraftInterface:
    """An interface; `name` is None for an inline one of a world."""

    name: str | None
    package: DraftPackage
    types: dict[str, ir.TypeId] = field(default_factory=dict[str, ir.TypeId])
    functions: dict[str, ir.Function] = field(default_factory=dict[str, ir.Function])
    docs: ir.Docs | None = None
    stability: ir.Stability = None


@dataclass(eq=False, slots=True)
class DraftWorld:
    """A world."""

    name: str
    package: DraftPackage
    imports: dict[ir.WorldKey, ir.WorldItem] = field(default_factory=dict[ir.WorldKey, ir.WorldItem])
    exports: dict[ir.WorldKey, ir.WorldItem] = field(default_factory=dict[ir.WorldKey, ir.WorldItem])
    docs: ir.Docs | None = None
    stability: ir.Stability = None


@dataclass(eq=False, slots=True)
class DraftPackage:
    """A package."""

    name: ir.PackageName
    interfaces: dict[str, ir.InterfaceId] = field(default_factory=dict[str, ir.InterfaceId])
    worlds: dict[str, ir.WorldId] = field(default_factory=dict[str, ir.WorldId])
    docs: ir.Docs | None = None


@dataclass(eq=False, slots=True)
class Draft:
    """The arenas."""

    types: list[ir.TypeDef] = field(default_factory=list[ir.TypeDef])
    interfaces: list[DraftInterface] = field(default_factory=list[DraftInterface])
    worlds: list[DraftWorld] = field(default_factory=list[DraftWorld])
    packages: dict[ir.PackageName, DraftPackage] = field(default_factory=dict[ir.PackageName, DraftPackage])

    def package(self, name: ir.PackageName) -> DraftPackage:
        """Return the package of a name, which is made when it is first asked for."""
        return self.packages.setdefault(name, DraftPackage(name))

    def interface(self, package: DraftPackage, name: str | None) -> ir.InterfaceId:
        """Return an interface of a package by name; None makes a new inline one."""
        if name is not None and name in package.interfaces:
            return package.interfaces[name]
        id = ir.InterfaceId(len(self.interfaces))
        self.interfaces.append(DraftInterface(name, package))
        if name is not None:
            package.interfaces[name] = id
        return id

    def world(self, package: DraftPackage, name: str) -> ir.WorldId:
        """Add a world to a package."""
        id = ir.WorldId(len(self.worlds))
        self.worlds.append(DraftWorld(name, package))
        package.worlds[name] = id
        return id

    def key_text(self, key: ir.WorldKey) -> str:
        """Return the component-level name of a world's item."""
        if isinstance(key, str):
            return key
        interface = self.interfaces[key]
        name, version = interface.package.name, interface.package.name.version
        return f"{name.namespace}:{name.name}/{interface.name}" + ("" if version is None else f"@{version}")

    def finish(self, main: DraftPackage, input: Input) -> ir.Resolve:
        """Return the IR, its packages in dependency order with `main` last."""
        order = self._package_order(main, input)
        number = {id(package): ir.PackageId(index) for index, package in enumerate(order)}
        return ir.Resolve(
            packages=tuple(ir.Package(p.name, p.interfaces, p.worlds, p.docs) for p in order),
            worlds=tuple(
                ir.World(w.name, w.imports, w.exports, number[id(w.package)], w.docs, w.stability) for w in self.worlds
            ),
            interfaces=tuple(
                ir.Interface(i.name, i.types, i.functions, number[id(i.package)], i.docs, i.stability)
                for i in self.interfaces
            ),
            types=tuple(self.types),
            main=number[id(main)],
        )

    def _package_order(self, main: DraftPackage, input: Input) -> list[DraftPackage]:
        sorter: TopologicalSorter[ir.PackageName] = TopologicalSorter()
        for name in self.packages:
            sorter.add(name)
        for package, used in self._uses():
            if package is not used:
                sorter.add(package.name, used.name)
        for name in self.packages:
            if name != main.name:
                sorter.add(main.name, name)
        try:
            return [self.packages[name] for name in sorter.static_order()]
        except CycleError as error:
            steps = " → ".join(f"`{name}`" for name in error.args[1])
            raise input.invalid(f"packages depend on each other in a cycle: {steps}") from None

    def _uses(self) -> list[tuple[DraftPackage, DraftPackage]]:
        """Which package uses a type or an interface of which."""
        uses: list[tuple[DraftPackage, DraftPackage]] = []
        for definition in self.types:
            if isinstance(definition.kind, ir.Alias) and isinstance(definition.kind.type, ir.TypeRef):
                here, there = self._home(definition), self._home(self.types[definition.kind.type.id])
                if here is not None and there is not None:
                    uses.append((here, there))
        for world in self.worlds:
            items = (*world.imports.values(), *world.exports.values())
            shown = [self.interfaces[item.id].package for item in items if isinstance(item, ir.InterfaceItem)]
            uses.extend((world.package, package) for package in shown)
        return uses

    def _home(self, definition: ir.TypeDef) -> DraftPackage | None:
        if definition.owner is None:
            return None
        if definition.owner.interface is not None:
            return self.interfaces[definition.owner.interface].package
        return None if definition.owner.world is None else self.worlds[definition.owner.world].package
