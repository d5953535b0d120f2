"""A component's world, with the local services in the places where its own bindings leave something to implement."""

# pyright: reportPrivateUsage=false
# ruff: noqa: SLF001
# What a world is made of has names with an underscore, because WIT may give its functions any other.

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import replace
from types import SimpleNamespace, new_class
from typing import Any, cast

from ..loading.bindings import generated
from ..loading.implementations import implementations
from ..runtime.host import Definition, Import, World
from ..runtime.host.versions import Versions
from .bindings.host import Services as ServicesWorld
from .generations import of_generation

__all__ = ["Composition", "compose"]


def _service(item: Import) -> Import:
    # Generated bindings leave wasi:http to the host; here it is wasmtime's, in stores that have it.
    return replace(item, native=True) if item.name.startswith("wasi:http/") else item


_SERVICES = {item.name: _service(item) for item in ServicesWorld._definition.imports}
_VERSIONS = Versions(_SERVICES)


class Composition:
    """A component that can be instantiated with local services.

    Attributes:
        world: the class of its world, whose definition has the services' imports.
        imports: an object with an attribute for each import.
        content: the component's bytes.
    """

    def __init__(self, world: type[World], imports: SimpleNamespace, content: bytes) -> None:
        self.world = world
        self.imports = imports
        self.content = content


def compose(
    component: str | os.PathLike[str] | bytes | type[World],
    services: Mapping[str, object],
    own: object = None,
) -> Composition:
    """Put a component's world together.

    Args:
        component: a path, the bytes of a component, or the class that `witgen.load` has made of one.
        services: implementations by their field of `ServicesImports`.
        own: implementations of the rest, or in place of services: as for the `open` of a loaded world.

    Raises:
        WitError: the file is not a component.
    """
    loaded: Any
    if isinstance(component, type):
        loaded, content = component, cast("Any", component)._content
    else:
        loaded, content, _ = generated(component)
    definition: Definition = loaded._definition
    given = implementations(definition, own, {})
    imports = tuple(_chosen(item, services, given) for item in definition.imports)
    for item in imports:
        if item.attribute in services and not hasattr(given, item.attribute):
            setattr(given, item.attribute, services[item.attribute])
    present = Versions(item.name for item in imports)
    # Of these, too, functions of the services speak, whatever the component itself mentions.
    more = tuple(item for name, item in _SERVICES.items() if present.find(name) is None and item.native)
    changed = replace(definition, imports=(*imports, *more))
    members = {"_definition": changed, "__doc__": loaded.__doc__, "__module__": loaded.__module__}
    world = new_class(loaded.__name__, (loaded,), exec_body=lambda body: body.update(members))
    return Composition(cast("type[World]", world), given, content)


def _chosen(item: Import, services: Mapping[str, object], given: SimpleNamespace) -> Import:
    """Return the services' import in place of the component's own, unless that has an implementation already."""
    if hasattr(given, item.attribute):
        return item
    known = _VERSIONS.find(item.name)
    service = _SERVICES[known] if known is not None else None
    if service is None or not (service.native or service.attribute in services):
        return item
    return service if service.native else of_generation(service, item)
