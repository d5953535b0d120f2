"""The options of one output."""

from __future__ import annotations

import os
from collections.abc import Collection, Mapping, Sequence
from types import MappingProxyType

from .base.frozen import frozen

__all__ = ["Config"]

_EMPTY: Mapping[str, str] = MappingProxyType({})


@frozen
class Config:
    """The options of one output.

    Attributes:
        wit: a folder with WIT (and `deps/`), one WIT file, or a component.
        world: the world's name; `ns:pkg/world[@version]` for one of another package; None for the only one. A component
            does not record its world's name: this names it; the default is the file's name.
        out: the output folder; None to write nothing.
        host: whether to write host bindings.
        guest: whether to write guest wrappers; those of a component only where `host` is off.
        features: `@unstable` features to turn on.
        all_features: turn on every `@unstable` feature.
        world_module: the name given to componentize-py's `--world-module`.
        full_names: whether componentize-py is given `--full-names`.
        import_names: componentize-py's names of imported interfaces (`ns:pkg/name@version` → name), as given to its
            `--import-interface-name`.
        export_names: the same of exported interfaces.
        names: module names by interface (`ns:pkg/interface`, with `@version` where the world has several), and class
            names by type (`ns:pkg/interface.type`) or by function, for an error that has no name.
        wasmtime: the packages (`ns:pkg`) and interfaces (`ns:pkg/interface`) whose host side wasmtime provides;
            None for all that it can.
        skip: imported interfaces (`ns:pkg/interface`) to leave out.
        adapters: the default adapters of host bindings: `auto`, `bytes` or `off`.
        numbers: what lists of numbers come as in host bindings: `list`, `array` (`array.array`) or `numpy`; or a
            mapping of these by interface (`ns:pkg/interface`) and world (`ns:pkg/world`), lists elsewhere.
        all_imports: keep those imports of a component that wasmtime provides and that no other function mentions.
        force: overwrite files that a person edited or made.
        golem: resolve missing packages from the bundled WIT of a release of Golem: `1.5`, `main` or `workers`; True
            is `workers`.
        reuse: packages that witgen generated before, by import name, or as `name=folder`: equal
            definitions of interfaces are imported from there, and so is the runtime.
        runtime: `copy` for a copy of the runtime in the output, or the import name of one; None for `witgen_runtime`,
            or for that of the reused packages.
    """

    wit: str | os.PathLike[str]
    world: str | None = None
    out: str | os.PathLike[str] | None = None
    host: bool = True
    guest: bool = True
    features: Collection[str] = ()
    all_features: bool = False
    world_module: str = "wit_world"
    full_names: bool = False
    import_names: Mapping[str, str] = _EMPTY
    export_names: Mapping[str, str] = _EMPTY
    names: Mapping[str, str] = _EMPTY
    wasmtime: Collection[str] | None = None
    skip: Sequence[str] = ()
    adapters: str = "auto"
    numbers: str | Mapping[str, str] = "list"
    all_imports: bool = False
    force: bool = False
    golem: str | bool = False
    reuse: Sequence[str] = ()
    runtime: str | None = None
