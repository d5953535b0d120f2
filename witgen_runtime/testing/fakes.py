"""Fakes of imported interfaces: they record the calls of a guest and answer them.

On plain CPython the wrappers call them: arguments are checked exactly as inside a component, handles follow the same
rules, and failures that would end a component raise `Trap`. `hosting` puts the same fakes behind a real component.
"""

# Public names of fakes belong to WIT: their other attributes are private, and used by this package's modules alone.
# ruff: noqa: SLF001
# pyright: reportPrivateUsage=false
from __future__ import annotations

from abc import ABCMeta
from collections import deque
from collections.abc import Callable, Iterator
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any, Generic, NamedTuple, Self, TypeVar, TypeVarTuple

from .. import abi, check
from .objects import Object, Pollable
from .wasi import default

__all__ = [
    "Call",
    "Fake",
    "FakeResource",
    "Fakes",
    "Function",
    "GuestExit",
    "Object",
    "Pollable",
    "Trap",
    "calls",
    "installed",
]

P = TypeVarTuple("P")
R = TypeVar("R")
E = TypeVar("E", bound=Exception)
Made = TypeVar("Made", bound=Object)


class Trap(BaseException, metaclass=ABCMeta):
    """A failure that would have ended a component; like that, `except Exception` cannot catch it.

    `pytest.raises(Trap)` also accepts the trap of a real component on wasmtime.
    """


class GuestExit(BaseException, metaclass=ABCMeta):
    """An export called `sys.exit`, which ends the component; `code` is 0 or 1.

    `pytest.raises(GuestExit)` also accepts the exit of a real component on wasmtime.
    """

    def __init__(self, code: int) -> None:
        super().__init__(f"the guest exited with code {code}")
        self.code = code

    def __reduce__(self) -> tuple[object, ...]:
        return type(self), (self.code,), self.__dict__


class Call(NamedTuple):
    """A recorded call: the name as in Python (`log`, `Connection.send`), and the arguments in canonical form."""

    name: str
    arguments: tuple[Any, ...]


class Function(Generic[*P, R, E]):
    """The fake of one imported function.

    `calls` holds the arguments of every call, in canonical form; those of a method begin with its object.
    """

    def __init__(self, fakes: Fakes, function: abi.Function, name: str, interface: str) -> None:
        self.calls: list[tuple[*P]] = []
        self._fakes = fakes
        self._wit = function
        self._name = name
        self._script: deque[Callable[..., Any]] = deque()
        self._answer: Callable[..., Any] | None = default(interface, function, fakes._new)

    def returns(self, *answers: R) -> None:
        """Answer the next calls, one with each value.

        Raises:
            TypeError: a value is not of the function's WIT type.
            ValueError: likewise.
        """
        for answer in answers:
            self._script.append(_returning(check.result(self._wit, answer, self._fakes._checked)))

    def raises(self, *errors: E) -> None:
        """Answer the next calls, one with each error.

        Raises:
            TypeError: WIT declares no such error.
            ValueError: its payload is not of the declared type.
        """
        for error in errors:
            if not isinstance(error, self._wit.raises or ()):
                declared = self._wit.raises.__name__ if self._wit.raises else "no error"
                raise TypeError(f"{self._name} cannot raise {error!r}: WIT declares {declared}")
            check.error(self._wit, error, self._fakes._checked)
            self._script.append(_raising(error))

    def answers(self, implementation: Callable[[*P], R]) -> None:
        """Answer all other calls with `implementation`; it gets the arguments that `calls` records."""
        self._answer = implementation

    def _respond(self, arguments: tuple[Any, ...]) -> Any:
        """Record a call and answer it, in canonical form."""
        self.calls.append(arguments)
        self._fakes._calls.append(Call(self._name, arguments))
        answer = self._script.popleft() if self._script else self._answer
        if answer is not None:
            return check.result(self._wit, answer(*arguments), self._fakes._checked)
        declared = self._wit.result
        if isinstance(declared, abi.Result) and self._wit.raises is not None:
            declared = declared.ok
        if isinstance(declared, abi.Own):
            return self._fakes._unasked(declared.resource)
        if declared is not None:
            raise Trap(f"{self._name}: nothing answers this call; use returns(), raises() or answers()")
        return None


def _returning(answer: object) -> Callable[..., Any]:
    def answering(*_: object) -> Any:
        return answer

    return answering


