"""A `Resolve` as bytes, for the cache.

Spans refer to source files, which the reader has anyway: files are written as numbers. Reading makes only classes of
the IR, whatever the bytes contain.
"""

from __future__ import annotations

import io
import pickle
from collections.abc import Mapping, Sequence
from enum import Enum
from types import MappingProxyType
from typing import Any, NamedTuple

from ...base.frozen import fields
from ...base.source import SourceFile, Span
from ..model import ir

__all__ = ["Edit", "freeze", "thaw"]

_CLASSES: dict[tuple[str, str], type[Any]] = {
    (kind.__module__, kind.__name__): kind
    for kind in (Span, *vars(ir).values())
    if isinstance(kind, type) and kind.__module__ in (ir.__name__, Span.__module__)
}
_FIELDS = {kind: names for kind in _CLASSES.values() if (names := fields(kind)) is not None}


def freeze(resolve: ir.Resolve, files: Sequence[SourceFile]) -> bytes:
    """Return the bytes for `resolve`, whose spans lie in `files`."""
    buffer = io.BytesIO()
    _Freezer(buffer, {file.path: number for number, file in enumerate(files)}).dump(resolve)
    return buffer.getvalue()


class Edit(NamedTuple):
    """How the places in a file have moved since it was frozen, and its current documentation.

    `starts` and `ends` map the bounds of possible spans; `docs` is by the new start of the name of an item.
    """

    starts: Mapping[int, int]
    ends: Mapping[int, int]
    docs: Mapping[int, str | None]


def thaw(
    data: bytes, files: Sequence[SourceFile], edits: Mapping[SourceFile, Edit] = MappingProxyType({})
) -> ir.Resolve | None:
    """Return the frozen value, with spans in `files`, some of which were edited since.

    None if `freeze` did not make the bytes.
    """
    try:
        resolved = _Thawer(io.BytesIO(data), files, edits).load()
    except (pickle.UnpicklingError, ValueError, TypeError, LookupError, AttributeError, EOFError, RecursionError):
        return None
    return resolved if isinstance(resolved, ir.Resolve) else None


class _Freezer(pickle.Pickler):
    def __init__(self, buffer: io.BytesIO, numbers: dict[str, int]) -> None:
        super().__init__(buffer, protocol=5)
        self._numbers = numbers

    def persistent_id(self, obj: object) -> int | None:
        return self._numbers[obj.path] if isinstance(obj, SourceFile) else None

    def reducer_override(self, obj: object) -> Any:
        if isinstance(obj, Enum):  # CPython 3.11.2, which Debian 12 has, writes `getattr` and a name
            return type(obj), (obj.value,)
        # A call of the class is read back several times as fast as the state of a frozen dataclass.
        names = _FIELDS.get(type(obj))
        return NotImplemented if names is None else (type(obj), tuple([getattr(obj, name) for name in names]))


class _Thawer(pickle.Unpickler):
    def __init__(self, buffer: io.BytesIO, files: Sequence[SourceFile], edits: Mapping[SourceFile, Edit]) -> None:
        super().__init__(buffer)
        self._files = files
        self._edits = {id(file): edit for file, edit in edits.items()}

    def persistent_load(self, pid: int) -> SourceFile:
        return self._files[pid]

    def find_class(self, module_name: str, global_name: str) -> Any:
        kind = _CLASSES[module_name, global_name]
        if not self._edits:
            return kind
        return self._span if kind is Span else self._documented(kind)

    def _span(self, file: SourceFile, start: int, end: int) -> Span:
        edit = self._edits.get(id(file))
        return Span(file, start, end) if edit is None else Span(file, edit.starts[start], edit.ends[end])

    def _documented(self, kind: type[Any]) -> Any:
        """Return the constructor of a class whose documentation may have changed."""
        names = _FIELDS.get(kind, ())
        if not {"docs", "span"} <= {*names}:
            return kind
        docs, place = names.index("docs"), names.index("span")

        def make(*values: Any) -> Any:
            span: Span | None = values[place]
            edited = self._edits.get(id(span.file)) if span is not None else None
            if span is not None and edited is not None and span.start in edited.docs:
                text = edited.docs[span.start]
                values = (*values[:docs], None if text is None else ir.Docs(text), *values[docs + 1 :])
            return kind(*values)

        return make
