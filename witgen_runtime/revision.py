"""The agreement between generated code and the runtime: a number that both have to know."""

from __future__ import annotations

from .version import VERSION

__all__ = ["REVISION", "require"]

REVISION = 2
"""Grows with each change of the runtime that code generated before cannot live with, and the other way round."""


def require(revision: int, bindings: str) -> None:
    """Make sure that bindings were generated for this runtime.

    Args:
        revision: the revision that they need.
        bindings: the import name of their package.

    Raises:
        ImportError: it is another one.
    """
    if revision == REVISION:
        return
    runtime = __name__.rpartition(".")[0]
    remedy = (
        "install the witgen that generated them"
        if revision > REVISION
        else "run `witgen generate` again with the installed witgen"
    )
    raise ImportError(
        f"the bindings in {bindings} need revision {revision} of {runtime}, and witgen {VERSION} has revision"
        f" {REVISION}: {remedy}",
        name=bindings,
    )
