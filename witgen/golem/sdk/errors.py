"""Errors that are part of a method's declaration."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, Generic, TypeVar, get_args, get_origin

__all__ = ["ANY", "RAISES", "DomainError", "payload_hint", "raises"]

T = TypeVar("T")
_Method = TypeVar("_Method", bound="Callable[..., Any]")

RAISES: Final = "_witgen_raises"
"""The attribute of methods with the declared errors."""


class DomainError(Exception, Generic[T]):
    """Base of expected errors: results to callers in any language, exceptions in Python.

        class PaymentError(DomainError[CardDeclined | EmptyCart]):
            \"\"\"What can go wrong at checkout.\"\"\"

    The type in brackets is that of `value`, which callers get. `DomainError[None]` has no value.
    """

    def __init__(self, value: T) -> None:
        super().__init__(value)
        self.value = value


ANY: Final[type[DomainError[Any]]] = DomainError
"""To catch declared errors with values of any type."""


def raises(*errors: type[DomainError[Any]]) -> Callable[[_Method], _Method]:
    """Declare the errors of a method: its result is then `result<…>`, and clients in Python raise them again.

    Any other exception ends the call with Golem's `trap`, and Golem tries it again.
    """

    def mark(method: _Method) -> _Method:
        setattr(method, RAISES, errors)
        return method

    return mark


def payload_hint(error: type[DomainError[Any]]) -> Any:
    """Return the type of an error class's values; NotImplemented where the class does not say it."""
    for cls in error.__mro__:
        for base in getattr(cls, "__orig_bases__", ()) if "__orig_bases__" in vars(cls) else ():
            if get_origin(base) is DomainError and not isinstance(get_args(base)[0], TypeVar):
                return get_args(base)[0]
    return NotImplemented
