"""Names of the classes in host modules: those of a scope itself, and its async base classes."""

from __future__ import annotations

from collections.abc import Mapping

from ...base.frozen import frozen
from ...wit.model import ir
from ..facts.memo import Memo
from ..facts.names import Namespace, class_name
from ..facts.world import ScopeFacts, WorldFacts

__all__ = ["HostNames", "host_names"]


@frozen
class HostNames:
    """Names in one host module; none of them is the name of a type in the scope.

    `own` stands for the interface or the world, `async_class` for the same in the asyncio API. `twins` are the classes
    of the scope's resources whose methods are `async def`. The containers of imports are a world's only.
    """

    own: str
    async_class: str
    twins: Mapping[ir.TypeId, str]
    container: str = ""
    async_container: str = ""


_KNOWN: Memo[ir.TypeOwner, HostNames] = Memo()


def host_names(facts: WorldFacts, scope: ScopeFacts) -> HostNames:
    """Return the names of a scope's host module."""
    known = _KNOWN.of(facts)
    if scope.owner not in known:
        known[scope.owner] = _host_names(facts, scope)
    return known[scope.owner]


def _host_names(facts: WorldFacts, scope: ScopeFacts) -> HostNames:
    names = Namespace(fact.name for fact in scope.types.values())
    container = async_container = ""
    if scope.owner.interface is None:
        own = names.take(facts.name)
        container = names.take(own + "Imports")
    else:
        interface = facts.resolve.interfaces[scope.owner.interface]
        wanted = class_name(interface.name or scope.instance)
        own = names.take(wanted + "Interface" if wanted in names else wanted)
    async_class = names.take(f"Async{own}")
    if container:
        async_container = names.take(f"Async{container}")
    resources = ((id, fact) for id, fact in scope.types.items() if facts.resource_of(id) == id)
    twins = {id: names.take(f"Async{fact.name}") for id, fact in resources}
    return HostNames(own, async_class, twins, container, async_container)
