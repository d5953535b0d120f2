"""A world, as its guest modules see it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from .. import abi
from .exports import Export
from .imports import Importer
from .lifting import Handles, LiftingFunctions
from .lowering import LoweringFunctions
from .naming import camel
from .raw import OutsideComponentError, RawModules
from .resources import homes
from .serving import install
from .streams import maker, maker_name

__all__ = ["World"]


@dataclass(frozen=True)
class World:
    """The modules in which componentize-py puts a world's imports and exports, by instance name.

    `wrappers` are the generated modules that wrap resources, by instance name; they are siblings of the module `home`.
    """

    module: str
    imports: Mapping[str, str]
    exports: Mapping[str, str]
    wrappers: Mapping[str, str] = field(default_factory=dict[str, str])
    home: str = ""

    def __post_init__(self) -> None:
        package = self.home.rpartition(".")[0]
        homes.update((instance, f"{package}.{module}") for instance, module in self.wrappers.items())

    def importer(self, interface: abi.Interface, module: str) -> Importer:
        """Return the binder of an imported interface's functions, for the module `module`."""
        return Importer(self._raw(), interface, module)

    def maker(self, type_: abi.Stream | abi.Future) -> Callable[..., Any]:
        """Return a function that makes both ends of a stream or future."""
        raw = self._raw()
        try:
            make = raw.maker(maker_name(type_, raw.home))
        except OutsideComponentError as error:
            return partial(_refuse, str(error))
        return maker(type_, make, LiftingFunctions(raw, Handles()), LoweringFunctions(raw))

    def serve(self, module: str, *exports: Export) -> None:
        """Install the world's exports in the application module `module`.

        Raises:
            TypeError: implementations of WIT declarations are missing, or do not accept what they are called with; the
                message lists all of them.
        """
        install(self._raw(), camel(self.module.replace(".", "-").replace("_", "-")), module, exports)

    def _raw(self) -> RawModules:
        return RawModules(self.module, self.imports, self.exports)


def _refuse(message: str, *_: object) -> None:
    raise OutsideComponentError(message)
