"""`sys.exit` in an exported function ends the component, and its host gets a `GuestExit`."""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from typing import NoReturn

__all__ = ["exit_code", "leave"]


def exit_code(leaving: SystemExit) -> int:
    """Return the exit code for the host: 0 or 1, because WASI 0.2 distinguishes only success and failure.

    A code that is not a number is printed to stderr, as Python does when a program exits.
    """
    code: object = leaving.code
    if code is None or isinstance(code, int):
        return int(bool(code))
    print(code, file=sys.stderr)
    return 1


def leave(leaving: SystemExit) -> NoReturn:
    """End the component.

    componentize-py would finalize the interpreter. Finalizers would then drop handles that no longer exist, and the
    host would get that trap instead of the exit code.
    """
    code = exit_code(leaving)
    for stream in (sys.stdout, sys.stderr):
        with suppress(Exception):
            stream.flush()
    os._exit(code)
