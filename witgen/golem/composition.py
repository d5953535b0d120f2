"""The world of a component, with local services for the imports that its bindings leave to the host."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from types import SimpleNamespace, new_class
from typing import Final, cast

from witgen_runtime.host import Definition, Import, LinkError, World
from witgen_runtime.host.linking.versions import Versions
from witgen_runtime.host.signatures import expected
from witgen_runtime.host.world import definition_of

from ..base.resources import golem_releases_of
from ..loading.bindings import content_of, generated
from ..loading.implementations import complete, implementations
from ._bindings.host import Services as ServicesWorld
from .agents._bindings.host import AgentServices as AgentServicesWorld
from .agents.main._bindings.host import MainServices as MainServicesWorld
from .fitting import fitting_service
from .generations import of_generation

__all__ = ["AGENT_FIELD", "MAIN_FIELD", "Composition", "compose", "compose_world"]


def _service(item: Import) -> Import:
    # The services' bindings have classes to implement wasi:http with. Without an implementation it is wasmtime's.
    return replace(item, native=True) if item.name.startswith("wasi:http/") else item


_PACKAGE: Final = re.compile(r"([^/]+)/[^@]+(.*)")
"""The name of an interface: its package and its version."""

_SERVICES = {item.name: _service(item) for item in definition_of(ServicesWorld).imports}
_VERSIONS = Versions(_SERVICES)

AGENT_FIELD: Final = "{}_1_5"
"""The field of an implementation for Golem 1.5, by the attribute of the bindings: workers have the same interfaces."""

_AGENT_SERVICES = {
    item.name: replace(item, attribute=AGENT_FIELD.format(item.attribute))
    for item in definition_of(AgentServicesWorld).imports
    if item.name not in _SERVICES and not item.native
}
_AGENT_VERSIONS = Versions(_AGENT_SERVICES)

MAIN_FIELD: Final = "{}_main"
"""The field of an implementation for Golem's main branch, where that has other functions than Golem 1.5."""

_MAIN_ALONE: Final = {
    "golem:agent/host", "golem:core/types", "golem:durability/durability", "golem:quota/types",
    "wasi:clocks/monotonic-clock",
}  # fmt: skip
_MAIN_SERVICES = {
    item.name: replace(item, attribute=MAIN_FIELD.format(item.attribute))
    for item in definition_of(MainServicesWorld).imports
    if item.name.partition("@")[0] in _MAIN_ALONE
}
_WORKER_HOST: Final = "golem_api_host"
"""The field of an implementation that only executors have."""

_AGENT_HOST: Final = AGENT_FIELD.format("golem_agent_host")
_AGENT_RELEASE: Final = re.compile(r"golem:[^/]+/[^@]+@1\.(?:[5-9]|[1-9][0-9]+)\.")
"""The names of the interfaces of Golem 1.5 and later."""


class Composition:
    """A component that can be instantiated with local services.

    Attributes:
        world: the class of its world, whose definition has the services' imports.
        imports: an object with an attribute for each import.
        content: the component's bytes.
        served: the names of the imports that services implement.
    """

    def __init__(
        self, world: type[World], imports: SimpleNamespace, content: bytes, served: frozenset[str] = frozenset()
    ) -> None:
        self.world = world
        self.imports = imports
        self.content = content
        self.served = served

    @property
    def definition(self) -> Definition:
        """The definition of the world."""
        return definition_of(self.world)


def compose(
    component: str | os.PathLike[str] | bytes | type[World], services: Mapping[str, object], own: object = None
) -> Composition:
    """Build the world of a component, with services for its imports.

    Args:
        component: a path, the bytes of a component, or a class returned by `witgen.load`.
        services: implementations by their field of `ServicesImports`.
        own: implementations of the other imports, or replacements of services, as for `open` of a loaded world.

    Raises:
        WitgenError: the file is not a component.
    """
    if isinstance(component, type):
        return compose_world(component, content_of(component), services, own)
    world, content, _ = generated(component)
    return compose_world(world, content, services, own)


