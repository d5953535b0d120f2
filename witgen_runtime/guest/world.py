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
    """Where componentize-py puts what the world imports and exports: instance name → module.

    `wrappers` are the generated modules that wrap resources, by instance name; they stand beside the module `home`.
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
        """Return what binds the functions of an imported interface, for the module `module`."""
        return Importer(self._raw(), interface, module)

    def maker(self, type_: abi.Stream | abi.Future) -> Callable[..., Any]:
        """Return what makes both ends of a stream or future."""
        raw = self._raw()
        try:
            make = raw.maker(maker_name(type_, raw.home))
        except OutsideComponentError as error:
            return partial(_refuse, str(error))
        return maker(type_, make, LiftingFunctions(raw, Handles()), LoweringFunctions(raw))

    def serve(self, module: str, *exports: Export) -> None:
        """Install what the world exports into the application module `module`.

        Raises:
            TypeError: something that WIT declares is missing; everything missing is named.
        """
        install(self._raw(), camel(self.module.replace(".", "-").replace("_", "-")), module, exports)

    def _raw(self) -> RawModules:
        return RawModules(self.module, self.imports, self.exports)


def _refuse(message: str, *_: object) -> None:
    raise OutsideComponentError(message)
