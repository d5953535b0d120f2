"""Errors in the text form of a value, and their place."""

from __future__ import annotations

from witgen_runtime.values import Restorable

__all__ = ["WaveError"]


class WaveError(Restorable, ValueError):
    """A text or JSON value that is not of the type asked for; the message names the place and the remedy.

    Attributes:
        problem: what is wrong, without the place.
        place: `column 7`, `line 2, column 3`, or a path such as `$.items[2]` for JSON.
        argument: the argument of a call that contains the error, if it is one of several texts.
    """

    def __init__(self, problem: str, place: str, argument: str = "") -> None:
        super().__init__(": ".join(part for part in (argument, place, problem) if part))
        self.problem = problem
        self.place = place
        self.argument = argument

    def in_argument(self, name: str) -> WaveError:
        """Return the same error with the name of an argument."""
        return WaveError(self.problem, self.place, f"argument `{name}`")
