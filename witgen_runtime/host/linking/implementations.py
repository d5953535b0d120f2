"""Implementations of a world's imports: finds each function, and checks whether it can be called as WIT declares."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Container, Iterator, Mapping
from dataclasses import fields, is_dataclass
from difflib import get_close_matches
from types import FunctionType, MethodType, SimpleNamespace
from typing import Any, Final, TypeVar, cast

from ... import abi
from .. import signatures
from ..store.resource import HostResource
from .definition import Definition, Import

__all__ = ["Given", "Implementation", "check_imports", "misfit", "problems_of", "subclass"]

T = TypeVar("T")

_ONLY_AWAITED: Final = (
    "it is `async def`: only the asyncio API, the world's class whose name begins with Async, can run it"
)


def subclass(found: object, base: type[T]) -> type[T]:
    """Return `found` if it is a subclass of `base`, which is returned otherwise."""
    return found if isinstance(found, type) and issubclass(found, base) else base


class Given(SimpleNamespace):
    """Implementations by attribute, with their known problems; WIT names never begin with `_`."""

    def __init__(self) -> None:
        super().__init__()
        self._problems: list[str] = []


def problems_of(imports: object) -> list[str]:
    """Return the known problems of implementations."""
    return imports._problems if isinstance(imports, Given) else []  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]


class Implementation:
    """The implementation of one import: `given` has the free functions, `classes` those of resources."""

    def __init__(self, item: Import, imports: object) -> None:
        self.item = item
        self._imports = imports
        interface = item.interface
        self.given = getattr(imports, item.attribute, None) if item.attribute else imports
        self._is_class = bool(item.attribute) and interface.is_one_class
        self.native = item.native and self.given is None
        self.classes: dict[abi.Resource, Any] = {
            resource: self.given if self._is_class else getattr(self.given, name, None)
            for resource, name in interface.resources
        }

    def target(self, function: abi.Function) -> tuple[object, str]:
        """Return the owner of a function's implementation, and its attribute name: empty for the owner itself."""
        if function.resource is None:
            return self.given, function.python
        owner = self.classes[function.resource]
        return owner, "" if function.kind is abi.FunctionKind.CONSTRUCTOR else function.python

    def base(self, name: str) -> object:
        """Return the generated class of that name."""
        return getattr(self.item.module, name, None)

    def missing(self, *, awaits: bool, unserved: Mapping[str, str], refused: Container[str]) -> Iterator[str]:
        """Report what an implementation lacks, and functions that cannot be called as WIT declares.

        `awaits` is whether coroutines are accepted; `unserved` are functions that cannot be implemented, with reasons;
        `refused` are functions that cannot be called anyway.
        """
        place = self.item.name or "the world itself"
        if self.given is None:
            shown = f" (imports.{self.item.attribute})" if self.item.attribute else ""
            yield f"{place}: no implementation{shown}{self._instead()}"
            return
        classless = set[abi.Resource]()
        for resource, name in self.item.interface.resources:
            base, given = subclass(self.base(name), HostResource), self.classes[resource]
            if not (isinstance(given, type) and issubclass(given, base)):
                hint = ", got an instance of it" if isinstance(given, base) else self._of_world()
                yield f"{place}: resource {resource.name}: expected a class derived from {name}{hint}"
                if not isinstance(given, type):
                    classless.add(resource)
        for function in self.item.interface.functions:
            if function.name in unserved:
                yield f"{place}: {signatures.describe(function)} ({unserved[function.name]})"
            elif function.name not in refused and function.resource not in classless:
                yield from self._problems(function, place, awaits=awaits)

    def _of_world(self) -> str:
        """Return what to pass, if a whole world was given."""
        given = cast("type[object]", type(self.given))
        if not isinstance(getattr(given, "_definition", None), Definition):
            return ""
        return f", got the world {given.__name__}: pass the interface that it exports"

    def _problems(self, function: abi.Function, place: str, *, awaits: bool) -> Iterator[str]:
        """Report the problem with the implementation of one function."""
        owner, name = self.target(function)
        if owner is None:
            return
        found = owner if not name else getattr(owner, name, None)
        abstract: frozenset[str] = frozenset()
        if isinstance(owner, type):
            abstract = getattr(owner, "__abstractmethods__", abstract)
        if not callable(found) or (name or "__init__") in abstract:
            known = {each.python for each in self.item.interface.functions}
            close = _alike(name, owner, known)
            hint = f" (as `{name}`; there is `{close}`)" if close else ""
            if not close and found is None and not (name and hasattr(owner, name)):
                hint = " (it is missing)"
            elif found is None and name and hasattr(owner, name):
                hint = " (it is None)"
            elif found is not None and not callable(found):
                hint = f" (got {type(found).__name__}, which cannot be called)"
            yield f"{place}: {signatures.describe(function)}{hint}"
            return
        if not name and is_coroutine(getattr(found, "__init__", None)):
            yield f"{place}: {signatures.describe(function)} (`__init__` cannot be `async def`)"
        elif not awaits and is_coroutine(found):
            yield f"{place}: {signatures.describe(function)} ({_ONLY_AWAITED})"
        reason = misfit(owner, name, function)
        if reason is not None:
            yield f"{self.item.name}#{function.name}: {reason}" if self.item.name else f"{function.name}: {reason}"

    def _instead(self) -> str:
        """Return why the imports object has no implementation, and what it may have instead."""
        name, imports = self.item.attribute, self._imports
        if imports is None:
            return "; no imports were given: pass them to `open`"
        if isinstance(imports, Given):
            return ""
        if hasattr(imports, name):
            return "; it is None"
        close = _alike(name, imports, ())
        return f"; there is `{close}`" if close else f"; {type(imports).__name__} has no such attribute"

    def function(self, function: abi.Function) -> Callable[..., Any] | None:
        """Return the implementation of a function; None for methods and for functions that cannot be implemented."""
        if function.kind is abi.FunctionKind.METHOD:
            return None
        owner, name = self.target(function)
        implementation: Callable[..., Any] = getattr(owner, name) if name else owner  # type: ignore[assignment]
        return implementation

    def awaits(self, function: abi.Function) -> bool:
        """Return whether a function's implementation is a coroutine function."""
        owner, name = self.target(function)
        return is_coroutine(getattr(owner, name, None) if name else owner)


