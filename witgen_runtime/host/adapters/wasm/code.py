"""Writes core modules: the part of WebAssembly's binary format that adapters need."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from contextlib import AbstractContextManager, contextmanager

from .encoding import signed, text, unsigned, vector
from .layout import Core

__all__ = ["Body", "CoreModule"]

_VOID = b"\x40"
_LOADS = {Core.I32: (0x28, 2), Core.I64: (0x29, 3), Core.F32: (0x2A, 2), Core.F64: (0x2B, 3)}
"""Opcode and alignment (as a power of two) of loads."""
_SMALL_STORES = {1: (0x3A, 0), 2: (0x3B, 1), 4: (0x36, 2)}
_SMALL_LOADS = {1: (0x2D, 0), 2: (0x2F, 1), 4: (0x28, 2)}
"""The same of loads without sign, by size."""


class Body:
    """A function's code while it is written. Locals are numbers; the parameters are the first."""

    def __init__(self, params: Sequence[Core], results: Sequence[Core] = ()) -> None:
        self.params = tuple(params)
        self.results = tuple(results)
        self._locals: list[Core] = []
        self._code = bytearray()
        self._memory = 0
        """The memory that loads and stores are of."""

    def local(self, core: Core = Core.I32) -> int:
        """Return a new local."""
        self._locals.append(core)
        return len(self.params) + len(self._locals) - 1

    def core_of(self, local: int) -> Core:
        """Return a local's type."""
        return (*self.params, *self._locals)[local]

    def emit(self, *opcodes: int) -> None:
        """Add bytes of code."""
        self._code.extend(opcodes)

    def get(self, *locals_: int) -> None:
        """Push locals."""
        for local in locals_:
            self._code += b"\x20" + unsigned(local)

    def set(self, local: int) -> None:
        """Pop into a local."""
        self._code += b"\x21" + unsigned(local)

    def const(self, number: int) -> None:
        """Push an i32."""
        self._code += b"\x41" + signed(number)

    def const_i64(self, number: int) -> None:
        """Push an i64."""
        self._code += b"\x42" + signed(number)

    def call(self, function: int) -> None:
        """Call a function."""
        self._code += b"\x10" + unsigned(function)

    def load(self, core: Core, offset: int) -> None:
        """Replace an address by the value at it."""
        self._access(*_LOADS[core], offset)

    def store(self, offset: int) -> None:
        """Pop an i32 and an address, and store the i32 at the address plus an offset."""
        self._access(0x36, 2, offset)

    def store_sized(self, size: int, offset: int) -> None:
        """Pop an i32 and an address, and store the lowest 1, 2 or 4 bytes of the i32 at the address plus an offset."""
        self._access(*_SMALL_STORES[size], offset)

    def _access(self, opcode: int, alignment: int, offset: int) -> None:
        if self._memory:
            self._code += bytes((opcode, alignment | 0x40)) + unsigned(self._memory) + unsigned(offset)
        else:
            self._code += bytes((opcode, alignment)) + unsigned(offset)

    @contextmanager
    def of_memory(self, memory: int) -> Generator[None]:
        """Load from and store to a memory in the `with` block."""
        before, self._memory = self._memory, memory
        yield
        self._memory = before

    def copy(self, target: int, source: int) -> None:
        """Pop a size, an address in the memory `source` and one in the memory `target`, and copy so many bytes."""
        self._code += b"\xfc\x0a" + unsigned(target) + unsigned(source)

    def trap_if(self) -> None:
        """Pop a number, and trap if it is not 0."""
        with self.if_():
            self.emit(0x00)

    def load_unsigned(self, size: int, offset: int) -> None:
        """Replace an address by a number of 1, 2 or 4 bytes that lies there."""
        self._access(*_SMALL_LOADS[size], offset)

    def global_get(self, index: int) -> None:
        """Push a global."""
        self._code += b"\x23" + unsigned(index)

    def global_set(self, index: int) -> None:
        """Pop into a global."""
        self._code += b"\x24" + unsigned(index)

    @contextmanager
    def if_(self) -> Generator[None]:
        """Run the code added in the `with` block if the popped number is not 0."""
        self._code += b"\x04" + _VOID
        yield
        self.emit(0x0B)

    @contextmanager
    def loop(self) -> Generator[None]:
        """Repeat the code added in the `with` block for ever; code after it is never reached."""
        self._code += b"\x03" + _VOID
        yield
        self.emit(0x0C, 0, 0x0B, 0x00)

    def if_equal(self, local: int, number: int) -> AbstractContextManager[None]:
        """Run the code added in the `with` block if a local has a value."""
        self.get(local)
        self.const(number)
        self.emit(0x46)
        return self.if_()

    @contextmanager
    def repeat(self, count: int) -> Generator[None]:
        """Repeat the code added in the `with` block; a local holds the number of times and counts down."""
        self._code += b"\x02" + _VOID + b"\x03" + _VOID
        self.get(count)
        self.emit(0x45, 0x0D, 1)
        yield
        self.get(count)
        self.const(-1)
        self.emit(0x6A)
        self.set(count)
        self.emit(0x0C, 0, 0x0B, 0x0B)

    def encoded(self) -> bytes:
        """Return the function as the code section has it."""
        locals_ = vector([b"\x01" + bytes((core,)) for core in self._locals])
        content = locals_ + bytes(self._code) + b"\x0b"
        return unsigned(len(content)) + content


class CoreModule:
    """A core module while it is written. Imports have to be added before functions."""

    def __init__(self) -> None:
        self._types: dict[bytes, int] = {}
        self._imports: list[bytes] = []
        self._imported = 0
        self._functions: list[tuple[int, Body]] = []
        self._exports: list[bytes] = []
        self._globals: list[bytes] = []

    def _type(self, params: Sequence[Core], results: Sequence[Core]) -> int:
        encoded = b"\x60" + vector([bytes((p,)) for p in params]) + vector([bytes((r,)) for r in results])
        return self._types.setdefault(encoded, len(self._types))

    def import_function(self, module: str, name: str, params: Sequence[Core], results: Sequence[Core] = ()) -> int:
        """Add an import of a function; return its index."""
        self._imports.append(text(module) + text(name) + b"\x00" + unsigned(self._type(params, results)))
        self._imported += 1
        return self._imported - 1

    def import_memory(self, module: str, name: str) -> None:
        """Import a memory; the first is that of all loads and stores outside of `Body.of_memory`."""
        self._imports.append(text(module) + text(name) + b"\x02\x00\x00")  # of any size

    def variable(self, value: int) -> int:
        """Add a global i32; return its index."""
        self._globals.append(bytes((Core.I32, 1)) + b"\x41" + signed(value) + b"\x0b")
        return len(self._globals) - 1

    def function(self, body: Body, export: str = "") -> int:
        """Add a function; return its index."""
        index = self._imported + len(self._functions)
        self._functions.append((self._type(body.params, body.results), body))
        if export:
            self._exports.append(text(export) + b"\x00" + unsigned(index))
        return index

    def encoded(self) -> bytes:
        """Return the module."""
        parts = (
            (1, list(self._types)),
            (2, self._imports),
            (3, [unsigned(type_) for type_, _ in self._functions]),
            (6, self._globals),
            (7, self._exports),
            (10, [body.encoded() for _, body in self._functions]),
        )
        sections = [(number, vector(items)) for number, items in parts if items]
        return b"\0asm\x01\0\0\0" + b"".join(bytes((n,)) + unsigned(len(c)) + c for n, c in sections)
