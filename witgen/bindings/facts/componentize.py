"""The modules that componentize-py makes of a world's interfaces.

componentize-py names a module after the interface alone if that is unambiguous in the whole world
(bytecodealliance/componentize-py#218), so the names are computed over everything a component imports, and separately
over everything it exports.
"""

from __future__ import annotations

import keyword
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping

from ...base.frozen import frozen
from ...diagnostics.model import Diagnostic
from ...wit.model import ir
from .names import camel, escape, snake

__all__ = ["Names", "names", "problems"]


@frozen
class Names:
    """Where componentize-py puts things.

    `imports` and `exports` map the component-level name of an instance to the module below `<world_module>.imports` and
    `<world_module>.exports`; `world_class` is the protocol of the world's own exports.
    """

    world_module: str
    world_class: str
    imports: Mapping[str, str]
    exports: Mapping[str, str]


def names(
    resolve: ir.Resolve,
    world: ir.WorldId,
    *,
    world_module: str = "wit_world",
    full_names: bool = False,
    import_names: Mapping[str, str] | None = None,
    export_names: Mapping[str, str] | None = None,
) -> Names:
    """Compute the names for a world.

    Args:
        resolve: the tree.
        world: the world that the component is built for.
        world_module: the value of `--world-module`.
        full_names: whether `--full-names` is given.
        import_names: the values of `--import-interface-name`: `ns:pkg/name@version` → name.
        export_names: the same for `--export-interface-name`.
    """
    definition = resolve.worlds[world]
    sides = (definition.imports.items(), import_names), (definition.exports.items(), export_names)
    imports, exports = (_modules(resolve, items, overrides or {}, full_names=full_names) for items, overrides in sides)
    words = world_module.replace(".", "-").replace("_", "-")
    return Names(world_module, camel(words), imports, exports)


def problems(
    world_module: str, import_names: Mapping[str, str], export_names: Mapping[str, str]
) -> Iterator[tuple[tuple[str, ...], Diagnostic]]:
    """Yield the problems of names in componentize-py's options, with the option of each."""
    if not all(map(_is_name, world_module.split("."))):
        remedy = "write a name as Python imports it: `module` or `a.module`"
        message = f"`{world_module}` cannot be the name of the world's module"
        yield ("world-module",), Diagnostic("W0912", message, help=remedy)
    for option, given in (("import-names", import_names), ("export-names", export_names)):
        for interface, name in given.items():
            if not _is_name(snake(name)):
                remedy = "write a name as WIT spells it: `a-name`"
                message = f"`{name}` cannot be the name of a module"
                yield (option, interface), Diagnostic("W0912", message, help=remedy)


def _is_name(name: str) -> bool:
    return name.isidentifier() and not keyword.iskeyword(name)


def _modules(
    resolve: ir.Resolve,
    items: Iterable[tuple[ir.WorldKey, ir.WorldItem]],
    overrides: Mapping[str, str],
    *,
    full_names: bool,
) -> dict[str, str]:
    found: dict[str, str] = {}
    named: dict[str, tuple[ir.PackageName, str]] = {}
    for key, item in items:
        if not isinstance(item, ir.InterfaceItem):
            continue
        interface = resolve.interfaces[item.id]
        if isinstance(key, str) or interface.name is None:
            found[str(key)] = snake(overrides.get(str(key), str(key)))
            continue
        instance = resolve.interface_name(item.id) or ""
        found[instance] = ""
        named[instance] = (resolve.packages[interface.package].name, interface.name)
    versions = Counter((package.namespace, package.name, name) for package, name in named.values())
    packages = Counter(name for _, _, name in versions)
    for instance, (package, name) in named.items():
        parts = [name]
        if versions[package.namespace, package.name, name] > 1 or full_names:
            parts = [package.namespace, package.name, name, *([package.version] if package.version else [])]
        elif packages[name] > 1:
            parts = [package.namespace, package.name, name]
        given = overrides.get(instance)
        found[instance] = snake(given) if given is not None else _module(parts)
    return found


def _module(parts: Iterable[str]) -> str:
    joined = "-".join(parts).replace(".", "-").replace("+", "-")
    return escape(joined.replace("-", "_").lower())
