"""The memory in which lists are passed: after a large one, and after an interrupt while it grows."""

from __future__ import annotations

import sys
from typing import Any

from tests.host.echo import echo
from witgen_runtime import abi
from witgen_runtime.host.convert import arena

PAIRS = abi.List(abi.Tuple((abi.STRING, abi.U32)))


def test_a_list_after_one_whose_parts_were_large() -> None:
    component = echo(PAIRS)
    for count in (140_000, 3, 150_000, 0):
        value = [("x", n) for n in range(count)]
        assert component.there(value) == value


def _interrupting(line: int) -> Any:
    """Return a trace function that raises before a line of the code that lets regions grow."""
    passed = [0]

    def local(_frame: Any, event: str, _argument: object) -> Any:
        passed[0] += event == "line"
        if passed[0] == line:
            sys.settrace(None)
            raise KeyboardInterrupt
        return local

    return lambda frame, *_: local if frame.f_code.co_filename == arena.__file__ else None


def test_an_interrupt_while_a_region_grows_changes_nothing() -> None:
    value, before = [("x", n) for n in range(100)], sys.gettrace()
    for line in range(1, 40):
        component = echo(PAIRS)
        assert component.there(value[:1]) == value[:1]
        try:
            sys.settrace(_interrupting(line))
            component.there(value)
        except KeyboardInterrupt:
            pass
        finally:
            sys.settrace(before)
        assert component.there(value) == value
        component.world.close()
