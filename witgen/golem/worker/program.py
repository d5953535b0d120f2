"""Components that workers run, with their exports by name."""

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
"""The namespace of component ids, which are derived from component names on this machine."""


def component_id(name: str) -> UUID:
    """Return the id of the component with a name."""
    return uuid5(_IDS, name)


class Program:
    """One version of a component.

    Args:
        path: the component's file.
        name: the component's name.

    Attributes:
        content: the component's bytes.
        world: the class of the component's world.

    Raises:
        WitgenError: the file is not a component.
        OSError: the file cannot be read.
    """

    def __init__(self, path: Path, name: str) -> None:
        self.world: type[World]
        self.world, self.content, _ = generated(path, world=world_name(f"{name}.wasm"))
        self.digest = hashlib.sha256(self.content).hexdigest()

    @property
    def exports(self) -> Exports:
        """The functions that can be called from outside."""
        return Exports(definition_of(self.world).exports)

    def find(self, name: str) -> Export:
        """Return a function by its full name, or an unambiguous part of it.

        Raises:
            WorkerError: there is none, or there are several.
        """
        return self.exports.find(name)

    def find_called(self, name: str) -> Export:
        """Return a function by name as other workers may call it; see `find`."""
        return self.exports.find_called(name)

    @property
    def has_snapshots(self) -> bool:
        """Return whether the component can save and load its state."""
        return None not in {self.lifecycle("save-snapshot"), self.lifecycle("load-snapshot")}

    def lifecycle(self, interface: str) -> Export | None:
        """Return the only function of an interface of `golem:api`, None if the component does not export it."""
        path = f"golem:api/{interface}"
        return next((each for each in self.exports if each.interface.partition("@")[0] == path), None)
