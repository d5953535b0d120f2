"""The option `names` for types: class names that replace those derived from WIT.

A key is spelt as `use` spells it: `ns:pkg/interface@version.type`. A function's key names the exception of an error
that has no name in WIT. Chosen names have the form of those derived from WIT, so that they hide nothing which generated
code relies on; collisions with other classes are checked once all classes have names.
"""

from __future__ import annotations

import keyword
import re
from collections.abc import Iterable, Iterator, Mapping
from types import MappingProxyType
from typing import TypeAlias

from ...diagnostics.model import Diagnostic
from ...wit.model import ir
from .types import Renames, declared_result, error_definition

__all__ = ["Problem", "function_path", "is_class_name", "rename", "scope_title", "unowned_error"]

Problem: TypeAlias = tuple[tuple[str, ...], Diagnostic]
"""A problem with an option, and the option."""

_Target: TypeAlias = ir.TypeId | tuple[ir.TypeOwner, str]
_NONE: Mapping[str, list[_Target]] = MappingProxyType({})


def is_class_name(name: str) -> bool:
    """Return whether a WIT type could have this name in Python: `A`, `HTTPError2`, but not `a`, `A_b` or `None`."""
    return re.fullmatch("[A-Z][A-Za-z0-9]*", name) is not None and not keyword.iskeyword(name)


def scope_title(resolve: ir.Resolve, world: ir.WorldId, owner: ir.TypeOwner, *, versions: bool = True) -> str:
    """Return the display name of an interface or world: `ns:pkg/name@version`, with `#label` for an inline one."""
    interface = None if owner.interface is None else resolve.interfaces[owner.interface]
    inline = interface is not None and interface.name is None
    named = resolve.worlds[world] if interface is None or inline else interface
    package = resolve.packages[named.package].name
    version = f"@{package.version}" if versions and package.version is not None else ""
    label = f"#{_label(resolve.worlds[world], owner)}" if inline else ""
    return f"{package.namespace}:{package.name}/{named.name}{version}{label}"


def _label(world: ir.World, owner: ir.TypeOwner) -> ir.WorldKey:
    items = (*world.imports.items(), *world.exports.items())
    return next(key for key, item in items if isinstance(item, ir.InterfaceItem) and item.id == owner.interface)


def function_path(function: ir.Function) -> str:
    """Return how a key names a function: `f`, `resource.method`, `resource.constructor`."""
    path = function.plain_name
    return f"{path}.constructor" if function.kind.tag is ir.FunctionKindTag.CONSTRUCTOR else path


def unowned_error(resolve: ir.Resolve, function: ir.Function) -> bool:
    """Return whether a function declares an unnamed error: its exception is named after the function."""
    result = declared_result(resolve, function)
    if result is None or not isinstance(result.err, ir.TypeRef):
        return result is not None
    return resolve.type_def(error_definition(resolve, result.err.id)).owner is None


def rename(resolve: ir.Resolve, world: ir.WorldId, names: Mapping[str, str]) -> tuple[Renames, list[Problem]]:
    """Find the types and functions of keys in `names`, and the problems of keys and names."""
    found = Renames({}, {}, {})
    problems: list[Problem] = []
    candidates = _candidates(resolve, world) if names else {}
    for key, name in names.items():
        target = _target(candidates, key)
        if isinstance(target, Diagnostic):
            problems.append((("names", key), target))
        elif not is_class_name(name):
            message = f"`{name}` cannot be the name of a class"
            remedy = "write a capital, then letters and digits, as in `LookupFailure`"
            problems.append((("names", key), Diagnostic("W0912", message, help=remedy)))
        elif target in found.keys:
            message = f"`{found.keys[target]}` and `{key}` are the same"
            problems.append((("names", key), Diagnostic("W0912", message, help="leave one of them out")))
        else:
            found = found.with_one(target, name, key)
    return found, problems


_Candidates: TypeAlias = dict[str, dict[str, list[_Target]]]


def _candidates(resolve: ir.Resolve, world: ir.WorldId) -> _Candidates:
    """Return the items that can be renamed: by scope, with and without its version, and then by path."""
    found: _Candidates = {}
    for owner, items in _scopes(resolve, world):
        for title in {scope_title(resolve, world, owner, versions=versions) for versions in (True, False)}:
            paths = found.setdefault(title, {})
            for path, target in items:
                paths.setdefault(path, []).append(target)
    return found


def _scopes(resolve: ir.Resolve, world: ir.WorldId) -> Iterator[tuple[ir.TypeOwner, list[tuple[str, _Target]]]]:
    items = (*resolve.worlds[world].imports.items(), *resolve.worlds[world].exports.items())
    own_types = {str(key): item.id for key, item in items if isinstance(item, ir.TypeItem)}
    own_functions = [item for _, item in items if isinstance(item, ir.Function)]
    owner = ir.TypeOwner(world=world)
    yield owner, list(_paths(resolve, owner, own_types, own_functions))
    for id in dict.fromkeys(item.id for _, item in items if isinstance(item, ir.InterfaceItem)):
        interface, owner = resolve.interfaces[id], ir.TypeOwner(interface=id)
        yield owner, list(_paths(resolve, owner, interface.types, interface.functions.values()))


def _paths(
    resolve: ir.Resolve, owner: ir.TypeOwner, types: Mapping[str, ir.TypeId], functions: Iterable[ir.Function]
) -> Iterator[tuple[str, _Target]]:
    yield from types.items()
    paths = {function.name: function_path(function) for function in functions if unowned_error(resolve, function)}
    yield from ((path, (owner, name)) for name, path in paths.items())


def _target(candidates: _Candidates, key: str) -> _Target | Diagnostic:
    """Return the item of a key, or the problem of the key."""
    # A version has dots, too: the longest scope that fits is meant.
    scope = max((title for title in candidates if key.startswith(f"{title}.")), key=len, default="")
    path = key[len(scope) + 1 :]
    found = candidates.get(scope, _NONE).get(path, [])
    if len(found) == 1:
        return found[0]
    remedy: str | None
    if found:
        remedy = "name one of them: `ns:pkg/interface@version.type`"
        return Diagnostic("W0911", f"the world has several versions of `{key}`", help=remedy)
    from difflib import get_close_matches  # noqa: PLC0415 - only where something is wrong

    close = get_close_matches(key, [f"{title}.{each}" for title, paths in candidates.items() for each in paths], n=1)
    remedy = f"did you mean `{close[0]}`?" if close else None
    if not scope:
        return Diagnostic("W0911", f"the world has no type `{key}`", help=remedy)
    note = "a function whose error has no name in WIT can be named: its exception is called after it"
    return Diagnostic("W0911", f"`{scope}` has no type `{path}`", help=remedy, note=note)
