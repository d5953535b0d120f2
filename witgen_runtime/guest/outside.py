"""Imported functions on plain CPython, outside a component: installed fakes answer them."""

# The runtime's attributes of a resource are private, because public names belong to WIT.
# ruff: noqa: SLF001
# pyright: reportPrivateUsage=false
from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

from .. import abi, check
from .raw import OutsideComponentError
from .resources import Ledger

__all__ = ["Answer", "answer_imports", "handed_out", "outside"]

Answer: TypeAlias = Callable[[abi.Interface, abi.Function, tuple[Any, ...]], Any]
"""Answers a call of an imported function; returns NotImplemented where nothing is installed for its interface."""

_answers: list[Answer] = []


def answer_imports(answer: Answer) -> None:
    """Let `answer` answer calls of imported functions from now on."""
    _answers.append(answer)


def handed_out(type_: abi.Type, value: object, ledger: Ledger) -> object:
    """Return the object of a handle that the guest passes, and record the handle's use in `ledger`.

    Raises:
        check.Mismatch: it is not a handle of that resource.
        DroppedError: the handle is gone.
    """
    return ledger.take(type_, value)._raw.object if isinstance(type_, abi.Own | abi.Borrow) else value


def outside(interface: abi.Interface, function: abi.Function) -> Callable[..., Any]:
    """Return the replacement of an imported function outside a component."""

    def call(*arguments: object) -> Any:
        ledger = Ledger()
        canonical = check.arguments(function, arguments, lambda type_, value: handed_out(type_, value, ledger))
        ledger.settle(function.python)
        for answer in _answers:
            answered = answer(interface, function, tuple(canonical))
            if answered is not NotImplemented:
                return answered
        raise OutsideComponentError(
            f"{function.python} ({interface.name or function.name}) can be called inside a component that"
            " componentize-py built, or while fakes are installed (see guest/testing)"
        )

    async def call_async(*arguments: object) -> Any:
        return call(*arguments)

    return call_async if function.is_async else call
