"""Calls that fail as they should."""

from collections.abc import Callable
from typing import Any, TypeVar

E = TypeVar("E", bound=Exception)


def failure(kind: type[E], call: Callable[..., Any], *arguments: Any) -> E:
    """Return the exception that a call raises."""
    try:
        call(*arguments)
    except kind as error:
        return error
    raise AssertionError(f"{call} did not fail")
