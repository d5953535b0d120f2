"""Makes Python functions safe for C to call, from their first instruction on.

CPython checks for signals and asynchronous exceptions when a function begins, before its first `try`. An exception
raised there leaves the frame; ctypes prints it and returns an undefined value to C, which wasmtime uses or frees. So
every function that C calls is patched here: its entry no longer checks for signals, and every exception raised in it
ends in its own handler. Nothing is lost: the signal is handled one instruction later, inside the `try`.

CPython checks in three places: `RESUME` with an argument below 2, backward jumps, and the end of a call. Iterating,
indexing, and storing (attributes, items, globals) do not check. Two kinds of functions follow from that:

- `guarded`: the body is one `try`, and a constant that is returned at its end. The `except BaseException` calls
  nothing: it stores the exception where the outer call finds it, and takes an error for C from `errors`.
- `leaf`: no instruction checks at all, so nothing can be raised. C functions are called by iterating (`for x in
  map(function, arguments): break`).

The exception table and the argument of `RESUME` are documented in CPython's `InternalDocs/exception_handling.md` and
in the manual of `dis`. Both are checked for each function, and for this Python when the module is imported.
"""

from __future__ import annotations

import dis
import sys
import sysconfig
from collections.abc import Callable, Iterable, Iterator
from importlib import import_module
from itertools import chain, repeat
from operator import length_hint
from types import CodeType, FunctionType
from typing import Any, Final, NamedTuple, TypeVar

from . import ffi

__all__ = ["ROOM", "c_callback", "cover_jumps", "errors", "guard", "guarded", "leaf", "quiet", "refill"]

F = TypeVar("F", bound=Callable[..., Any])

KNOWN: Final = ((3, 11), (3, 12), (3, 13), (3, 14))
"""The releases of CPython on which the patch was proved."""

_AFTER_YIELD_FROM: Final = 2
"""The argument of `RESUME` from which on CPython does not check for signals."""

_BACKWARD: Final = frozenset(opcode for name, opcode in dis.opmap.items() if "JUMP_BACKWARD" in name)
"""Backward jumps; CPython 3.11 has conditional ones, too (`POP_JUMP_BACKWARD_IF_…`)."""


class _Entry(NamedTuple):
    """An entry of an exception table: code units from `start` to `end` are handled at `target`."""

    start: int
    end: int
    target: int
    flags: int
    """Twice the depth of the stack, and 1 if the instruction's position is pushed."""


def _numbers(table: bytes) -> Iterator[int]:
    octets = iter(table)
    for first in octets:
        octet, value = first, first & 63
        while octet & 64:
            octet = next(octets)
            value = value << 6 | octet & 63
        yield value


def _entries(code: CodeType) -> list[_Entry]:
    numbers = list(_numbers(code.co_exceptiontable))
    found = zip(*(numbers[part::4] for part in range(4)), strict=True)
    return sorted(_Entry(start, start + length, target, flags) for start, length, target, flags in found)


def _packed(value: int, first: int = 0) -> bytes:
    groups = [value & 63]
    while value := value >> 6:
        groups.append(value & 63 | 64)
    groups[-1] |= first
    return bytes(reversed(groups))


def _table(entries: Iterable[_Entry]) -> bytes:
    return b"".join(
        _packed(start, 128) + _packed(end - start) + _packed(target) + _packed(flags)
        for start, end, target, flags in entries
    )


def _gaps(entries: list[_Entry], end: int, target: int) -> Iterator[_Entry]:
    """Yield the entries, and between them entries that lead to the handler at `target`."""
    at = 0
    for entry in (*entries, _Entry(end, end, 0, 0)):
        if at < entry.start:
            yield _Entry(at, entry.start, target, 0)
        if entry.start < entry.end:
            yield entry
        at = entry.end