def compose_world(
    world: type[World], content: bytes, services: Mapping[str, object], own: object = None
) -> Composition:
    """Put a component's world together, whose class is known already; see `compose`.

    Raises:
        LinkError: the component imports interfaces of a release of Golem that does not run here.
    """
    definition = _with_native(definition_of(world))
    given = implementations(definition, own, {})
    imports = tuple(_chosen(item, services, given) for item in definition.imports)
    served: set[str] = set()
    for item in imports:
        # The version has to match, not only the Python name.
        service = _service_of(item)
        if service is not None and service.attribute in services and not hasattr(given, item.attribute):
            served_by = fitting_service(services[service.attribute], service.interface, item.interface)
            setattr(given, item.attribute, served_by)
            served.add(item.name)
    unserved = [item for item in imports if not (item.native or hasattr(given, item.attribute))]
    if _WORKER_HOST in services:
        # What only a cluster has fails where it is called.
        releases = {"1.5", "main"} if _AGENT_HOST in services else {"workers"}
        names = {item.name for item in unserved if releases & {*golem_releases_of(_PACKAGE.sub(r"\1\2", item.name))}}
        complete(replace(definition, imports=tuple(item for item in imports if item.name in names)), given)
        unserved = [item for item in unserved if item.name not in names]
    if _AGENT_HOST not in services:
        _refuse_other_releases(unserved)
    changed = replace(definition, imports=imports)
    members = {"_definition": changed, "__doc__": world.__doc__, "__module__": world.__module__}
    composed = new_class(world.__name__, (world,), exec_body=lambda body: body.update(members))
    return Composition(cast("type[World]", composed), given, content, frozenset(served))


def _with_native(definition: Definition) -> Definition:
    """Add the interfaces of wasmtime that functions of the services use, and that bindings may have left out."""
    present = Versions(item.name for item in definition.imports)
    taken = {item.attribute for item in definition.imports}
    more = (item for name, item in _SERVICES.items() if present.find(name) is None and item.native)
    return replace(definition, imports=(*definition.imports, *(_apart(item, taken) for item in more)))


def _refuse_other_releases(unserved: Iterable[Import]) -> None:
    """Raise if imports without an implementation are those of another release; the linker reports all others."""
    names = [item.name for item in unserved if item.interface.functions]
    packages = {_PACKAGE.sub(r"\1\2", name) for name in names}
    releases = [{*golem_releases_of(package)} for package in packages]
    known = [found for found in releases if found]
    common = sorted(set[str].intersection(*known)) if known else []
    if common and "workers" not in common:
        listed = "\n".join(f"  {name}" for name in sorted(names))
        raise LinkError(
            f"the component is for Golem {common[0]}, and what runs here is Golem with workers: build it with "
            f"`--golem workers`, or pass implementations of these imports\n{listed}"
        )


def _service_of(item: Import) -> Import | None:
    """Return the services' import that matches a component's: the same version, or else the newest compatible one."""
    if item.name in _MAIN_SERVICES and _is_of_main(item):
        return _MAIN_SERVICES[item.name]
    if item.name not in _SERVICES and _AGENT_RELEASE.match(item.name):
        known = _AGENT_VERSIONS.find(item.name)
        return None if known is None or _is_foreign(_AGENT_SERVICES[known], item) else _AGENT_SERVICES[known]
    known = _VERSIONS.find(item.name)
    return None if known is None else _SERVICES[known]


def _is_foreign(service: Import, item: Import) -> bool:
    """Return whether the main branch has functions of a service that nothing here implements: those of the oplog."""
    if service.name not in _AGENT_SERVICES or "main" not in golem_releases_of(_PACKAGE.sub(r"\1\2", item.name)):
        return False
    known = {each.name: each for each in of_generation(service, item).interface.functions}
    theirs = item.interface.functions
    return any(each.name not in known or expected(known[each.name]) != expected(each) for each in theirs)


def _is_of_main(item: Import) -> bool:
    """Return whether an import is the main branch's, which may have the version of Golem 1.5 and other functions."""
    known = _AGENT_SERVICES.get(item.name)
    names = set[str]() if known is None else {each.name for each in known.interface.functions}
    return known is None or not {each.name for each in item.interface.functions} <= names


def _apart(item: Import, taken: set[str]) -> Import:
    """Return an import under an attribute that no import of the component uses, not even for another version."""
    attribute = item.attribute
    while attribute in taken:
        attribute += "_"
    return item if attribute == item.attribute else replace(item, attribute=attribute)


def _chosen(item: Import, services: Mapping[str, object], given: SimpleNamespace) -> Import:
    """Return the services' import for the component's, unless an implementation of that was passed."""
    if hasattr(given, item.attribute):
        return item
    service = _service_of(item)
    if service is None or not (service.native or service.attribute in services):
        return item
    return service if service.native else of_generation(service, item)
