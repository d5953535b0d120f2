"""Fakes of imported interfaces: unit tests of guest code on plain CPython.

Arguments are checked exactly as inside a component, handles come and go by the same rules. What would end a component
(an answer that does not fit the WIT type, an error that WIT does not declare, a call that nothing answers) raises
`Trap`.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from types import ModuleType
from typing import Any, Self

from .. import abi, check
from .raw import OutsideComponentError
from .resource import Ledger, Resource, refusal, wrap, wrapper

__all__ = ["Call", "Fake", "Fakes", "Trap", "faked"]


class Trap(BaseException):
    """Inside a component this call would have ended the component: nothing can catch it there."""


@dataclass(frozen=True)
class Call:
    """A call: the name as in Python (`log`, `Connection.send`), and what was passed, in canonical form."""

    name: str
    arguments: tuple[Any, ...]


class _Handle:
    """Stands for the raw handle of a resource that a fake made."""

    def __init__(self, fake: Fake, cls: type[Resource]) -> None:
        self._fake = fake
        self._name = cls.__name__

    def __exit__(self, *_: object) -> None:
        self._fake.dropped.append(self._name)


class Fake:
    """A fake of one imported interface: records calls and answers them.

    `calls` holds every call in order, `dropped` the class of every handle that was dropped.
    """

    def __init__(self, interface: abi.Interface, wrappers: ModuleType) -> None:
        self.interface = interface
        self._wrappers = wrappers
        self._functions = {_python_name(function): function for function in interface.functions}
        self._scripts: dict[str, deque[Any]] = {}
        self._answers: dict[str, Callable[..., Any]] = {}
        self.calls: list[Call] = []
        self.dropped: list[str] = []

    def script(self, name: str, *answers: object) -> None:
        """Answer the next calls of a function, each once: with a value, or by raising an exception."""
        self._scripts.setdefault(self._known(name), deque()).extend(answers)

    def answer(self, name: str, implementation: Callable[..., Any]) -> None:
        """Answer every call that no script answers with what `implementation` returns or raises."""
        self._answers[self._known(name)] = implementation

    def make(self, resource: str) -> Any:
        """Return a new handle of the resource with the class name `resource`."""
        cls: Any = getattr(self._wrappers, resource)
        return wrap(cls, _Handle(self, cls))

    def respond(self, function: abi.Function, arguments: tuple[Any, ...]) -> Any:
        """Record a call and answer it."""
        name = _python_name(function)
        self.calls.append(Call(name, arguments))
        try:
            answer = self._next(function, name, arguments)
            return check.result(function, answer, _handed_out)
        except Exception as error:
            raises: type[Exception] | tuple[()] = function.raises or ()
            if isinstance(error, raises):
                raise
            msg = f"{name}: {error}" if isinstance(error, TypeError | ValueError) else f"{name}: {error!r}"
            raise Trap(msg) from error

    def _next(self, function: abi.Function, name: str, arguments: tuple[Any, ...]) -> Any:
        script = self._scripts.get(name)
        if script:
            answer = script.popleft()
            if isinstance(answer, BaseException):
                raise answer
            return answer
        if name in self._answers:
            return self._answers[name](*arguments)
        declared = function.result
        if isinstance(declared, abi.Result) and function.raises is not None:
            declared = declared.ok
        if declared is None:
            return None
        if isinstance(declared, abi.Own):
            cls = wrapper(declared.resource)
            return wrap(cls, _Handle(self, cls))
        raise Trap(f"{name}: nothing answers this call; use script() or answer()")

    def _known(self, name: str) -> str:
        if name not in self._functions:
            msg = f"{self.interface.name or 'the world'} has no function {name}: {', '.join(self._functions)}"
            raise LookupError(msg)
        return name


class Fakes:
    """The fakes of a world's imports; they answer while the `with` block runs."""

    def __init__(self, *fakes: Fake) -> None:
        self._fakes = {fake.interface: fake for fake in fakes}

    def __enter__(self) -> Self:
        if _installed.keys() & self._fakes.keys():
            raise RuntimeError("fakes of this world are installed already")
        _installed.update(self._fakes)
        return self

    def __exit__(self, *_: object) -> None:
        for interface in self._fakes:
            del _installed[interface]


_installed: dict[abi.Interface, Fake] = {}


def faked(interface: abi.Interface, function: abi.Function) -> Callable[..., Any]:
    """Return what stands for an imported function where there is no component."""

    def call(*arguments: object) -> Any:
        ledger = Ledger()
        canonical = check.arguments(function, arguments, lambda type_, value: _taken(type_, value, ledger))
        ledger.settle(function.python)
        fake = _installed.get(interface)
        if fake is None:
            raise OutsideComponentError(
                f"{function.python} ({interface.name or function.name}) can be called inside a component that"
                " componentize-py built, or while fakes are installed (see guest/testing.py)"
            )
        return fake.respond(function, tuple(canonical))

    async def call_async(*arguments: object) -> Any:
        return call(*arguments)

    return call_async if function.is_async else call


def _python_name(function: abi.Function) -> str:
    if function.resource is None:
        return function.python
    owner = wrapper(function.resource).__name__
    return owner if function.name.startswith("[constructor]") else f"{owner}.{function.python}"


def _taken(type_: abi.Type, value: object, ledger: Ledger) -> object:
    """Check a handle that is passed, and note in `ledger` what becomes of it."""
    if not isinstance(type_, abi.Own | abi.Borrow):
        return value
    cls = wrapper(type_.resource)
    if not isinstance(value, cls):
        raise check.Mismatch(f"expected {cls.__name__}, got {type(value).__name__}")
    return ledger.take(value, give=isinstance(type_, abi.Own))


def _handed_out(type_: abi.Type, value: object) -> object:
    """Check a handle that a fake answers with."""
    if isinstance(type_, abi.Own) and not (
        isinstance(value, wrapper(type_.resource)) and refusal(value, give=True) is None
    ):
        raise check.Mismatch(f"expected a live {wrapper(type_.resource).__name__}, got {value!r}")
    return value
