"""The memories of the adapters of one component instance."""

from __future__ import annotations

from collections.abc import Container
from typing import Final, TypeAlias

from ..adapters.calling.adapter_memory import AdapterMemory
from ..adapters.calling.bound_imports import INSIDE, announcing
from ..capi.engine import finds_memories
from ..convert.lists import AS_TEXT, PLAIN, Lists
from ..errors import LinkError
from ..store.handles import ResourceHandles
from ..store.store import Store
from .definition import Needs
from .store_linker import Place

__all__ = ["AdapterMemories"]

_Of: TypeAlias = tuple[str, str]
"""Which adapter: `import` or `export`, and the component's name of the interface."""

_INSIDE: Final[_Of] = ("", "")
"""The one adapter inside the component."""


class AdapterMemories:
    """Makes the memories, and defines the functions that adapters announce theirs to."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._memories: dict[_Of, AdapterMemory] = {}

    def define(self, root: Place, needs: Needs, handles: ResourceHandles) -> None:
        """Define the functions that the component imports for its adapters."""
        for of, function in (
            (_INSIDE, INSIDE),
            *((("import", name), announcing("import", name)) for name in needs.imports),
            *((("export", name), announcing("export", name)) for name in needs.exports.values()),
        ):
            if function.name in needs.adapters:
                if not finds_memories(self._store.engine):
                    raise LinkError("the component has adapters for another engine than this: open it again")
                broken = self._store._break  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]
                memory = self._memories[of] = AdapterMemory(self._store.context, broken)
                root.function(function.name, function, handles, memory.announce, None, lists=PLAIN)

    def prove(self) -> None:
        """Raise `EngineError` unless all were found. In a turn of the store: another thread may close it later."""
        for memory in self._memories.values():
            memory.prove()

    def lists(self, of: _Of, function: str, *, text: Container[str], direct: Container[str]) -> Lists:
        """Return how the lists of a function pass; those in neither `text` nor `direct` pass them plainly."""
        if function in direct:
            return Lists("direct", self._memories[_INSIDE if _INSIDE in self._memories else of])
        return AS_TEXT if function in text else PLAIN
