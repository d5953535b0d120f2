"""Answers about a tree or a world, each found once."""

from __future__ import annotations

from typing import Generic, TypeVar

__all__ = ["Memo"]

_Key = TypeVar("_Key")
_Answer = TypeVar("_Answer")


class Memo(Generic[_Key, _Answer]):
    """Remembers answers about the tree or world that was asked about last; they are too large to be hashed."""

    def __init__(self) -> None:
        self._last: tuple[object, dict[_Key, _Answer]] = (None, {})

    def of(self, tree: object) -> dict[_Key, _Answer]:
        """Return the answers about `tree` that are known, to be added to."""
        known, answers = self._last
        if known is not tree:
            answers = {}
            self._last = (tree, answers)
        return answers
