"""Several steps that are undone together, and places to come back to."""

from __future__ import annotations

from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Generic, NoReturn, TypeVar

from ._bindings.guest import golem_api_host as host
from .errors import ANY, DomainError
from .trapping import fail

__all__ = ["Checkpoint", "Operation", "RolledBackError", "fallible_transaction", "infallible_transaction", "operation"]

In = TypeVar("In")
Out = TypeVar("Out")


@dataclass(frozen=True)
class Operation(Generic[In, Out]):
    """A step of a transaction, and what undoes it.

    Attributes:
        execute: does it; a `DomainError` says that it was not possible.
        compensate: undoes it, with what it has got and returned.
    """

    execute: Callable[[In], Out]
    compensate: Callable[[In, Out], None]


def operation(compensate: Callable[[In, Out], None]) -> Callable[[Callable[[In], Out]], Operation[In, Out]]:
    """Make a step of a function, with what undoes it.

    def give_back(amount: int, receipt: str) -> None: ...

    @operation(give_back)
    def charge(amount: int) -> str: ...
    """

    def make(execute: Callable[[In], Out]) -> Operation[In, Out]:
        return Operation(execute, compensate)

    return make


class RolledBackError(Exception):
    """A transaction has failed; its cause is the error of the step that was not possible.

    Attributes:
        error: that error.
        compensation: the error that kept the steps before from being undone completely; None if they are.
    """

    def __init__(self, error: DomainError[Any], compensation: DomainError[Any] | None) -> None:
        super().__init__(f"{error!r}" if compensation is None else f"{error!r}; undoing failed: {compensation!r}")
        self.error = error
        self.compensation = compensation


class Transaction:
    """The steps of a transaction so far."""

    def __init__(self, give_up: Callable[[DomainError[Any], DomainError[Any] | None], NoReturn]) -> None:
        self._undo: list[Callable[[], None]] = []
        self._give_up = give_up

    def execute(self, step: Operation[In, Out], input: In) -> Out:
        """Do a step. If it is not possible, all steps before it are undone, the last one first."""
        try:
            output = step.execute(input)
        except ANY as error:
            self._give_up(error, self._compensated())
        self._undo.append(lambda: step.compensate(input, output))
        return output

    def _compensated(self) -> DomainError[Any] | None:
        while self._undo:
            try:
                self._undo.pop()()
            except ANY as error:
                return error
        return None


@contextmanager
def fallible_transaction() -> Generator[Transaction]:
    """Do several steps, and undo them where one is not possible.

        with fallible_transaction() as steps:
            receipt = steps.execute(charge, 10)
            steps.execute(book, receipt)

    Raises:
        RolledBackError: a step was not possible; those before it are undone.
    """

    def give_up(error: DomainError[Any], compensation: DomainError[Any] | None) -> NoReturn:
        raise RolledBackError(error, compensation) from error

    yield Transaction(give_up)


@contextmanager
def infallible_transaction() -> Generator[Transaction]:
    """Do several steps, and where one is not possible undo them and begin again, until all are done.

    The block is `atomic`, too: after a crash all of it is done again.
    """
    begin = host.mark_begin_operation()
    start = host.get_oplog_index()

    def begin_again(error: DomainError[Any], compensation: DomainError[Any] | None) -> NoReturn:
        if compensation is not None:
            fail(compensation)
        host.set_oplog_index(start)  # the agent goes on there, and does not come back
        raise error

    try:
        yield Transaction(begin_again)
    except BaseException as error:  # noqa: BLE001 - whatever leaves the block, also a task that is cancelled
        fail(error)
    host.mark_end_operation(begin)


class Checkpoint:
    """A place in an agent's past to come back to; `Checkpoint()` marks the present.

    Whatever was done to the world outside meanwhile stays done.
    """

    def __init__(self) -> None:
        self._index = host.get_oplog_index()

    def revert(self) -> NoReturn:
        """Go on at the checkpoint, as if what came after had not happened."""
        host.set_oplog_index(self._index)
        raise RuntimeError("the host has not gone back")  # not reached where the host is Golem

    def check(self, condition: object) -> None:
        """Go back unless a condition holds."""
        if not condition:
            self.revert()

    @contextmanager
    def reverting(self) -> Generator[None]:
        """Go back where an exception leaves a block."""
        try:
            yield
        except Exception:  # noqa: BLE001 - whatever the block raises
            self.revert()
