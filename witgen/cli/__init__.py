"""The command line: arguments → API → exit code."""

from __future__ import annotations

import gc
from typing import NoReturn

__all__ = ["main"]


def main() -> NoReturn:
    """Run the command line and exit."""
    # A run is short and its objects live until it ends: garbage collection would only cost time.
    gc.disable()
    from .main import main as run

    run()
