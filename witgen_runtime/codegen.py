"""Python source while it is being generated: lines, fresh names, and the objects that it names."""

from __future__ import annotations

import linecache
from collections.abc import Generator
from contextlib import contextmanager
from types import CodeType

__all__ = ["Source"]


class Source:
    """Statements and their constants. All names begin with an underscore: parameters never do."""

    def __init__(self) -> None:
        self.constants: dict[str, object] = {}
        self._names: dict[int, str] = {}
        self._lines: list[str] = []
        self._finished: list[str] = []
        self._indent = 0
        self._count = 0

    def line(self, text: str) -> None:
        """Add a statement."""
        self._lines.append("    " * self._indent + text)

    @contextmanager
    def block(self, header: str) -> Generator[None]:
        """Add a compound statement around the statements that follow."""
        self.line(header)
        self._indent += 1
        before = len(self._lines)
        yield
        if len(self._lines) == before:
            self.line("pass")
        self._indent -= 1

    def declare(self, text: str) -> None:
        """Add a statement that runs once, after the functions that stand before it."""
        self._finished.append(text)

    @contextmanager
    def captured(self) -> Generator[list[str]]:
        """Collect the statements of one level further in, instead of adding them."""
        outer, body = self._lines, list[str]()
        self._lines, self._indent = body, self._indent + 1
        yield body
        self._lines, self._indent = outer, self._indent - 1

    def extend(self, body: list[str]) -> None:
        """Add captured statements."""
        self._lines.extend(body)

    @property
    def depth(self) -> int:
        """How deep the statements are nested here."""
        return self._indent

    def fresh(self, stem: str = "v") -> str:
        """Return a name that nothing has."""
        self._count += 1
        return f"_{stem}{self._count}"

    def constant(self, value: object, stem: str = "k") -> str:
        """Return the name of an object."""
        name = self._names.get(id(value))
        if name is None:
            name = self._names[id(value)] = self.fresh(stem)
            self.constants[name] = value
        return name

    @contextmanager
    def function(self, signature: str, *, is_async: bool = False) -> Generator[None]:
        """Add a function before the one being generated."""
        outer, indent = self._lines, self._indent
        self._lines, self._indent = [], 0
        with self.block(f"{'async ' if is_async else ''}def {signature}:"):
            yield
        self._finished.extend(self._lines)
        self._lines, self._indent = outer, indent

    def compile(self, title: str) -> CodeType:
        """Compile the module. Tracebacks show its lines under `<witgen title>`."""
        text = "\n".join((*self._finished, *self._lines, ""))
        filename = f"<witgen {title}>"
        linecache.cache[filename] = (len(text), None, text.splitlines(keepends=True), filename)
        return compile(text, filename, "exec")
