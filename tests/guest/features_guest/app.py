"""A guest that passes everything on: each export calls the import of the same name."""

from __future__ import annotations

import inspect
import pkgutil
from collections.abc import Callable
from importlib import import_module
from typing import Any

from everything_bindings.guest import exports

from witgen_runtime import guest

# What the world exports as a resource, by the class that it imports it as.
OWN: dict[type[Any], type[Any]] = {}


def down(value: Any) -> Any:
    return getattr(value, "_imported", value)


def up(value: Any) -> Any:
    own = OWN.get(type(value))
    if own is None:
        return value
    made = own.__new__(own)
    made._imported = value
    return made


def passing(target: Callable[..., Any]) -> Callable[..., Any]:
    return lambda _, *arguments: up(target(*map(down, arguments)))


def passing_method(name: str) -> Callable[..., Any]:
    return lambda this, *arguments: up(getattr(this._imported, name)(*map(down, arguments)))


def constructing(imported: type[Any]) -> Callable[..., None]:
    def construct(self: Any, *arguments: Any) -> None:
        self._imported = imported(*map(down, arguments))

    return construct


def resource(base: type[Any], imported: type[Any]) -> type[Any]:
    members: dict[str, Any] = {}
    for name in base.__abstractmethods__:
        if name == "__init__":
            members[name] = constructing(imported)
        elif isinstance(inspect.getattr_static(base, name), classmethod):
            members[name] = classmethod(passing(getattr(imported, name)))
        else:
            members[name] = passing_method(name)
    OWN[imported] = type(base.__name__, (base,), members)
    return OWN[imported]


def implementation(name: str) -> Any:
    """Return what implements the exported interface in the module called `name`."""
    exported, imported = (
        import_module(f"{place}.{name}") for place in (exports.__name__, exports.__name__.removesuffix(".exports"))
    )
    own = [cls for cls in vars(exported).values() if isinstance(cls, type) and cls.__module__ == exported.__name__]
    resources = [cls for cls in own if issubclass(cls, guest.ExportedResource)]
    classes = {cls.__name__: resource(cls, getattr(imported, cls.__name__)) for cls in resources}
    bases = [cls for cls in own if issubclass(cls, guest.ExportedInterface)]
    if not bases:
        return next(iter(classes.values()))
    (base,) = bases
    functions = {name: passing(getattr(imported, name)) for name in base.__abstractmethods__}
    return type(base.__name__, (base,), {**functions, **classes})()


implementations = {module.name: implementation(module.name) for module in pkgutil.iter_modules(exports.__path__)}
exports.serve(__name__, **implementations)
