"""Components that workers run: their exports by name, and values on their way in and out."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Final
from uuid import UUID, uuid5

from witgen_runtime.host import World
from witgen_runtime.host.world import definition_of

from ...loading.bindings import generated
from ...wit.resolve.component import world_name
from .exports import Export, Exports

__all__ = ["Program", "component_id"]

_IDS: Final = UUID("5d7cc4a4-4d3e-5d0b-9d52-6f0a7f8a2c11")
"""The namespace of component ids: on this machine, a component is what its file is called."""


def component_id(name: str) -> UUID:
    """Return the id of the component of a name."""
    return uuid5(_IDS, name)


class Program:
    """One version of a component.

    Args:
        path: its file.
        name: what it is called.

    Attributes:
        content: the component's bytes.
        world: the class of its world.

    Raises:
        WitgenError: the file is not a component.
        OSError: it cannot be read.
    """

    def __init__(self, path: Path, name: str) -> None:
        self.world: type[World]
        self.world, self.content, _ = generated(path, world=world_name(f"{name}.wasm"))
        self.digest = hashlib.sha256(self.content).hexdigest()

    @property
    def exports(self) -> Exports:
        """All that can be called from outside."""
        return Exports(definition_of(self.world).exports)

    def find(self, name: str) -> Export:
        """Return the function of a name: in full, or as much of it as tells it apart.

        Raises:
            WorkerError: there is none, or there are several.
        """
        return self.exports.find(name)

    def find_called(self, name: str) -> Export:
        """Return the function of a name as other workers may call it; see `find`."""
        return self.exports.find_called(name)

    @property
    def has_snapshots(self) -> bool:
        """Tell whether the component saves its state and loads it again."""
        return None not in {self.lifecycle("save-snapshot"), self.lifecycle("load-snapshot")}

    def lifecycle(self, interface: str) -> Export | None:
        """Return the only function of an interface of `golem:api`, where the component exports it."""
        path = f"golem:api/{interface}"
        return next((each for each in self.exports if each.interface.partition("@")[0] == path), None)
