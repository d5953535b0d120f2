"""Rounds of generating, one for every save."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Sequence
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any

from ..diagnostics.errors import WitgenError
from ..diagnostics.model import Diagnostic
from .discovery import FILE_NAME, Target
from .target_selection import chosen

__all__ = ["MissingWatcherError", "changes", "rounds"]

# Editors write a file in several steps; saves closer together than this, in milliseconds, are one.
_DEBOUNCE = 60
_STEP = 20

# How long, in milliseconds, a saved pyproject.toml may go unnoticed.
_POLL = 100


class MissingWatcherError(Exception):
    """`watchfiles` is not installed."""


def rounds(start: Path, overrides: dict[str, Any]) -> Iterator[tuple[list[Target], Sequence[Diagnostic]]]:
    """Yield the targets to generate: at once, and again after every save of WIT or pyproject.toml.

    If the configuration is invalid, yields its problems instead of targets, and waits for its next save.

    Raises:
        MissingWatcherError: `watchfiles` is not installed.
        WitgenError: the path of some WIT is not UTF-8, which `watchfiles` requires.
    """
    _watchfiles()
    wits: list[str] = []
    saves: Iterator[object] = iter(())
    while True:
        stamp = _configuration(start)
        targets: list[Target] = []
        problems: Sequence[Diagnostic] = ()
        try:
            targets = chosen(start, overrides)
        except WitgenError as error:
            problems = error.diagnostics
        found = sorted({os.path.realpath(target.config.wit) for target in targets}) or wits
        if found != wits:
            wits = found
            saves = _saves(wits)
            next(saves)  # it listens from here on, so that no save during the round is missed
        yield targets, problems
        while not next(saves, None) and _configuration(start) == stamp:
            if not wits:
                time.sleep(_POLL / 1000)


def changes(file: Path) -> Iterator[None]:
    """Yield at once, and again after every save of a file.

    Raises:
        MissingWatcherError: `watchfiles` is not installed.
    """
    saves = _saves([os.path.realpath(file)])
    next(saves)
    while True:
        yield
        while not next(saves):
            pass


def _watchfiles() -> ModuleType:
    """Import the package, which is an extra, or raise MissingWatcherError."""
    try:
        return import_module("watchfiles")
    except ImportError:
        msg = "watching needs watchfiles: pip install 'witgen[watch]'"
        raise MissingWatcherError(msg) from None


def _saves(wits: Sequence[str]) -> Iterator[object]:
    """Yield the files saved in these folders and files, or an empty set after some time without a save."""

    def counts(change: object, path: str) -> bool:
        del change
        real = os.path.realpath(path)
        inside = any(real.startswith(wit + os.sep) for wit in wits)
        return real in wits or (inside and real.endswith((".wit", ".wasm", ".wat")))

    for wit in wits:
        shown = wit.encode("utf-8", "backslashreplace").decode()
        if shown != wit:
            message = f"`{shown}` cannot be watched: its path is not UTF-8"
            raise WitgenError([Diagnostic("W0011", message, help="rename it")])
    # A file is watched through its folder, because many editors replace the old file by a new one.
    roots = [wit if os.path.isdir(wit) else os.path.dirname(wit) for wit in wits]
    saves: Iterator[object] = _watchfiles().watch(
        *[root for root in roots if os.path.isdir(root)],
        watch_filter=counts,
        debounce=_DEBOUNCE,
        step=_STEP,
        rust_timeout=_POLL,
        yield_on_timeout=True,
        recursive=any(os.path.isdir(wit) for wit in wits),
    )
    return saves


def _configuration(start: Path) -> tuple[int, ...]:
    """Return something that changes when a pyproject.toml that may count is saved."""
    stamps: list[int] = []
    for folder in (start, *start.parents):
        try:
            stamps.append((folder / FILE_NAME).stat().st_mtime_ns)
        except OSError:
            stamps.append(0)
    return tuple(stamps)
