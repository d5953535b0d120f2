"""Components that workers run, with their exports by name."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Final
from uuid import UUID, uuid5

from witgen_runtime import abi
from witgen_runtime.host import World
from witgen_runtime.host.world import definition_of

from ...loading.bindings import generated
from ...wit.resolve.component import world_name
from ..agents.definitions import AgentTypes
from ..agents.discovery import agents_of, exports_agents, guest_of, release_of
from ..agents.errors import AgentError
from .errors import WorkerError
from .exports import Export, Exports
from .main_exports import main_export

__all__ = ["Program", "component_id"]

_IDS: Final = UUID("5d7cc4a4-4d3e-5d0b-9d52-6f0a7f8a2c11")
"""The namespace of component ids, which are derived from component names on this machine."""


_NAMES: Final = 1000
"""The most names of functions that are remembered."""

_described: Final[dict[str, AgentTypes]] = {}
"""The agent types of the components of this process, by digest: a component always describes the same."""


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
        self.find_called: Callable[[str], Export] = lru_cache(_NAMES)(self._find_called)
        """Returns a function by name as other workers may call it; see `find`."""

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

    def _find_called(self, name: str) -> Export:
        if self.guest is not None and release_of(self.guest) == "main":
            found = main_export(self.guest, name, lambda: self.agents)
            if found is not None:
                return found
        return self.exports.find_called(name)

    @cached_property
    def guest(self) -> abi.Interface | None:
        """The interface of components with agents, None if it has none that run here."""
        return guest_of(self.world)

    @property
    def has_other_agents(self) -> bool:
        """Return whether it has agents of a release of Golem that does not run here."""
        return self.guest is None and exports_agents(self.world)

    @cached_property
    def agents(self) -> AgentTypes:
        """The agent types of the component, which is run to describe them.

        Raises:
            WorkerError: it has none, or fails to describe them.
        """
        if self.digest not in _described:
            try:
                _described[self.digest] = agents_of(self.world, self.content)
            except AgentError as error:
                raise WorkerError(str(error)) from None
        return _described[self.digest]

    @property
    def has_snapshots(self) -> bool:
        """Return whether the component can save and load its state."""
        return None not in {self.lifecycle("save-snapshot"), self.lifecycle("load-snapshot")}

    def lifecycle(self, interface: str) -> Export | None:
        """Return the only function of an interface of `golem:api`, None if the component does not export it."""
        path = f"golem:api/{interface}"
        return next((each for each in self.exports if each.interface.partition("@")[0] == path), None)
