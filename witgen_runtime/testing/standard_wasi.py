"""WASI for components whose streams are fakes: a small host in Python, in place of wasmtime's.

wasmtime knows neither the streams nor the pollables of fakes, so whatever passes some must not be wasmtime's: standard
streams, the clock's timers, files and sockets. A component gets the process's stdout and stderr, an empty stdin, timers
and no folder, as it would by default; everything else that has to do with streams is refused.
"""

# The runtime's attributes of fakes and host objects are private, because public names belong to WIT.
# ruff: noqa: SLF001
# pyright: reportPrivateUsage=false
from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any, NamedTuple, NoReturn

from .. import abi
from .objects import Pollable, wait

__all__ = ["Flag", "Replaced", "StandardWasi", "in_test", "replaced"]

_IO = "wasi:io/"
_SECOND = 1_000_000_000
_CHUNK = 1 << 16


class Flag(Pollable):
    """A pollable that no fake knows of."""


def in_test(pollables: list[Pollable]) -> bool:
    """Return whether the test has made one of some pollables."""
    return not all(isinstance(each, Flag) for each in pollables)


class Replaced(NamedTuple):
    """An interface of wasmtime's to replace: its name, the resources that it declares, and its functions."""

    name: str
    resources: list[str]
    functions: list[str]


def replaced(definition: Any, component: Any, engine: Any) -> list[Replaced]:
    """Return the interfaces that a component imports of wasmtime, and that have to do with the fakes' resources.

    Args:
        definition: the world's definition, in which what fakes implement is not native.
        component: the type of the component (`wasmtime.component.ComponentType`).
        engine: the engine that it was compiled for.
    """
    strange: list[Any] = []
    seen: list[Any] = []
    found: list[Replaced] = []
    for name, extern in component.imports(engine).items():
        item = getattr(extern, "ty", extern)
        if not hasattr(item, "exports"):
            continue
        members = {each: getattr(of, "ty", of) for each, of in item.exports(engine).items()}
        types = {each: type_ for each, type_ in members.items() if type(type_).__name__ == "ResourceType"}
        declared = [each for each, type_ in types.items() if type_ not in seen]
        seen.extend(types[each] for each in declared)
        known = definition.imported(name)
        faked = known is not None and not known.native
        if faked or any(type_ in strange for type_ in types.values()):
            strange.extend(types[each] for each in declared)
            if not faked:
                functions = [each for each, of in members.items() if type(of).__name__ == "FuncType"]
                found.append(Replaced(name, declared, functions))
    return found


class StandardWasi:
    """What a component imports of WASI besides the fakes of its world.

    Args:
        items: the imports of the world.
        classes: the classes of host objects that stand for the fakes' objects.
        interfaces: the interfaces to replace.
    """

    def __init__(
        self, items: Sequence[Any], classes: Mapping[abi.Resource, type[Any]], interfaces: Iterable[Replaced]
    ) -> None:
        self._interfaces = interfaces
        self._io = {
            resource.name: resource
            for item in items
            if item.name.startswith(_IO)
            for resource, _ in item.interface.resources
        }
        pollable, source, sink = (classes[self._io[name]] for name in ("pollable", "input-stream", "output-stream"))
        self._timers: Callable[[], Any] = type("Timer", (pollable,), {**_HOST, **_TIMER})
        ended = _ending(_closed(items))
        reads = {"read": ended, "blocking_read": ended, "subscribe": self._ready}
        self._sources = type("Source", (source,), {**_HOST, **reads})
        self._sinks: Callable[[], Any] = type("Sink", (sink,), {**_HOST, **_SINK, "subscribe": self._ready})

    def provide(self, linkage: Any) -> None:
        """Define the interfaces in the linker of the component."""
        provided = {function.name: (function, call) for function, call in self._functions(linkage.store.stdio)}
        for name, resources, functions in self._interfaces:
            known = dict(provided[each] for each in functions if each in provided)
            refused = [each for each in functions if each not in provided]
            declared = [abi.Resource(name, each) for each in resources]
            linkage.replace(name, known, declared, (refused, partial(_refuse, name)))

    def _functions(self, stdio: Any) -> Iterator[tuple[abi.Function, Callable[..., Any]]]:
        """Yield the functions that work, by the names that they have in WASI: no two interfaces share one."""
        own = {name: abi.Own(resource) for name, resource in self._io.items()}
        folders = abi.List(abi.Tuple((abi.Own(abi.Resource("wasi:filesystem/types", "descriptor")), abi.STRING)))
        when = abi.Param("when", "when", abi.U64)
        yield _function("get-stdin", own["input-stream"]), self._sources
        yield _function("get-stdout", own["output-stream"]), partial(self._sink, stdio.write_stdout)
        yield _function("get-stderr", own["output-stream"]), partial(self._sink, stdio.write_stderr)
        yield _function("get-directories", folders), list
        yield _function("now", abi.U64), time.monotonic_ns
        yield _function("resolution", abi.U64), partial(int, 1)
        yield _function("subscribe-duration", own["pollable"], when), self._timer
        yield _function("subscribe-instant", own["pollable"], when), self._alarm

    def _sink(self, write: Callable[[bytes], None]) -> Any:
        made = self._sinks()
        made._write = write
        return made

    def _timer(self, nanoseconds: int) -> Any:
        flag, made = Flag(), self._timers()
        flag.set_after(nanoseconds / _SECOND)
        made._object = flag
        return made

    def _alarm(self, instant: int) -> Any:
        return self._timer(instant - time.monotonic_ns())

    def _ready(self, _: object = None) -> Any:
        return self._timer(0)


def _closed(items: Iterable[Any]) -> type[Exception]:
    """Return the exception of a stream that has ended, in a world with the given imports."""
    functions = (function for item in items for function in item.interface.functions)
    read = next(each for each in functions if each.name == "[method]input-stream.read")
    closed: type[Exception] = next(case.python for case in read.result.err.cases if case.name == "closed")
    return closed


def _ending(closed: type[Exception]) -> Callable[..., NoReturn]:
    def read(*_: object) -> NoReturn:
        raise closed

    return read


def _function(name: str, result: abi.Type, *params: abi.Param) -> abi.Function:
    return abi.Function(name, name.replace("-", "_"), params, result)


def _refuse(name: str) -> NoReturn:
    raise NotImplementedError(f"{name}: where wasi:io/streams is faked, a component has no files and no sockets")


# ---- Methods of host objects that no fake stands behind


def _nothing(*_: object) -> None:
    pass


def _write(self: Any, contents: bytes) -> None:
    self._write(contents)


def _room(_: object) -> int:
    return _CHUNK


def _is_set(self: Any) -> bool:
    return bool(self._object.is_set())


def _block(self: Any) -> None:
    wait([self._object])


_HOST: dict[str, Any] = {"__init__": _nothing, "dropped": _nothing, "_dropped_hook": "dropped"}
_TIMER: dict[str, Any] = {"ready": _is_set, "block": _block}
_SINK: dict[str, Any] = {
    "check_write": _room,
    "write": _write,
    "blocking_write_and_flush": _write,
    "flush": _nothing,
    "blocking_flush": _nothing,
}
