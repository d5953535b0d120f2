"""Tells the failure of a first attempt to lower values from an exception that has nothing to do with them.

After a failure, converters make the values canonical and try again. The handler of a signal may raise an exception of
any class at any instruction, and so may `PyThreadState_SetAsyncExc`. If such an exception were taken for a failure, the
second attempt would succeed, and the call would go on as if nothing had been raised.
"""

from __future__ import annotations

import ctypes
import os
import signal
import struct
from functools import partial
from pathlib import Path
from traceback import walk_tb
from types import CodeType
from typing import Any, Final

from ... import check

__all__ = ["is_about_values", "is_interruption"]

_CLASSES: Final = frozenset({
    TypeError, ValueError, OverflowError, UnicodeEncodeError, AttributeError, KeyError, IndexError, BufferError,
    StopIteration, struct.error, ctypes.ArgumentError, check.Mismatch,
})  # fmt: skip
"""What converters raise for values that are not in canonical form; not subclasses, which only other code raises."""

_OWN_FILES: Final = ("<witgen ", os.path.join(Path(__file__).parents[2], ""))


def is_about_values(failure: BaseException) -> bool:
    """Return whether an exception is of a class that converters raise."""
    return type(failure) in _CLASSES


def is_interruption(failure: BaseException) -> bool:
    """Return whether an exception is certain to come from a signal's handler or another thread, not from the values.

    Values run code as well, with properties and methods such as `__index__`.
    """
    codes = [frame.f_code for frame, _ in walk_tb(failure.__traceback__)]
    if all(code.co_filename.startswith(_OWN_FILES) for code in codes):
        return not is_about_values(failure)
    handlers = {_code(signal.getsignal(number)) for number in signal.valid_signals()}
    return any(code in handlers for code in codes)


def _code(handler: Any) -> CodeType | None:
    """Return the code of a function, of a method, of a partial, or of the class of an object that can be called."""
    while isinstance(handler, partial):
        handler = handler.func
    called = handler if hasattr(handler, "__code__") or hasattr(handler, "__func__") else type(handler).__call__
    code = getattr(getattr(called, "__func__", called), "__code__", None)
    return code if isinstance(code, CodeType) else None
