"""Entry points for tools that test WIT resolvers."""

from __future__ import annotations

from collections.abc import Collection

from .wit.model.wit_json import Json, to_wit_json
from .wit.resolve import load

__all__ = ["resolve"]


def resolve(path: str, features: Collection[str]) -> dict[str, Json]:
    """Resolve the WIT at `path` and return the document that `wasm-tools component wit --json` prints.

    Raises `witgen.WitgenError`, which has `file`, `line`, `column` and `code`, to reject.
    """
    return to_wit_json(load(path, features=features))
