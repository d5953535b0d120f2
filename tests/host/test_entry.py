"""Functions that C calls: what is pending when they begin ends in their handler, and C always gets a true answer."""

from __future__ import annotations

import ast
import ctypes
import subprocess
import sys
import threading
from collections.abc import Iterator
from itertools import repeat
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from tests.host.pending import Interrupt, pending, raised
from witgen_runtime import host
from witgen_runtime.host.capi import entry, ffi
from witgen_runtime.host.capi.entry import c_callback, errors, guarded, leaf

__all__ = ["raised"]

RUNTIME = Path(host.__file__).parent

NUMBER = ctypes.CFUNCTYPE(ctypes.c_size_t, ctypes.c_size_t)


def thrown() -> Any:
    """Return an iterator that throws an exception into this thread, likewise."""
    throw = ctypes.pythonapi.PyThreadState_SetAsyncExc
    return map(throw, repeat(ctypes.c_ulong(threading.get_ident())), repeat(ctypes.py_object(Interrupt)))


def called_with(arguments: Any, function: Any) -> int:
    """Call a C function from C, right after an argument was made."""
    for result in map(function, arguments):
        return int(result)
    raise AssertionError("nothing was called")


def test_a_guarded_function_handles_what_is_pending_at_its_entry(raised: list[Interrupt]) -> None:
    seen = SimpleNamespace(raised=None)

    @guarded
    def function(_: int) -> int:
        try:
            for _ in range(3):
                repr(seen)
        except BaseException as error:  # noqa: BLE001
            seen.raised = error
            for failure in errors.all:
                return failure
        return 0

    safe = c_callback(NUMBER, function)
    failure = called_with(pending(), safe)
    assert failure
    assert seen.raised is raised[0]
    assert ffi.error_message(failure) == ("host code raised an exception", None)
    seen.raised = None
    failure = called_with(thrown(), safe)
    assert isinstance(seen.raised, Interrupt)
    ffi.error_delete(failure)


def test_nothing_is_raised_in_a_leaf(raised: list[Interrupt]) -> None:
    seen = SimpleNamespace(ran=False)

    @leaf
    def function(number: int) -> int:
        seen.ran = True
        return number + 1

    safe = c_callback(NUMBER, function)
    with pytest.raises(Interrupt):
        assert called_with(pending(), safe)
    assert seen.ran
    assert len(raised) == 1


def test_what_is_not_safe_is_refused() -> None:
    with pytest.raises(ValueError, match="not safe to call from C"):
        c_callback(NUMBER, lambda number: number)
    with pytest.raises(ValueError, match="its body has to be one `try`"):
        guarded(lambda number: number)

    def calls_in_its_handler(number: int) -> int:
        try:
            return number
        except BaseException as error:  # noqa: BLE001
            return len(str(error))

    with pytest.raises(ValueError, match="its handler has CALL"):
        guarded(calls_in_its_handler)

    def calls(number: int) -> int:
        return abs(number)

    with pytest.raises(ValueError, match="not a leaf: it has CALL"):
        leaf(calls)
    with pytest.raises(TypeError, match="Python functions only"):
        c_callback(NUMBER, len)


def test_errors_for_c_do_not_run_out() -> None:
    taken = []
    for _ in range(1000):
        for failure in errors.all:
            taken.append(failure)
            break
        entry.refill()
    assert len({*taken}) == 1000
    for failure in taken:
        ffi.error_delete(failure)


def _uses(tree: ast.AST, names: set[str]) -> Iterator[tuple[ast.expr, ast.Call | None]]:
    """Yield where a module speaks of a C function type, and the call that it is an argument of."""
    calls = {id(argument): call for call in ast.walk(tree) if isinstance(call, ast.Call) for argument in call.args}
    for node in ast.walk(tree):
        name = node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""
        if name in names and isinstance(node, ast.expr):
            yield node, calls.get(id(node))


def test_every_function_that_c_calls_goes_through_the_maker() -> None:
    """`ffi` declares the types of functions; nobody else declares any, and they are used for `c_callback` alone."""
    declared = {name for name, value in vars(ffi).items() if isinstance(value, type) and _is_type(value)}
    assert declared >= {"CALLBACK", "DESTRUCTOR", "EPOCH_CALLBACK", "MEMORY_NEW", "OUTPUT"}
    root = RUNTIME.parent.parent
    found = 0
    for path in sorted(path for name in ("witgen", "witgen_runtime") for path in (root / name).rglob("*.py")):
        tree = ast.parse(path.read_text())
        makers = {"CFUNCTYPE", "PYFUNCTYPE", "WINFUNCTYPE", "add_func", "add_resource"}
        if path.name != "ffi.py":
            strange = [node.lineno for node, _ in _uses(tree, makers - {"add_resource"})]
            assert not strange, f"{path}:{strange}: functions for C are declared in ffi and made by entry.c_callback"
            for node, call in _uses(tree, declared):
                if not (
                    isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "ffi"
                ):
                    continue  # something else of that name
                is_made = call is not None and isinstance(call.func, ast.Name) and call.func.id == "c_callback"
                assert is_made, f"{path}:{node.lineno}: make functions for C with entry.c_callback"
                found += 1
            imports = [node for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) and node.module == "ffi"]
            imported = {each.name for node in imports for each in node.names}
            assert not imported & declared, f"{path}: say `ffi.` before types of functions"
    assert found >= len(declared)


def _is_type(value: type) -> bool:
    return issubclass(value, ctypes._CFuncPtr)  # type: ignore[attr-defined]


def test_an_unknown_python_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(entry, "KNOWN", ((3, 99),))
    with pytest.raises(ImportError, match=r"do not run on cpython 3\.\d+: .* know how to do so on CPython 3\.99"):
        entry._check()


@pytest.mark.skipif(sys.version_info < (3, 13), reason="ctypes itself refuses such interpreters before CPython 3.13")
def test_an_interpreter_with_a_lock_of_its_own_is_refused() -> None:
    code = """
import _interpreters
number = _interpreters.create()
failed = _interpreters.exec(number, "import witgen_runtime.host")
print(failed.type.__name__, failed.msg)
_interpreters.destroy(number)
shared = _interpreters.create("legacy")
print(_interpreters.exec(shared, "import witgen_runtime.host"))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert "ImportError these bindings do not run in an interpreter with its own GIL" in done.stdout, done.stderr
    assert done.stdout.endswith("\nNone\n")
