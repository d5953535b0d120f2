"""The stream adapter: it holds all streams and futures that pass between a component and its host.

Other adapters give it the readable ends that the guest passes, and get from it the readable ends of the host's streams;
the host identifies either by the number of the end here. The host decides what to do with the ends: the single task of
this adapter gets an instruction from the host, executes it, reports the result, and gets the next. When there is none
it waits, for one of the ends or for an async function of the host that returns when there is one. The task lasts as
long as there are ends, and runs while any async function of the component runs.

Steps are numbered by `Step`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from ..calling.stream_kinds import StreamKind, data_name, open_name, put_name, take_name
from ..code.allocator import MEMORY, REALLOC
from ..code.heap import FREE, heap
from ..code.stream_ends import (
    CANCEL_READ,
    DROP_READABLE,
    DROP_WRITABLE,
    NEW,
    READ,
    WRITE,
    Doing,
    EndsOfKind,
    Task,
    open_body,
    take_body,
)  # fmt: skip
from ..wasm.code import CoreModule
from ..wasm.encoding import ComponentBuilder, Sort, unsigned
from ..wasm.layout import Core
from ..wasm.shapes import NUMBER, Kind, Resource, Shape, resources_of
from ..wasm.type_writer import Look, TypeWriter

__all__ = [
    "COMMAND",
    "OPENED",
    "OPENED_PARAMS",
    "RUN",
    "SETTLING",
    "STEP",
    "STEP_PARAMS",
    "STEP_RESULT",
    "StreamAdapter",
    "elements_of",
    "make_ends",
]  # fmt: skip

STEP, OPENED, COMMAND, RUN, SETTLING = "step", "opened", "command", "run", "settle"
STEP_PARAMS = tuple((name, NUMBER) for name in ("event", "first", "second"))
STEP_RESULT = Shape(Kind.TUPLE, (NUMBER,) * 6)
OPENED_PARAMS = (("number", NUMBER), ("end", NUMBER))

_STREAM, _FUTURE = 0x0E, 0x15
"""The first opcode of the built-ins for streams, and for futures (Binary.md, "Canonical Definitions")."""
_TASK_RETURN, _SET_NEW, _JOIN = b"\x09\x01\x00\x00", b"\x1f", b"\x23"
_SUBTASK_DROP, _ASYNC, _CALLBACK, _COMPACT = b"\x0d", b"\x06", b"\x07", b"\x02"
_ONLY_ASYNC = b"\x01" + _ASYNC
_I32 = Core.I32


@dataclass(frozen=True, eq=False)
class StreamAdapter:
    """The adapter, and the resources and named types that it wants under which names."""

    content: bytes
    resources: dict[str, Resource] = field(default_factory=dict[str, Resource])
    types: dict[str, tuple[Shape, Look]] = field(default_factory=dict[str, tuple[Shape, Look]])


def elements_of(kind: StreamKind) -> Shape:
    """Return the type in which the host passes elements of a kind: a list, or a count if elements have no type."""
    return NUMBER if kind.element is None else Shape(Kind.LIST, (kind.element,))


def make_ends(kinds: Sequence[StreamKind]) -> StreamAdapter:
    """Make the adapter for some kinds of streams."""
    return _Maker(kinds).make()


class _Maker:
    def __init__(self, kinds: Sequence[StreamKind]) -> None:
        self._kinds = kinds
        self._builder = ComponentBuilder()
        self._wanted: dict[str, tuple[Shape, Look]] = {}
        elements = [kind.element for kind in kinds if kind.element is not None]
        carried = dict.fromkeys(resource for element in elements for resource in resources_of(element))
        self._resources = {f"resource{number}": resource for number, resource in enumerate(carried)}
        self._handles = {resource: self._builder.import_resource(name) for name, resource in self._resources.items()}
        self._real = self._writer(Look())
        self._host = self._writer(Look("text"))
        self._module = CoreModule()
        self._wires: list[tuple[str, Sort, int]] = []
        self._memory = self._realloc = 0

    def _writer(self, look: Look) -> TypeWriter:
        def declare(shape: Shape, definition: int) -> int:
            name = f"type{len(self._wanted)}"
            self._wanted[name] = (shape, look)
            return self._builder.import_(name, Sort.TYPE, definition)

        return TypeWriter(self._builder, self._handles.__getitem__, declare, look)

    def make(self) -> StreamAdapter:
        builder = self._builder
        step = builder.import_(STEP, Sort.FUNC, self._host.function(STEP_PARAMS, STEP_RESULT))
        opened = builder.import_(OPENED, Sort.FUNC, self._host.function(OPENED_PARAMS, None))
        command = builder.import_(COMMAND, Sort.FUNC, self._host.function((), None, is_async=True))
        passing = [self._import_passing(kind) for kind in self._kinds]
        instance = builder.instantiate_core(builder.core_module(heap()), [])
        self._memory = builder.alias(Sort.CORE_MEMORY, instance, MEMORY)
        self._realloc = builder.alias(Sort.CORE_FUNC, instance, REALLOC)
        self._module.import_memory("", MEMORY)
        self._wires.append((MEMORY, Sort.CORE_MEMORY, self._memory))
        allocate = self._wire(REALLOC, self._realloc, [_I32] * 4, [_I32])
        free = self._wire(FREE, builder.alias(Sort.CORE_FUNC, instance, FREE), [_I32])
        wake_stream = unsigned(self._real.index(Shape(Kind.STREAM, (None,))))
        task = Task(
            step=self._wire(STEP, builder.lower(step, self._options()), [_I32] * 4),
            command=self._wire(COMMAND, builder.lower(command, [_ASYNC]), [], [_I32]),
            join=self._wire("join", builder.builtin(_JOIN), [_I32] * 2),
            drop=self._wire("drop", builder.builtin(_SUBTASK_DROP), [_I32]),
            new_set=self._wire("new-set", builder.builtin(_SET_NEW), [], [_I32]),
            returned=self._wire("return", builder.builtin(_TASK_RETURN), []),
            new_wake_stream=self._wire("new-wake-stream", builder.builtin(b"\x0e" + wake_stream), [], [Core.I64]),
            read_wake_stream=self._wire(
                "read-wake-stream", builder.builtin(b"\x0f" + wake_stream + _ONLY_ASYNC), [_I32] * 3, [_I32]
            ),
            write_wake_stream=self._wire(
                "write-wake-stream", builder.builtin(b"\x10" + wake_stream + _ONLY_ASYNC), [_I32] * 3, [_I32]
            ),
        )
        opened = self._wire(OPENED, builder.lower(opened, []), [_I32] * 2)
        kinds = [self._wire_kind(kind, *each) for kind, each in zip(self._kinds, passing, strict=True)]
        self._write(task, kinds, opened, allocate, free)
        return StreamAdapter(builder.encoded(), self._resources, self._wanted)

    def _import_passing(self, kind: StreamKind) -> tuple[int, int]:
        """Import the functions that pass elements of a kind to the host, and from it."""
        elements = elements_of(kind)
        put = self._host.function((("end", NUMBER), ("elements", elements)), None)
        data = self._host.function((("end", NUMBER),), elements)
        return (
            self._builder.import_(put_name(kind.key), Sort.FUNC, put),
            self._builder.import_(data_name(kind.key), Sort.FUNC, data),
        )

    def _options(self) -> list[bytes]:
        return [b"\x03" + unsigned(self._memory), b"\x04" + unsigned(self._realloc), _COMPACT]

    def _wire(self, name: str, function: int, params: Sequence[Core], results: Sequence[Core] = ()) -> int:
        self._wires.append((name, Sort.CORE_FUNC, function))
        return self._module.import_function("", name, params, results)

    def _wire_kind(self, kind: StreamKind, put: int, data: int) -> EndsOfKind:
        builder, has = self._builder, kind.element is not None
        type_ = unsigned(self._real.index(kind.shape))
        first = _FUTURE if kind.is_future else _STREAM
        moved = [_I32] * (2 if kind.is_future else 3)
        options = [*self._options()[:2], b"\x00", _ASYNC]
        forms: dict[int, tuple[bytes, list[Core], list[Core]]] = {
            NEW: (b"", [], [Core.I64]),
            READ: (unsigned(len(options)) + b"".join(options), moved, [_I32]),
            WRITE: (unsigned(len(options)) + b"".join(options), moved, [_I32]),
            CANCEL_READ: (b"\x00", [_I32], [_I32]),
            DROP_READABLE: (b"", [_I32], []),
            DROP_WRITABLE: (b"", [_I32], []),
        }
        builtins = {
            number: self._wire(
                f"{number}-{kind.key}", builder.builtin(bytes((first + number,)) + type_ + options), params, results
            )
            for number, (options, params, results) in forms.items()
        }
        lowered = [builder.lower(each, self._options()) for each in (put, data)]
        put = self._wire(f"put-{kind.key}", lowered[0], [_I32] * (3 if has else 2))
        data = self._wire(f"data-{kind.key}", lowered[1], *(([_I32] * 2, []) if has else ([_I32], [_I32])))
        return EndsOfKind(kind, builtins, put, data)

    def _write(self, task: Task, kinds: Sequence[EndsOfKind], opened: int, allocate: int, free: int) -> None:
        """Add the code, and export its functions."""
        builder, module = self._builder, self._module
        task.address, task.set, task.runs, task.wake_reader, task.wake_writer = (module.variable(0) for _ in range(5))
        task.do = [module.function(Doing(each, task, allocate, free).body()) for each in kinds]
        task.loop = module.function(task.loop_body())
        module.function(task.run_body(), RUN)
        module.function(task.callback_body(), "callback")
        module.function(task.settle_body(), SETTLING)
        for each in kinds:
            module.function(open_body(each, opened), open_name(each.kind.key))
            module.function(take_body(), take_name(each.kind.key))
        main = builder.instantiate_core(
            builder.core_module(module.encoded()), [("", builder.core_instance(self._wires))]
        )
        callback = _CALLBACK + unsigned(builder.alias(Sort.CORE_FUNC, main, "callback"))
        self._export(main, RUN, [_ASYNC, callback], self._real.function((), None, is_async=True))
        self._export(main, SETTLING, [], self._real.function((), None))
        for kind in self._kinds:
            opening = self._real.function((("number", NUMBER),), kind.shape)
            self._export(main, open_name(kind.key), [], opening)
            self._export(main, take_name(kind.key), [], self._real.function((("end", kind.shape),), NUMBER))

    def _export(self, main: int, name: str, options: Sequence[bytes], type_: int) -> None:
        function = self._builder.alias(Sort.CORE_FUNC, main, name)
        self._builder.export(name, Sort.FUNC, self._builder.lift(function, options, type_))