def is_coroutine(found: object) -> bool:
    """Return whether calling an object makes a coroutine: an `async def`, or an object whose `__call__` is one."""
    if isinstance(found, type):
        return False
    called = cast("object", getattr(type(found), "__call__", None))  # noqa: B004
    if inspect.iscoroutinefunction(called):
        return True
    # Mocks with a specification seem to be anything.
    flags = getattr(getattr(inspect.unwrap(found), "__code__", None), "co_flags", 0) if callable(found) else 0
    return inspect.iscoroutinefunction(found) and (not flags or isinstance(flags, int))


def _alike(name: str, owner: object, known: Container[str]) -> str | None:
    """Return the attribute of an owner whose name resembles a missing one."""
    if not name or hasattr(owner, name):
        return None
    others = [each for each in dir(owner) if not each.startswith("_") and each not in known]
    return next(iter(get_close_matches(name, others, n=1)), None)


def misfit(owner: object, name: str, function: abi.Function) -> str | None:
    """Return why an implementation cannot be called with the parameters of a function; None if it can.

    It is the attribute `name` of its owner, or if that is empty, the owner itself. The runtime passes all parameters by
    position. A decorator that accepts any arguments (`*args`) passes: the function it wraps may have other parameters.
    """
    target: Any = getattr(owner, name) if name else owner
    params = function.params
    if function.kind is abi.FunctionKind.METHOD and not _gets_self(owner, name):
        params = params[1:]
    if _takes(target, len(params)):
        return None
    try:
        signature = inspect.signature(target, follow_wrapped=False)
    except (TypeError, ValueError):
        # Some functions written in C have no signature.
        return None
    try:
        signature.bind(*params)
    except TypeError:
        names = ", ".join(param.python for param in params)
        called, shown = getattr(target, "__qualname__", type(target).__name__), _without_types(signature)
        hint = "; pass an instance of the class, not the class" if _needs_object(target, function, signature) else ""
        return f"it is called with ({names}), which `{called}{shown}` does not accept{hint}"
    return None


