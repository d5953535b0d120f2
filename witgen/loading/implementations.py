"""Converts a user's implementations of imports to the runtime's form, and checks them before anything runs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from difflib import get_close_matches
from types import SimpleNamespace
from typing import Any, NoReturn, cast

from witgen_runtime import abi
from witgen_runtime.host import Definition, Import
from witgen_runtime.host.linking.implementations import Given, check_imports, problems_of
from witgen_runtime.host.linking.versions import Versions

__all__ = ["complete", "implementations", "names_of", "unknown_name"]


def implementations(definition: Definition, given: object, named: Mapping[str, object]) -> Given:
    """Return an object with an attribute for each import.

    An interface is implemented by an object or class as in generated bindings, by a mapping of functions, or, where it
    has only one function, by that. Linking lists names that the world does not know, together with missing functions
    and those that cannot be called as WIT declares.

    Args:
        definition: the world.
        given: a mapping by Python or WIT name, or an object with attributes.
        named: more of them, by name.

    Raises:
        TypeError: `given` is neither a mapping nor an object that can have implementations as attributes.
    """
    found = Given()
    problems = problems_of(found)
    names = dict(names_of(definition))
    for each in (given, named):
        vars(found).update(_given(definition, names, each, problems))
    for item in definition.imports:
        if item.attribute and (value := getattr(found, item.attribute, None)) is not None:
            setattr(found, item.attribute, _adapted(item, value, problems))
    return found


def complete(definition: Definition, found: SimpleNamespace) -> None:
    """Add functions that raise `NotImplementedError` for every missing import."""
    for item in definition.imports:
        if item.native:
            continue
        target = found
        if item.attribute:
            if hasattr(found, item.attribute):
                continue
            classes = _stand_ins(item)
            alone = item.interface.is_one_class
            target = next(iter(classes.values())) if alone else SimpleNamespace(**classes)
            setattr(found, item.attribute, target)
        for function in item.interface.functions:
            if function.resource is None and not hasattr(target, function.python):
                setattr(target, function.python, _stand_in(item, function))


def _stand_ins(item: Import) -> dict[str, Any]:
    """Return a class for each resource of an interface."""
    made: dict[str, Any] = {}
    for resource, name in item.interface.resources:
        members: dict[str, Any] = {}
        for function in item.interface.functions:
            if function.resource is resource:
                constructs = function.kind is abi.FunctionKind.CONSTRUCTOR
                members["__init__" if constructs else function.python] = _stand_in(item, function)
        made[name] = type(name, (getattr(item.module, name),), members)
    return made


def _stand_in(item: Import, function: abi.Function) -> Callable[..., Any]:
    def missing(*_: object) -> NoReturn:
        name = f"{item.name}#{function.name}" if item.attribute else function.name
        raise NotImplementedError(f"{name}: the host does not implement it")

    return missing


def names_of(definition: Definition) -> Iterator[tuple[str, str]]:
    """Yield every accepted name of an import, with its attribute."""
    paths = Counter(item.name.partition("@")[0] for item in definition.imports)
    for item in definition.imports:
        if item.attribute:
            yield item.attribute, item.attribute
            yield item.name, item.attribute
            path = item.name.partition("@")[0]
            if paths[path] == 1:
                yield path, item.attribute
        else:
            yield from ((name, name) for _, name in item.interface.resources)
            for function in item.interface.functions:
                if function.resource is None:
                    yield function.python, function.python
                    yield function.name, function.python


def _given(
    definition: Definition, names: Mapping[str, str], given: object, problems: list[str]
) -> Iterator[tuple[str, object]]:
    if not isinstance(given, Mapping):
        check_imports(definition, given)
        for attribute in dict.fromkeys(names.values()):
            if (value := getattr(given, attribute, None)) is not None:
                yield attribute, value
        return
    versions = Versions(names)
    whole = cast("Mapping[str, object]", given)
    exact = {names[name] for name in whole if name in names}
    for name, value in whole.items():
        known = names.get(name)
        if known is None:
            close = versions.find(str(name))
            known = names[close] if close is not None and names[close] not in exact else None
        if known is not None:
            yield known, value
        else:
            problems.append(unknown_name(f"`{name}`: the component imports nothing with this name", name, names))


def unknown_name(message: str, name: object, known: Mapping[str, str]) -> str:
    """Add the name that is perhaps meant, `out` for `my_package_out` too, or else those that there are."""
    given = str(name)
    whole = [each for each in known.values() if each.endswith(f"_{given}")]
    close = whole[:1] or get_close_matches(given, list(known), n=1)
    if close:
        return f"{message} (did you mean `{close[0]}`?)"
    there = ", ".join(f"`{each}`" for each in dict.fromkeys(known.values()))
    return f"{message}; there is {there}" if there else message


def _adapted(item: Import, value: object, problems: list[str]) -> object:
    """Turn plain functions into an object that has them as methods."""
    functions = [function for function in item.interface.functions if function.resource is None]
    if isinstance(value, Mapping):
        names = {name: function.python for function in functions for name in (function.name, function.python)}
        names |= {name: name for _, name in item.interface.resources}
        found = SimpleNamespace()
        for name, each in cast("Mapping[str, object]", value).items():
            if name in names:
                setattr(found, names[name], each)
            else:
                problems.append(unknown_name(f"{item.name}: it has no function `{name}`", name, names))
        return found
    single = functions[0].python if len(functions) == 1 and not item.interface.resources else None
    if single is not None and callable(value) and not hasattr(value, single):
        return SimpleNamespace(**{single: value})
    return value
