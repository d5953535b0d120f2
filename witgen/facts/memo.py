"""Answers about the types of a tree, each found once."""

from __future__ import annotations

from typing import Generic, TypeVar

from ..model import ir

__all__ = ["Memo"]

_Key = TypeVar("_Key")
_Answer = TypeVar("_Answer")


class Memo(Generic[_Key, _Answer]):
    """Remembers answers about the tree that was asked about last; trees are too large to be compared or hashed."""

    def __init__(self) -> None:
        self._last: tuple[ir.Resolve | None, dict[_Key, _Answer]] = (None, {})

    def of(self, resolve: ir.Resolve) -> dict[_Key, _Answer]:
        """Return the answers about `resolve` that are known, to be added to."""
        known, answers = self._last
        if known is not resolve:
            answers = {}
            self._last = (resolve, answers)
        return answers