def _gets_self(owner: object, name: str) -> bool:
    """Return whether a method called on an object gets the object."""
    classes = owner.__mro__ if isinstance(owner, type) else ()
    found: object = next((vars(each)[name] for each in classes if name in vars(each)), None)
    if found is None:
        return True
    return hasattr(cast("object", type(found)), "__get__") and not isinstance(found, (staticmethod, classmethod))


def _takes(target: Callable[..., Any], count: int) -> bool:
    """Return whether a Python function clearly accepts that many positional arguments; the fast path."""
    plain: object = target
    if isinstance(plain, MethodType):
        plain, count = plain.__func__, count + 1
    if not isinstance(plain, FunctionType) or hasattr(plain, "__signature__"):
        return False
    code, defaults = plain.__code__, plain.__defaults__ or ()
    if code.co_kwonlyargcount > len(plain.__kwdefaults__ or ()):
        return False
    takes_more = bool(code.co_flags & inspect.CO_VARARGS)
    return code.co_argcount - len(defaults) <= count and (takes_more or count <= code.co_argcount)


def _without_types(signature: inspect.Signature) -> str:
    params = [param.replace(annotation=inspect.Parameter.empty) for param in signature.parameters.values()]
    return str(inspect.Signature(params))


def _needs_object(target: object, function: abi.Function, signature: inspect.Signature) -> bool:
    """Return whether a function is a method found on a class that was passed instead of an object."""
    first = next(iter(signature.parameters), "")
    return function.resource is None and isinstance(target, FunctionType) and first == "self"


def member_of(
    function: abi.Function, python: type[HostResource], make: Callable[..., Any]
) -> Callable[..., Any] | None:
    """Return the implementation of a resource's function; None for methods, which belong to its objects."""
    if function.kind is abi.FunctionKind.METHOD:
        return None
    if function.kind is abi.FunctionKind.CONSTRUCTOR:
        return make
    found: Callable[..., Any] = getattr(python, function.python)
    return found


_NO_CONTAINERS: Final = (Mapping, str, bytes, bytearray, memoryview, int, float, list, tuple, set, frozenset)


def check_imports(definition: Definition, imports: object) -> None:
    """Raise `TypeError` if `imports` is of a type that cannot have implementations as attributes."""
    if isinstance(imports, type):
        names = [item.attribute for item in definition.imports if item.attribute]
        if is_dataclass(imports) and {each.name for each in fields(imports)} >= set(names):
            raise TypeError(f"imports: expected an instance of {imports.__name__}, got the class")
        return
    given: type[Any] = type(imports)
    # A named tuple has attributes.
    if not issubclass(given, _NO_CONTAINERS) or hasattr(imports, "_fields"):
        return
    names = [item.attribute for item in definition.imports if item.attribute]
    listed = ", ".join(f"`{name}`" for name in names)
    wanted = f"an object with the attributes {listed}" if names else "an object with the world's functions"
    if not definition.imports:
        wanted = "None because the world imports nothing"
    hint = f"; pass {_container(definition)}(**imports)" if issubclass(given, Mapping) and names else ""
    raise TypeError(f"imports: expected {wanted}, got {given.__name__}{hint}")


def _container(definition: Definition) -> str:
    """Return the name in generated code of the class of a world's imports."""
    world = definition.name.rpartition("/")[2].partition("@")[0]
    return "".join(part.capitalize() for part in world.split("-")) + "Imports"
