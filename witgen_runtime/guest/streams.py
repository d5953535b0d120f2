"""Streams and futures: wrappers of componentize-py's ends, which trap on an invalid element.

Elements that are read are lifted, elements that are written are checked and lowered, as arguments and results are.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from types import TracebackType
from typing import Any, Protocol, Self

from .. import abi, check
from ..values import Unique
from .naming import snake
from .resources import DroppedError

__all__ = [
    "Converters",
    "FutureReader",
    "FutureWriter",
    "StreamReader",
    "StreamWriter",
    "lift_end",
    "lower_end",
    "maker",
    "maker_name",
]


class Converters(Protocol):
    """Makes the converters of one side's types."""

    def of(self, type_: abi.Type) -> Callable[[Any], Any]:
        """Return the converter of a type."""
        ...


class _End(Unique):
    """One end; `kind` spells the type that it belongs to."""

    _WHY_UNIQUE = "is one end of a stream or future and has one owner"

    def __init__(self, raw: Any, kind: str, convert: Callable[[Any], Any]) -> None:
        self._raw_end = raw
        self._convert = convert
        self.kind = kind

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, exc_type: type[BaseException] | None, exc_value: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._raw_end.__exit__(exc_type, exc_value, traceback)

    def live(self) -> Any:
        """Return componentize-py's end.

        Raises:
            DroppedError: it is closed, given away, or in use.
        """
        if self._raw_end.handle is None:
            raise DroppedError(f"{type(self).__name__} is closed, given away, or in use")
        return self._raw_end


class StreamReader(_End):
    """See `_runtime/streams.py`, as for the others."""

    @property
    def writer_dropped(self) -> bool:
        """Whether the other end is closed."""
        return bool(self._raw_end.writer_dropped)

    async def read(self, max_count: int) -> Any:
        """Wait for elements and return up to `max_count`."""
        if type(max_count) is not int:
            raise TypeError(f"read(max_count=…): expected int, got {type(max_count).__name__}")
        if not 0 < max_count < 1 << 28:
            raise ValueError(f"read(max_count=…): expected a number of elements, got {max_count}")
        raw = self._raw_end if self.writer_dropped else self.live()
        return self._convert(await raw.read(max_count))


class StreamWriter(_End):
    """Writes elements."""

    @property
    def reader_dropped(self) -> bool:
        """Whether the other end is closed."""
        return bool(self._raw_end.reader_dropped)

    async def write(self, source: Any) -> int:
        """Wait until the reader takes some elements, and return how many it took."""
        lowered = self._convert(source)
        if self.reader_dropped:
            return 0
        taken: int = await self.live().write(lowered)
        return taken

    async def write_all(self, source: Any) -> int:
        """Write until all is taken or the other end is closed, and return how many elements were taken."""
        lowered = self._convert(source)
        taken: int = 0 if self.reader_dropped else await self.live().write_all(lowered)
        return taken


class FutureReader(_End):
    """Reads one value."""

    async def read(self) -> Any:
        """Wait for the value; once only."""
        return self._convert(await self.live().read())


class FutureWriter(_End):
    """Writes one value."""

    async def write(self, value: Any) -> bool:
        """Wait until the value is taken; False where the other end is closed. Once only."""
        lowered = self._convert(value)
        taken: bool = await self.live().write(lowered)
        return taken


def lift_end(type_: abi.Stream | abi.Future, lifting: Converters) -> Callable[[Any], _End]:
    """Return a function that wraps a raw readable end."""
    kind, carried = _title(type_), type_.type
    if isinstance(type_, abi.Future):
        lift_value = _same if carried is None else lifting.of(carried)
        return lambda raw: FutureReader(raw, kind, lift_value)
    lift_all = _same if carried is None else lifting.of(abi.List(carried))
    return lambda raw: StreamReader(raw, kind, lift_all)


def lower_end(type_: abi.Stream | abi.Future, value: object) -> object:
    """Return the raw end of a readable end that is given away.

    Raises:
        check.Mismatch: it is none, or one of another type.
        DroppedError: it is closed, given away, or in use.
    """
    kind = _title(type_)
    if not isinstance(value, StreamReader | FutureReader):
        raise check.Mismatch(f"expected the readable end of a {kind}, got {type(value).__name__}")
    if value.kind != kind:
        raise check.Mismatch(f"expected the readable end of a {kind}, got one of a {value.kind}")
    return value.live()


def maker(
    type_: abi.Stream | abi.Future, make: Callable[..., tuple[Any, Any]], lifting: Converters, lowering: Converters
) -> Callable[..., tuple[_End, _End]]:
    """Return a function that makes both ends, given componentize-py's function for that."""
    kind, lift = _title(type_), lift_end(type_, lifting)
    if isinstance(type_, abi.Stream):
        lower_all = _nothings if type_.type is None else _lowers(abi.List(type_.type), lowering, "write(source=…)")

        def stream() -> tuple[_End, _End]:
            writer, reader = make()
            return StreamWriter(writer, kind, lower_all), lift(reader)

        return stream
    lower = _same if type_.type is None else _lowers(type_.type, lowering, "write(value=…)")

    def future(default: Callable[[], object]) -> tuple[_End, _End]:
        writer, reader = make(lambda: lower(default()))
        return FutureWriter(writer, kind, lower), lift(reader)

    return future


def maker_name(type_: abi.Stream | abi.Future, module: Callable[[str], str]) -> str:
    """Return the name of componentize-py's function that makes both ends; `module` returns an interface's module."""
    if isinstance(type_, abi.Future):
        return f"{_words(type_.type, module)}_future"
    return "byte_stream" if type_.type is abi.U8 else f"{_words(type_.type, module)}_stream"


def _lowers(type_: abi.Type, lowering: Converters, where: str) -> Callable[[Any], Any]:
    """Return a function that lowers a value of any accepted form, or raises what is wrong with it."""
    lower = lowering.of(type_)

    def checked(value: object) -> Any:
        try:
            return lower(value)
        except (TypeError, ValueError):
            pass
        try:
            return lower(check.normalise(type_, value, _refuse))
        except check.Mismatch as mismatch:
            raise mismatch.located(where) from None

    return checked


def _refuse(type_: abi.Type, value: object) -> object:
    raise NotImplementedError(type_, value)


def _same(value: Any) -> Any:
    return value


def _nothings(value: Iterable[None]) -> list[None]:
    return [None for _ in value]


def _words(type_: abi.Type | None, module: Callable[[str], str]) -> str:
    """Return how componentize-py spells a type inside a name."""
    match type_:
        case None:
            return "unit"
        case abi.Prim():
            return type_.value
        case abi.Record() | abi.Variant() | abi.Enum() | abi.Flags():
            return "_".join(filter(None, (module(type_.interface), snake(type_.name))))
        case _:
            count = str(len(type_.types)) if isinstance(type_, abi.Tuple) else ""
            return "_".join(
                (f"{type(type_).__name__.lower()}{count}", *(_words(part, module) for part in abi.children(type_)))
            )


def _title(type_: abi.Type | None) -> str:
    """Return a type as WIT writes it, a named one with its interface."""
    match type_:
        case None:
            return "_"
        case abi.Prim():
            return type_.value
        case abi.Record() | abi.Variant() | abi.Enum() | abi.Flags():
            return f"{type_.interface}/{type_.name}"
        case _:
            inner = ", ".join(
                _title(part) for part in abi.children(type_) if part is not None or isinstance(type_, abi.Result)
            )
            return f"{type(type_).__name__.lower()}<{inner}>" if inner else type(type_).__name__.lower()
