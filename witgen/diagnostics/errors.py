"""The exception that carries diagnostics to callers of the Python API."""

from __future__ import annotations

from collections.abc import Sequence

from .model import Diagnostic

__all__ = ["OptionError", "WitgenError"]


class WitgenError(Exception):
    """WIT or configuration that cannot be used; `diagnostics` lists every problem, in order.

    `file`, `line`, `column` and `code` are those of the first problem; the place is None where there is none.
    A traceback shows them all, as the command line does.
    """

    def __init__(self, diagnostics: Sequence[Diagnostic]) -> None:
        self.diagnostics = tuple(diagnostics)
        first = self.diagnostics[0]
        self.code = first.code
        self.file = first.span.file.path if first.span else first.path
        self.line = first.span.line if first.span else None
        self.column = first.span.column if first.span else None
        super().__init__(first.message)
        from .text import render  # noqa: PLC0415 - runs without problems do without

        self.add_note(render(self.diagnostics, color=False).rstrip())

    def __reduce__(self) -> tuple[object, ...]:
        # Lets another process raise it; the state is complete.
        return _restored, (type(self), self.args), self.__dict__


def _restored(cls: type[WitgenError], arguments: tuple[object, ...]) -> WitgenError:
    return cls.__new__(cls, *arguments)


class OptionError(WitgenError):
    """Options that do not fit the WIT; `options` names the option of each problem: `("names", "ns:pkg/interface")`."""

    def __init__(self, problems: Sequence[tuple[tuple[str, ...], Diagnostic]]) -> None:
        super().__init__([diagnostic for _, diagnostic in problems])
        self.options = tuple(option for option, _ in problems)
