"""A user's choices for a world: names of modules, and the interfaces that wasmtime provides."""

from __future__ import annotations

import keyword
import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from ...diagnostics.errors import OptionError
from ...diagnostics.model import Diagnostic
from ...wit.model import ir
from .numbers import ALL_LISTS, Numbers
from .renaming import Problem, rename, scope_title
from .types import NO_RENAMES, Renames
from .wasi import PACKAGES, is_provided, wasi_interface

__all__ = [
    "Choices",
    "Problem",
    "choices",
    "imported_interfaces",
    "is_native",
    "named_interface",
]


# Modules that `host/` and `guest/` have, or may have, beside those of interfaces and plugins.
_MODULE_NAMES = frozenset({"__init__", "aio", "exports", "streams", "testing"})


@dataclass(frozen=True, slots=True)
class Choices:
    """`names` are module names by interface; `native` are packages and interfaces from wasmtime, None for all.

    `renames` are classes of types and errors. `exceptions` and `resources` have classes in `types/` in addition to
    those that the world requires; `runtime` is the import name of the support code, None for the output's own.
    `numbers` says what lists of numbers come as; `reserved` are names that no interface's module can have.
    """

    names: Mapping[ir.InterfaceId, str] = field(default_factory=dict[ir.InterfaceId, str])
    native: frozenset[str] | None = None
    exceptions: frozenset[ir.TypeId] = frozenset()
    resources: frozenset[ir.TypeId] = frozenset()
    runtime: str | None = None
    renames: Renames = NO_RENAMES
    numbers: Numbers = ALL_LISTS
    reserved: frozenset[str] = _MODULE_NAMES

    def takes_native(self, interface: str) -> bool:
        """Return whether an interface that wasmtime offers is taken from it."""
        return self.native is None or not self.native.isdisjoint({interface, interface.partition("/")[0]})


def is_native(resolve: ir.Resolve, id: ir.InterfaceId, choices: Choices) -> bool:
    """Return whether wasmtime provides an interface."""
    interface = wasi_interface(resolve.interface_name(id))
    return is_provided(interface) and choices.takes_native(interface)


def choices(
    resolve: ir.Resolve,
    world: ir.WorldId,
    names: Mapping[str, str],
    wasmtime: Collection[str] | None,
    plugins: Collection[str] = (),
    numbers: str | Mapping[str, str] = "list",
) -> Choices:
    """Check the options `names`, `wasmtime` and `numbers` against a world.

    `plugins` are names of modules that plugins may add.

    Raises:
        OptionError: with every problem.
    """
    problems: list[Problem] = []
    reserved = _MODULE_NAMES.union(plugins)
    chosen: dict[ir.InterfaceId, str] = {}
    items = (*resolve.worlds[world].imports.values(), *resolve.worlds[world].exports.values())
    candidates = _by_name(resolve, items)
    modules = {key: name for key, name in names.items() if key in candidates or not _is_of_type(key)}
    renames, wrong = rename(resolve, world, {key: name for key, name in names.items() if key not in modules})
    problems.extend(wrong)
    for interface, module in modules.items():
        id = named_interface(candidates, interface, ("names", interface), problems)
        if id is None:
            continue
        problem = _name_problem(module, chosen.values(), reserved)
        if problem is None:
            chosen[id] = module
        else:
            problems.append((("names", interface), Diagnostic("W0912", problem)))
    for index, name in enumerate(wasmtime or ()):
        problems.extend(_not_native(index, name))
    forms = _numbers(resolve, world, candidates, numbers, problems)
    if problems:
        raise OptionError(problems)
    native = None if wasmtime is None else frozenset(wasmtime)
    return Choices(chosen, native, renames=renames, numbers=forms, reserved=reserved)


def _numbers(
    resolve: ir.Resolve,
    world: ir.WorldId,
    candidates: Mapping[str, list[ir.InterfaceId]],
    numbers: str | Mapping[str, str],
    problems: list[Problem],
) -> Numbers:
    """Return what lists of numbers come as, by scope."""
    if isinstance(numbers, str):
        return Numbers(numbers)
    own = ir.TypeOwner(world=world)
    titles = {scope_title(resolve, world, own, versions=versions) for versions in (True, False)}
    forms: dict[ir.TypeOwner, str] = {}
    for name, form in numbers.items():
        if name in titles:
            forms[own] = form
        elif (id := named_interface(candidates, name, ("numbers", name), problems)) is not None:
            forms[ir.TypeOwner(interface=id)] = form
    return Numbers("list", forms)


def _is_of_type(key: str) -> bool:
    """Return whether a key of `names` names a type, not an interface: `ns:pkg/name.type`, `ns:pkg/name@1.0.0.type`."""
    name, _, version = key.rpartition("/")[2].partition("@")
    return "." in name or "#" in key or re.search(r"\.[a-zA-Z][\w-]*$", version.partition("#")[0]) is not None


def imported_interfaces(resolve: ir.Resolve, world: ir.WorldId) -> dict[str, list[ir.InterfaceId]]:
    """Return the interfaces that a world imports by name, with and without their version."""
    return _by_name(resolve, resolve.worlds[world].imports.values())


def _by_name(resolve: ir.Resolve, items: Iterable[ir.WorldItem]) -> dict[str, list[ir.InterfaceId]]:
    found: dict[str, list[ir.InterfaceId]] = {}
    for id in dict.fromkeys(item.id for item in items if isinstance(item, ir.InterfaceItem)):
        full = resolve.interface_name(id)
        for name in {full, full.partition("@")[0]} if full else ():
            found.setdefault(name, []).append(id)
    return found


def named_interface(
    candidates: Mapping[str, list[ir.InterfaceId]], name: str, option: tuple[str, ...], problems: list[Problem]
) -> ir.InterfaceId | None:
    """Return the interface that an option names; None, with the problem noted, if there is none or several."""
    found = candidates.get(name, [])
    if len(found) == 1:
        return found[0]
    remedy: str | None
    if found:
        message, remedy = f"the world has several versions of `{name}`", "name one of them: `ns:pkg/interface@version`"
    else:
        from difflib import get_close_matches  # noqa: PLC0415 - only where something is wrong

        close = get_close_matches(name, candidates, n=1)
        message, remedy = f"the world has no interface `{name}`", f"did you mean `{close[0]}`?" if close else None
    problems.append((option, Diagnostic("W0911", message, help=remedy)))
    return None


def _name_problem(module: str, taken: Collection[str], reserved: Collection[str]) -> str | None:
    """Return why an interface's module cannot have a name; None if it can."""
    if not module.isidentifier() or keyword.iskeyword(module) or module.startswith("_") or module in reserved:
        return f"`{module}` cannot be the name of a module in the output"
    return f"`{module}` is the name of two interfaces" if module in taken else None


def _not_native(index: int, name: str) -> Iterator[Problem]:
    if name not in PACKAGES and not ("/" in name and is_provided(name)):
        known = ", ".join(f"`{package}`" for package in sorted(PACKAGES))
        message = f"wasmtime does not provide `{name}`"
        diagnostic = Diagnostic("W0913", message, help=f"it provides {known}, as `wasi:pkg` or `wasi:pkg/interface`")
        yield ("wasmtime", str(index)), diagnostic
