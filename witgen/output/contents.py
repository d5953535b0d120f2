"""Everything an output folder shall hold."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import cached_property

from .lockfile import digest

__all__ = ["Output"]


class Output(Mapping[str, str]):
    """A mapping of paths relative to the output to texts, in the order of the paths.

    A digest may be known while the text is not: texts whose digest is cached are made when they are read, which is only
    if the file on disk differs.
    """

    def __init__(self, files: Mapping[str, str | None], digests: Mapping[str, str], make: Callable[[str], str]) -> None:
        self._texts = dict(sorted(files.items()))
        self._known = digests
        self._make = make

    @classmethod
    def of(cls, files: Mapping[str, str]) -> Output:
        """Return the output with these texts."""
        return cls(files, {}, files.__getitem__)

    def __getitem__(self, path: str) -> str:
        text = self._texts[path]
        if text is None:
            text = self._texts[path] = self._make(path)
        return text

    def __contains__(self, path: object) -> bool:
        return path in self._texts  # the inherited one would make the text

    def __iter__(self) -> Iterator[str]:
        return iter(self._texts)

    def __len__(self) -> int:
        return len(self._texts)

    @cached_property
    def digests(self) -> Mapping[str, str]:
        """The SHA-256 of each text."""
        return {path: self._known.get(path) or digest(self[path].encode()) for path in self._texts}
