"""Common parts of all generated modules."""

from __future__ import annotations

from collections.abc import Sequence

from ...base.frozen import frozen
from ..facts.world import ScopeFacts, WorldFacts
from .imports import Imports, all_order

__all__ = ["Module", "module_view"]


@frozen
class Module:
    """The head of a generated module. `imports` is read when the template runs, after everything was collected."""

    source: str
    doc: str
    collected: Imports
    exported: Sequence[str]
    runtime: str | None = None

    @property
    def imports(self) -> list[str]:
        """The import statements."""
        return self.collected.lines(self.runtime)


def module_view(facts: WorldFacts, scope: ScopeFacts, *, doc: str, imports: Imports, exported: Sequence[str]) -> Module:
    """Return the head of a module that stands for `scope`."""
    source = f"{scope.title} (sha256:{facts.fingerprint(scope.owner)})"
    return Module(source, doc, imports, sorted(set(exported), key=all_order), facts.runtime)
