"""Stand-ins for modules that a component's Python lacks, for packages that import them whether they use them or not.

anyio and httpcore name classes of `ssl` in annotations and `except` clauses, networkx those of `bz2` in a table. Their
modules get an object with such names. Everybody else gets the ImportError: the application, which should be told, and
modules with the import inside `try` or in a function, because they may do without.
"""

from __future__ import annotations

import builtins
import os
import sys
from collections.abc import Collection, Mapping
from types import FrameType, ModuleType
from typing import Any, NoReturn

__all__ = ["StandIns"]

_IMPORT = "__import__"
_INSTEAD = {
    "bz2": "compress with zlib, which is there",
    "lzma": "compress with zlib, which is there",
    "ssl": "for HTTPS, use wasi:http, whose host does TLS",
}


class StandIns:
    """Gives stand-ins to import statements that need them.

    Args:
        site: the number of the folder of packages. Folders that `pip install --target` has filled have some, too.
    """

    def __init__(self, site: int) -> None:
        self._places = tuple(f"/{each}/" for each in range(site + 1) if each == site or _has_packages(f"/{each}"))
        self._import: Any = builtins.__import__
        self._modules: dict[str, _Absent] = {}

    def prepare(self) -> None:
        """Look at every import statement from now on."""
        setattr(builtins, _IMPORT, self._imported)

    def finish(self, mentioned: Collection[str]) -> None:
        """Look no longer, unless a module has a stand-in, or one that is loaded later may ask for it (`mentioned`)."""
        wanted = self._modules or not _INSTEAD.keys().isdisjoint(mentioned)
        if not wanted and getattr(builtins, _IMPORT) == self._imported:
            setattr(builtins, _IMPORT, self._import)

    def hide_from(self, error: BaseException | None) -> None:
        """Remove the calls of this module from the traceback of a failed import."""
        while error is not None:
            trace = error.__traceback__
            while trace is not None:
                while (after := trace.tb_next) is not None and after.tb_frame.f_code.co_filename == __file__:
                    trace.tb_next = after.tb_next
                trace = trace.tb_next
            error = error.__cause__ or error.__context__

    def _imported(
        self,
        name: str,
        globals: Mapping[str, Any] | None = None,
        locals: Mapping[str, Any] | None = None,
        fromlist: tuple[str, ...] | None = (),
        level: int = 0,
    ) -> Any:
        # In the code of a module, both are one.
        if name in _INSTEAD and not level and globals is not None and globals is locals:
            file = str(globals.get("__file__") or "")
            if file.startswith(self._places) and not _is_tried(sys._getframe(1)):  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]
                return self._modules.setdefault(name, _Absent(name))
        return self._import(name, globals, locals, fromlist, level)


def _has_packages(folder: str) -> bool:
    try:
        return any(name.endswith(".dist-info") for name in os.listdir(folder))
    except OSError:
        return False


def _is_tried(frame: FrameType) -> bool:
    """Return whether a frame is inside a `try` statement.

    The exception table has, for each, start, length, target and depth, in numbers of 6 bits to the byte: the second
    highest bit says that the number goes on, the highest begins an entry (CPython's exception_handling_notes.txt).
    """
    numbers: list[int] = []
    goes_on = False
    for byte in frame.f_code.co_exceptiontable:
        if goes_on:
            numbers[-1] = numbers[-1] << 6 | byte & 63
        else:
            numbers.append(byte & 63)
        goes_on = bool(byte & 64)
    at = frame.f_lasti // 2
    entries = zip(numbers[::4], numbers[1::4], strict=False)
    return any(start <= at < start + length for start, length in entries)


class _Absent(ModuleType):
    """The names of a module: exceptions that nothing raises, other classes and functions that refuse to be called."""

    def __init__(self, name: str) -> None:
        super().__init__(name, f"Python inside a component has no `{name}`: {_INSTEAD[name]}")

    def __getattr__(self, name: str) -> Any:
        made: Any
        if name.startswith("_") or name.isupper():
            raise AttributeError(self.__doc__, name=name, obj=self)
        if "Error" in name:
            made = type(name, (OSError,), {"__module__": self.__name__})
        elif name[0].isupper():
            made = type(name, (), {"__module__": self.__name__, "__init__": self._refuse})
        else:
            made = self._refuse
        setattr(self, name, made)
        return made

    def _refuse(self, *_: object, **__: object) -> NoReturn:
        raise NotImplementedError(self.__doc__)
