"""Answers to requests that no agent gets."""

from __future__ import annotations

from collections.abc import Sequence

from ..json_form import Json

__all__ = ["Problem"]


class Problem(Exception):  # noqa: N818 - what it becomes is an answer
    """A request that cannot be passed on, with the status of the answer."""

    def __init__(self, status: int, code: str, text: str, errors: Sequence[str] = ()) -> None:
        super().__init__(text)
        self.status = status
        self.code = code
        self.errors = errors

    @property
    def body(self) -> Json:
        """The answer's content."""
        if self.status == 400:
            return {"code": self.code, "errors": [str(self), *self.errors]}
        return {"code": self.code, "error": str(self)}
