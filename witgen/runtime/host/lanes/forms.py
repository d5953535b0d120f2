"""In which form a helper has its interface on either side."""

from __future__ import annotations

from dataclasses import dataclass, field

from .shapes import Function, carries_bytes, carries_ends
from .type_writer import Look

__all__ = ["Form"]


@dataclass(frozen=True)
class Form:
    """How types look on the inner side and on the outer one, and whether async functions are polled on the inner.

    `settles`: before any function is called, what the guest has written to streams is brought to the host.
    """

    inside: Look = field(default_factory=Look)
    outside: Look = field(default_factory=Look)
    polled: bool = False
    settles: bool = False

    @property
    def passes_ends(self) -> bool:
        """Whether streams and futures are numbers on one side."""
        return self.inside.numbers or self.outside.numbers

    def changes(self, function: Function) -> bool:
        """Tell whether a function has to be passed on by code."""
        bytes_ = self.inside.text or self.outside.text
        return (
            self.settles
            or (self.polled and function.is_async)
            or (bytes_ and any(map(carries_bytes, function.types)))
            or (self.passes_ends and any(map(carries_ends, function.types)))
        )
