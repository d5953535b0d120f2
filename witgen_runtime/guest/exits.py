"""`sys.exit` in an exported function ends the component, and its host gets a `GuestExit`."""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from typing import NoReturn

__all__ = ["exit_code", "leave"]


def exit_code(leaving: SystemExit) -> int:
    """Return what a host gets: 0 or 1, as WASI 0.2 tells success and failure apart and no more.

    What is no number is printed to stderr, as Python does at the end of a program.
    """
    code: object = leaving.code
    if code is None or isinstance(code, int):
        return int(bool(code))
    print(code, file=sys.stderr)
    return 1


def leave(leaving: SystemExit) -> NoReturn:
    """End the component.

    componentize-py would let the interpreter end. That runs the finalizers of its objects, which drop handles that
    exist no longer, and the host gets the trap of that instead.
    """
    code = exit_code(leaving)
    for stream in (sys.stdout, sys.stderr):
        with suppress(Exception):
            stream.flush()
    os._exit(code)
