"""Wrappers on plain CPython: they call fakes, and hold handles of the fakes' objects."""

# The runtime's attributes of resources and fakes are private, because public names belong to WIT.
# ruff: noqa: SLF001
# pyright: reportPrivateUsage=false
from __future__ import annotations

from typing import Any

from .. import abi, check
from ..guest.resources import Resource, lend, wrap, wrapper
from .fakes import Function, Trap, installed
from .objects import Object

__all__ = ["answer", "handed_in", "rebuilt"]


class _Handle:
    """Stands for the raw handle of an object."""

    def __init__(self, of: Object) -> None:
        self.object = of

    def __exit__(self, *_: object) -> None:
        self.object.dropped = True


def handed_in(type_: abi.Type, value: object, lent: list[Resource]) -> object:
    """Return the guest's handle of an object; a handle lent for one call is added to `lent`."""
    if not isinstance(type_, abi.Own | abi.Borrow) or not isinstance(value, Object):
        return value
    cls, raw = wrapper(type_.resource), _Handle(value)
    return wrap(cls, raw) if isinstance(type_, abi.Own) else lend(cls, raw, lent)


def rebuilt(function: abi.Function, error: Exception, opaque: check.Opaque) -> Exception:
    """Return a declared error as the other side receives it; `opaque` converts handles to that side's."""
    carried: Any = check.error(function, error, opaque)
    declared = function.result.err if isinstance(function.result, abi.Result) else None
    if isinstance(carried, Exception) or function.raises is None:
        return carried if isinstance(carried, Exception) else error
    return function.raises() if declared is None else function.raises(carried)


def answer(interface: abi.Interface, function: abi.Function, arguments: tuple[Any, ...]) -> Any:
    """Answer a call of an imported function with the installed fake; NotImplemented if there is none."""
    fake = installed(interface)
    return NotImplemented if fake is None else _answered(fake._functions[function.name], arguments)


def _answered(fake: Function[*tuple[Any, ...], Any, Any], arguments: tuple[Any, ...]) -> Any:
    """Return the answer of a fake as the guest receives it.

    Raises:
        Trap: the component would have ended: now, or in an earlier call.
    """
    function, fakes = fake._wit, fake._fakes
    if fakes._trap is not None:
        raise fakes._trap

    def opaque(type_: abi.Type, value: object) -> object:
        return handed_in(type_, value, [])

    try:
        return check.result(function, fake._respond(arguments), opaque)
    except Trap as trap:
        raise fakes._ended(trap) from None
    except Exception as error:
        if isinstance(error, function.raises or ()):
            raise rebuilt(function, error, opaque) from error.__cause__
        # A failure of the host ends the component, and the host's caller gets it unchanged.
        raise fakes._ended(Trap(f"{fake._name}: {error!r}")) from error