def guard(code: CodeType) -> CodeType:
    """Return the code of a function whose body is one `try`, with that `try` around all of it, its entry included.

    Raises:
        ValueError: if the body is anything else, or if its handler could be interrupted.
    """
    entries = _entries(code)
    if not entries or entries[0].flags:
        raise ValueError(f"{code.co_name} cannot be called from C: its body has to be one `try`")
    target = entries[0].target
    interrupted = next((each for each in _reached(code, 2 * target) if _looks_for_signals(each)), None)
    if interrupted is not None:
        raise ValueError(f"{code.co_name} cannot be called from C: its handler has {interrupted.opname}")
    covered = list(_gaps(entries, len(code.co_code) // 2, target))
    return _quiet(code.replace(co_exceptiontable=_table(covered)))


def cover_jumps(code: CodeType) -> CodeType:
    """Return code whose backward jumps are inside the first `try`, which must enclose all loops.

    CPython 3.12 to 3.14 leave the jump after `for …: if …: …` outside every `try`, and check for signals there.
    """
    entries = _entries(code)
    if not entries:
        return code
    # Without `dis.get_instructions`, which takes longer than compiling does: converters have thousands of instructions.
    jumps = (place for place, opcode in enumerate(code.co_code[::2]) if opcode in _BACKWARD)
    target = entries[0].target
    bare = [jump for jump in jumps if not any(entry.start <= jump < entry.end for entry in entries)]
    added = [_Entry(jump, jump + 1, target, 0) for jump in bare]
    return code.replace(co_exceptiontable=_table(sorted([*entries, *added]))) if added else code


def _quiet(code: CodeType) -> CodeType:
    """Return code that does not look for signals at its entry."""
    patched = bytearray(code.co_code)
    patched[2 * _entry(code) + 1] = _AFTER_YIELD_FROM
    return code.replace(co_code=bytes(patched))


def _entry(code: CodeType) -> int:
    """Return the place of the first `RESUME`, in code units."""
    found = code.co_code[::2].find(dis.opmap["RESUME"])
    if found < 0:
        raise ValueError(f"{code.co_name} has no entry")
    return found


def _looks_for_signals(instruction: dis.Instruction) -> bool:
    name, argument = instruction.opname, instruction.arg or 0
    if name == "RESUME":
        return argument < _AFTER_YIELD_FROM
    if instruction.opcode in _BACKWARD:
        return True
    return name.startswith(("CALL", "SEND", "YIELD")) and not name.startswith("CALL_INTRINSIC")


def _reached(code: CodeType, start: int) -> list[dis.Instruction]:
    """Return the instructions that can run from an offset on, as long as nothing is raised.

    A jump to before that offset is not followed: it looks for signals.
    """
    instructions = list(dis.get_instructions(code.replace(co_code=code.co_code[start:], co_exceptiontable=b"")))
    places = {each.offset: index for index, each in enumerate(instructions)}
    seen: set[int] = set()
    waiting = [0]
    while waiting:
        index = waiting.pop()
        if index in seen or index >= len(instructions):
            continue
        seen.add(index)
        each = instructions[index]
        if each.opcode in dis.hasjrel or each.opcode in dis.hasjabs:
            waiting.append(places.get(each.argval, index))
        if not each.opname.startswith(("RETURN", "RERAISE", "RAISE", "JUMP_FORWARD", "JUMP_BACKWARD")):
            waiting.append(index + 1)
    return [instructions[index] for index in seen]


def guarded(function: F) -> F:
    """Patch a function whose body is one `try`, so that C may call it; see the module."""
    _function(function).__code__ = guard(_function(function).__code__)
    return function


def leaf(function: F) -> F:
    """Patch a function that does nothing that looks for signals, so that nothing can be raised in it.

    Raises:
        ValueError: if it does.
    """
    quiet = _quiet(_function(function).__code__)
    interrupted = next(filter(_looks_for_signals, dis.get_instructions(quiet)), None)
    if interrupted is not None:
        raise ValueError(f"{quiet.co_name} is not a leaf: it has {interrupted.opname}")
    _function(function).__code__ = quiet
    return function


def quiet(function: F) -> F:
    """Patch a finalizer so that its entry does not check for signals: CPython drops what finalizers raise.

    A finalizer that calls nothing loses no signal at all.
    """
    _function(function).__code__ = _quiet(_function(function).__code__)
    return function


def _function(function: Callable[..., Any]) -> FunctionType:
    found = getattr(function, "__func__", function)
    if not isinstance(found, FunctionType):
        raise TypeError(f"C can call Python functions only, not {type(function).__name__}")
    return found


def _is_safe(code: CodeType) -> bool:
    """Return whether no exception can leave the code, or none can be raised in it."""
    if code.co_code[2 * _entry(code) + 1] != _AFTER_YIELD_FROM:
        return False
    covered = sum(entry.end - entry.start for entry in _entries(code))
    is_covered = 2 * covered == len(code.co_code)
    return is_covered or not any(map(_looks_for_signals, dis.get_instructions(code)))


def c_callback(prototype: Any, function: Callable[..., Any]) -> Any:
    """Return the C function of a type of `ffi`'s that calls a Python function; the caller keeps it alive.

    Raises:
        ValueError: if the function is neither `guarded` nor a `leaf`.
    """
    code = _function(function).__code__
    if _proven.get(id(code)) is not code:
        if not _is_safe(code):
            raise ValueError(f"{_function(function).__qualname__} is not safe to call from C: guard it")
        if len(_proven) < _MOST_PROVEN:
            _proven[id(code)] = code
    return prototype(function)


_MOST_PROVEN: Final = 64
_proven: Final[dict[int, CodeType]] = {}
"""Codes that were found safe, by their ids, which stay theirs for that: callbacks that stand in share one."""


# Errors for C: a handler must not call anything, so it takes the first of these.

_TEXT: Final = b"host code raised an exception"
_SPARE: Final = 256
"""Errors made ahead. Making one takes a level of recursion, which a handler may not have."""


class _Errors:
    """`all` never ends; `ready` are those of it that are there already."""

    def __init__(self) -> None:
        self.fill()

    def fill(self) -> None:
        ready = [*getattr(self, "ready", ())]
        self.ready = iter([*ready, *(ffi.error_new(_TEXT) for _ in range(_SPARE - len(ready)))])
        self.all: Iterator[int] = chain(self.ready, map(ffi.error_new, repeat(_TEXT)))


errors: Final = _Errors()
"""Handlers end in `for failure in errors.all: return failure`."""


def refill() -> None:
    """Make new errors if half of those made ahead are used."""
    if length_hint(errors.ready) < _SPARE // 2:
        errors.fill()


# Room: at the recursion limit, a function that C calls is not even entered, so its handler does not run.


def _nested(levels: int) -> Callable[[None], None]:
    """Return a function that takes so many levels of Python functions.

    Without default arguments: CPython 3.13.0 does not count functions that are called with those.
    """
    names: dict[str, Any] = {}
    exec("def call0(_): pass", names)  # noqa: S102
    for level in range(1, levels):
        exec(f"def call{level}(_): call{level - 1}(_)", names)  # noqa: S102  (the text before)
    return names[f"call{levels - 1}"]  # type: ignore[no-any-return]


def _room() -> Iterator[None]:
    """Return the function that checks whether there is room, with one level to spare.

    CPython 3.11 needs three levels. From 3.12 on it needs two, and two C levels, which 3.12 and 3.13 count separately.
    """
    if sys.version_info < (3, 12):
        return map(_nested(4), repeat(None))
    inner = map(_nested(3), repeat(None))

    def middle(_: None) -> None:
        for _ in inner:
            break

    return map(middle, repeat(None))


ROOM: Final = _room()
"""`for _ in ROOM: break` raises RecursionError unless C can call Python functions here.

Code that runs wasm does this first: without room, a host function would be skipped.
"""


def _check() -> None:
    """Refuse a Python on which functions that C calls cannot be made safe."""
    version, name = sys.version_info[:2], sys.implementation.name
    known = ", ".join(".".join(map(str, each)) for each in KNOWN)
    if name != "cpython" or version not in KNOWN or sysconfig.get_config_var("Py_GIL_DISABLED"):
        free = " without a global interpreter lock" if sysconfig.get_config_var("Py_GIL_DISABLED") else ""
        raise ImportError(
            f"these bindings do not run on {name} {version[0]}.{version[1]}{free}: they patch the functions that wasm"
            f" calls, so that a signal cannot crash the process, and know how to do so on CPython {known}"
        )
    if _has_its_own_lock():
        raise ImportError(
            "these bindings do not run in an interpreter with its own GIL: wasmtime's threads call functions of"
            " one interpreter while another one runs, and the process crashes; use the main interpreter, or one that "
            "shares its GIL"
        )
    try:
        patched = guard(_sample.__code__)
        is_safe = _is_safe(patched) and not _is_safe(_sample.__code__)
    except (ValueError, KeyError, StopIteration) as error:
        raise ImportError(f"Python {sys.version} compiles functions in an unknown way: {error}") from error
    if not is_safe:
        raise ImportError(f"Python {sys.version} compiles functions in an unknown way: their entry cannot be guarded")


def _has_its_own_lock() -> bool:
    """Return whether this is a subinterpreter with a separate lock (PEP 684)."""
    try:
        found: Any = import_module("_interpreters")  # from CPython 3.13 on; such an interpreter has no ctypes before
    except ImportError:
        return False
    here, main = found.get_current()[0], found.get_main()[0]
    return bool(here != main and found.get_config(here).gil == "own")


def _sample(store: Any, value: Any) -> Any:
    """Copy the metadata of the guarded function."""
    try:
        for each in value:
            if each and value:
                store(each)
    except BaseException as error:  # noqa: BLE001  (as in the functions that C calls)
        store.raised = error
        for failure in errors.all:
            return failure
    return 0


_check()
