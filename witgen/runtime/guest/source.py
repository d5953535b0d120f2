"""Writing and compiling the source of converters."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

__all__ = ["Leave", "Scope", "Writer"]


class Leave(Exception):  # noqa: N818  (never leaves the runtime)
    """A converter met a value that is not in canonical form; `check` decides about it."""


class Writer:
    """Lines of one function's body."""

    def __init__(self) -> None:
        self._lines: list[str] = []
        self._indent = 1
        self._names = 0

    def line(self, text: str) -> None:
        """Add a statement."""
        self._lines.append("    " * self._indent + text)

    def leave_if(self, condition: str) -> None:
        """Add a check."""
        self.line(f"if {condition}: raise Leave")

    @contextmanager
    def block(self, header: str) -> Iterator[None]:
        """Add a compound statement; what is added meanwhile is its body, `pass` where nothing is."""
        self.line(header)
        self._indent += 1
        start = len(self._lines)
        yield
        if len(self._lines) == start:
            self.line("pass")
        self._indent -= 1

    def fresh(self, prefix: str = "v") -> str:
        """Return a new local name."""
        self._names += 1
        return f"{prefix}{self._names}"

    def assign(self, expression: str) -> str:
        """Give an expression a new local name, unless it is a name."""
        if expression.isidentifier():
            return expression
        name = self.fresh()
        self.line(f"{name} = {expression}")
        return name

    def function(self, header: str) -> str:
        """Return the source of the function with these lines as its body."""
        return "\n".join((header, *self._lines, ""))


class Scope:
    """The globals of converters that are compiled together."""

    def __init__(self) -> None:
        self._globals: dict[str, Any] = {"Leave": Leave}
        self._names: dict[int, str] = {}

    def use(self, value: Any, hint: str = "c") -> str:
        """Return the name under which sources find `value`."""
        name = self._names.get(id(value))
        if name is None:
            name = self.reserve(hint)
            self.define(name, value)
        return name

    def reserve(self, hint: str) -> str:
        """Return a new name; `define` gives it its value."""
        name = f"{hint}_{len(self._globals)}"
        self._globals[name] = None
        return name

    def define(self, name: str, value: Any) -> None:
        """Set what a name stands for."""
        self._globals[name] = value
        self._names[id(value)] = name

    def compile(self, name: str, source: str, shown_as: str) -> Callable[..., Any]:
        """Compile the function `name` and return it; tracebacks call it `shown_as`."""
        # The source is made of this package's own text and of names that `reserve` makes: nothing of the user's is in it.
        exec(compile(source, f"<converter of {shown_as}>", "exec"), self._globals)  # noqa: S102
        function: Callable[..., Any] = self._globals[name]
        function.__name__ = function.__qualname__ = shown_as
        return function
