"""Response bodies, each a file that grows as content arrives and is kept so that replay can read it."""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import shutil
import stat
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final, Self

from witgen_runtime.host import Pollable

from ....base.files import NOT_REGULAR, read
from ..._bindings.types import wasi_http_types as wit
from ...worker.errors import DamagedError, undamaged
from .fields import Entry

__all__ = ["Body", "share_bodies"]

_CHUNK: Final = 1 << 16

_REMEDY: Final = (
    "Restore the folder from a copy, or take the worker back with `witgen workers revert` to before that response"
)


class Body:
    """Body of one response. One thread appends, others read.

    Args:
        path: its file; a second file beside it records how the body ended.

    Attributes:
        name: identifies it in its folder.
        over: ready when the body has ended or failed.
    """

    def __init__(self, path: Path) -> None:
        self.name = path.name
        self.over = Pollable()
        self._path = path
        self._size = 0
        self._changed = threading.Condition()
        self._outcome: list[Entry] | wit.ErrorCode | None = None

    @classmethod
    def begin(cls, folder: Path) -> Self:
        """Create the file of a new body."""
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        made = cls(folder / secrets.token_hex(8))
        os.close(os.open(made._path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
        return made

    @classmethod
    def find(cls, folder: Path, name: str) -> Self:
        """Return an existing body. If its end was never recorded, the connection was lost.

        Raises:
            DamagedError: its file is missing or was changed.
        """
        made = cls(folder / name)
        try:
            status = made._path.stat()
        except OSError as error:
            raise DamagedError(f"{_lost(made._path)}: {error.strerror}. {_REMEDY}") from error
        if not stat.S_ISREG(status.st_mode):
            raise DamagedError(f"{_lost(made._path)}: {NOT_REGULAR}. {_REMEDY}")
        made._size = status.st_size
        made._settle(made._recorded_outcome())
        return made

    def _recorded_outcome(self) -> list[Entry] | wit.ErrorCode:
        try:
            text = read(self._end).decode()
        except FileNotFoundError:
            return wit.ErrorCodeConnectionTerminated()
        except (OSError, ValueError) as error:
            raise DamagedError(f"{_lost(self._end)}: {error}. {_REMEDY}") from error
        with undamaged(f"{self._end}: how the body of a response ended"):
            return _outcome(text)

    @property
    def _end(self) -> Path:
        return self._path.with_suffix(".end")

    @property
    def outcome(self) -> list[Entry] | wit.ErrorCode | None:
        """The trailers, or the reason why the body was cut off; None while neither is known."""
        return self._outcome

    def append(self, chunk: bytes, limit: int) -> None:
        """Append a chunk that has arrived.

        Raises:
            ErrorCode: the body exceeds the limit.
            OSError: there is no space on the disk.
        """
        size = self._size + len(chunk)
        if size > limit:
            raise wit.ErrorCodeHttpResponseBodySize(size)
        with self._path.open("ab", buffering=0) as file:
            file.write(chunk)
        with self._changed:
            self._size = size
            self._changed.notify_all()

    def end(self, outcome: list[Entry] | wit.ErrorCode) -> None:
        """Record the end: the trailers, or the reason why the body was cut off."""
        # Without this file the connection counts as lost, so it is written atomically.
        half = self._path.with_suffix(".half")
        with contextlib.suppress(OSError):
            half.write_text(_text(outcome))
            half.replace(self._end)
        self._settle(outcome)

    def _settle(self, outcome: list[Entry] | wit.ErrorCode) -> None:
        with self._changed:
            self._outcome = outcome
            self._changed.notify_all()
        self.over.set()

    def chunks(self) -> Iterator[bytes]:
        """Yield the content from the beginning, waiting for more until it ends.

        Raises:
            ErrorCode: it was cut off.
        """
        position = 0
        while self._wait_behind(position):
            with self._path.open("rb") as file:
                file.seek(position)
                chunk = file.read(min(_CHUNK, self._size - position))
            position += len(chunk)
            yield chunk
        if isinstance(self._outcome, wit.ErrorCode):
            raise self._outcome

    def _wait_behind(self, position: int) -> bool:
        """Wait for content after a position; return whether there is any."""
        with self._changed:
            self._changed.wait_for(lambda: self._size > position or self._outcome is not None)
            return self._size > position


def share_bodies(folder: Path, source: int, target: int) -> None:
    """Give a worker the response bodies of another worker whose oplog it was forked from."""
    theirs, own = folder / str(source), folder / str(target)
    for path in sorted(theirs.iterdir()) if theirs.is_dir() else []:
        own.mkdir(mode=0o700, parents=True, exist_ok=True)
        if not (own / path.name).exists():
            shutil.copyfile(path, own / path.name)


def _text(outcome: list[Entry] | wit.ErrorCode) -> str:
    if isinstance(outcome, list):
        return json.dumps([[name, value.decode("latin-1")] for name, value in outcome])
    name, payload = type(outcome).__name__, [outcome.value] if hasattr(outcome, "value") else []
    if not all(each is None or isinstance(each, (int, str)) for each in payload):
        name, payload = wit.ErrorCodeInternalError.__name__, [repr(outcome)]
    return json.dumps({name: payload})


def _outcome(text: str) -> list[Entry] | wit.ErrorCode:
    found: list[tuple[str, str]] | dict[str, list[Any]] = json.loads(text)
    if isinstance(found, list):
        return [(name, value.encode("latin-1")) for name, value in found]
    [(name, payload)] = found.items()
    made = getattr(wit, name)(*payload)
    if not isinstance(made, wit.ErrorCode):
        raise TypeError(f"{name!r:.40} is not an HTTP error")
    return made


def _lost(path: Path) -> str:
    return f"{path}: the body of a response, which replay reads, cannot be read"