def _raising(error: Exception) -> Callable[..., Any]:
    def fail(*_: object) -> Any:
        raise error

    return fail


class Named:
    """Base of what has fakes by name; an error about another name has the one that was probably meant."""

    if not TYPE_CHECKING:

        def __getattr__(self, name: str) -> Any:
            known = [each for each in dir(self) if not each.startswith("_")]
            close = [] if name.startswith("_") else get_close_matches(name, known, n=1)
            hint = f". Did you mean `{close[0]}`?" if close else ""
            message = f"`{type(self).__name__}` has no attribute `{name}`{hint}"
            raise AttributeError(message, name=name, obj=self)


class FakeResource(Named, Generic[Made]):
    """The fakes of a resource's functions. Calling it makes an object; iterating gives all objects made."""

    def __init__(self, fake: Fake, resource: abi.Resource, cls: type[Made]) -> None:
        self._fake = fake
        self._resource = resource
        self._cls = cls
        self._objects: list[Made] = []
        self._stand_in: Callable[[Object], object]
        """Returns the host object that represents a fake's object for a component; set while one is open."""
        fake._fakes._resources[resource] = self

    def __call__(self) -> Any:
        """Return a new object of `Made`, which the guest's exports accept as a resource of the host."""
        made = self._cls()
        made._fake = self
        self._objects.append(made)
        return made

    def __iter__(self) -> Iterator[Made]:
        return iter(self._objects)

    def __len__(self) -> int:
        return len(self._objects)

    def _function(self, function: abi.Function) -> Any:
        """Return the fake of one of the resource's functions."""
        constructs = function.kind is abi.FunctionKind.CONSTRUCTOR
        return self._fake._function(function, self._cls.__name__ if constructs else f"{self._cls.__name__}.")


class Fake(Named):
    """The fake of one imported interface, or of a world's own functions."""

    def __init__(self, fakes: Fakes, interface: abi.Interface) -> None:
        self._fakes = fakes
        self._interface = interface
        self._functions: dict[str, Function[*tuple[Any, ...], Any, Any]] = {}
        fakes._fakes[interface] = self

    def _function(self, function: abi.Function, shown: str = "") -> Any:
        """Return the fake of a function; messages prefix its name with `shown`."""
        shown += function.python if not shown or shown.endswith(".") else ""
        made = self._functions[function.name] = Function(self._fakes, function, shown, self._interface.name)
        return made


class Fakes(Named):
    """The fakes of a world's imports; the wrappers call them while the `with` block runs."""

    def __init__(self) -> None:
        self._fakes: dict[abi.Interface, Fake] = {}
        self._resources: dict[abi.Resource, FakeResource[Any]] = {}
        self._calls: list[Call] = []
        self._trap: Trap | GuestExit | None = None

    def __enter__(self) -> Self:
        if _installed.keys() & self._fakes.keys():
            raise RuntimeError("fakes of this world are installed already")
        _installed.update(self._fakes)
        return self

    def __exit__(self, *_: object) -> None:
        for interface in self._fakes:
            _installed.pop(interface, None)

    def _new(self, resource: abi.Resource) -> Object:
        """Return a new object of a resource."""
        made: Object = self._resources[resource]()
        return made

    def _unasked(self, resource: abi.Resource) -> Object:
        """Return the object for a call that the test does not script: a pollable is ready at once."""
        made = self._new(resource)
        if isinstance(made, Pollable):
            made.set()
        return made

    def _checked(self, type_: abi.Type, value: object) -> object:
        """Check the object that stands for a handle; streams and futures pass unchanged."""
        if isinstance(type_, abi.Own | abi.Borrow):
            cls = self._resources[type_.resource]._cls
            if not isinstance(value, cls):
                raise check.Mismatch(f"expected {cls.__name__} of the fakes, got {type(value).__name__}")
        return value

    def _ended(self, trap: Trap | GuestExit) -> Trap | GuestExit:
        """Record that the component has ended."""
        self._trap = self._trap or trap
        return trap


def calls(fakes: Fakes) -> list[Call]:
    """Return the calls of all functions, in order."""
    return fakes._calls


_installed: dict[abi.Interface, Fake] = {}


def installed(interface: abi.Interface) -> Fake | None:
    """Return the installed fake of an interface."""
    return _installed.get(interface)
